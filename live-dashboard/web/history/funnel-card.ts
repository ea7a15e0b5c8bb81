import { element } from '../dom.ts';
import { integer, share } from '../format.ts';
import { goldAddress } from './api.ts';
import { type Day, longDay } from './days.ts';
import { card, nothing, rowsLink, separator, stepBar } from './parts.ts';
import type { StepRow } from './rows.ts';

/** The funnel of one day, in steps: how many reached each, and where most were lost. */
export function funnelCard(
  day: Day | undefined,
  today: Day,
  rows: readonly StepRow[],
  complete: boolean,
): HTMLElement {
  const steps = rows.filter((row) => row.funnel_date === day).sort((a, b) => a.step_order - b.step_order);
  const first = steps[0];
  if (day === undefined || first === undefined) {
    const title = 'Funnel of the last complete day';
    return card({ id: 'day-funnel', title, body: [nothing('no complete day in these days')] });
  }
  const most = Math.max(...steps.map(({ dropped }) => dropped));
  const lines = steps.map((step, index) => {
    const before = index === 0 ? step : (steps[index - 1] ?? step);
    const all = first.sessions || 1;
    const bar = stepBar({
      wentOn: step.sessions / all,
      inTime: step.still_in_time / all,
      dropped: step.dropped / all,
      worst: step.dropped > 0 && step.dropped === most,
      text: `${integer(step.sessions)} went on, ${integer(step.still_in_time)} still in time, ${integer(step.dropped)} dropped, of ${integer(before.sessions)}`,
    });
    return element(
      'div',
      { class: 'fx', role: 'row', 'data-step': String(step.step_order) },
      element('b', { role: 'rowheader' }, step.funnel_step),
      element('div', { role: 'cell' }, bar),
      element('b', { class: 'r', role: 'cell', 'data-value': 'sessions' }, integer(step.sessions)),
      element(
        'span',
        { class: 'r p', role: 'cell', 'data-value': 'of-before' },
        index === 0 ? '' : share(step.sessions, before.sessions),
      ),
    );
  });
  const heading = element(
    'div',
    { class: 'fxh', role: 'row' },
    element('span', { role: 'columnheader' }, 'Step'),
    element('span', { role: 'columnheader' }, element('span', { class: 'vh' }, 'Share of the first step')),
    element('span', { role: 'columnheader', class: 'r' }, 'Sessions'),
    element('span', { role: 'columnheader', class: 'r' }, 'of before'),
  );
  const title = `Funnel of ${longDay(day, today)}`;
  return card({
    id: 'day-funnel',
    title,
    aside: [
      complete ? 'complete day' : 'so far',
      separator(),
      rowsLink(goldAddress('conversion_funnel', { from: day, to: day }), title),
    ],
    body: [element('div', { role: 'table', 'aria-label': title }, heading, ...lines)],
  });
}
