import type { FunnelFrame } from '../frames.ts';
import { byId, element } from './dom.ts';
import { wayOf } from './entry-content.ts';
import { check, radios } from './radio-group.ts';
import { type TrendChoice, trendChoice, trendEnds } from './state.ts';

/** Funnels of more steps get a list instead of a row of buttons. */
const MOST_BUTTONS = 4;

/** Which way of the funnel the trend card draws: the whole of it, or from one step to the next. */
export function createTrendChoice(choose: (trend: TrendChoice) => void) {
  const place = byId('trend-choice');
  let made = '';

  function make(funnel: FunnelFrame): void {
    const steps = funnel.steps.length;
    const key = JSON.stringify([funnel.name, funnel.steps.map(({ label }) => label)]);
    if (key === made) return;
    made = key;
    // of two steps the whole is the only way
    const trends: readonly TrendChoice[] =
      steps <= 2 ? ['all'] : ['all', ...funnel.steps.slice(1).map((_, i) => i + 1)];
    const items = trends.map((trend) => [String(trend), wayOf(funnel, trendEnds(trend, steps))] as const);
    if (steps > MOST_BUTTONS) {
      const options = items.map(([value, label]) => element('option', { value }, label));
      place.replaceChildren(element('select', { class: 'sel', 'aria-label': 'Trend of' }, ...options));
      return;
    }
    const group = element('fieldset', { class: 'seg' }, element('legend', { class: 'vh' }, 'Trend of'));
    radios(group, 'trend', items);
    place.replaceChildren(group);
  }

  place.addEventListener('change', ({ target }) => {
    if (!(target instanceof HTMLInputElement || target instanceof HTMLSelectElement)) return;
    const known = trendChoice(target.value, Number.POSITIVE_INFINITY);
    if (known !== undefined) choose(known);
  });

  return function show(funnel: FunnelFrame, picked: TrendChoice): void {
    make(funnel);
    const select = place.querySelector('select');
    // `1` of two steps is the whole as well
    const value = funnel.steps.length <= 2 ? 'all' : String(picked);
    if (select === null) check(place, value);
    else if (select.value !== value) select.value = value;
  };
}
