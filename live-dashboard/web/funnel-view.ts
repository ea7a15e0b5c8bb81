import type { EntryWindow, FunnelFrame, Money } from '../frames.ts';
import { byId, element, setAttribute, setText, setTextOf } from './dom.ts';
import { duration, integer, money, share } from './format.ts';
import { everyoneIsYounger, type FunnelRow, funnelFigures } from './funnel-figures.ts';
import { lettersAddress } from './letters-address.ts';
import { createReasonOrder } from './reason-order.ts';
import type { LiveState } from './state.ts';
import { startSteps } from './step-focus.ts';

const SVG = 'http://www.w3.org/2000/svg';

interface StepRow {
  readonly element: HTMLElement;
  set(value: string, text: string): void;
  readonly bar: SVGSVGElement;
}

let steps: readonly StepRow[] = [];
let stepsOf = '';
const arrangeReasons = createReasonOrder();

/** The four figures, the matrix and the dead letters of one funnel and window. */
export function showFunnel(state: LiveState, funnel: FunnelFrame, window: EntryWindow): void {
  const figures = funnelFigures(funnel, window);
  const { rows } = figures;
  const first = rows[0]?.label ?? '';
  const last = rows.at(-1)?.label ?? '';

  setTextOf('conversion', share(figures.converted, figures.entered));
  setTextOf('conversion-of', `${first} → ${last}${figures.stillInTime > 0 ? ', so far' : ''}`);
  setTextOf('conversion-counts', `${integer(figures.converted)} of ${integer(figures.entered)}`);
  setTextOf('in-time', share(figures.stillInTime, figures.entered));
  setTextOf('in-time-count', `${integer(figures.stillInTime)} can still convert`);
  showLoss(rows, figures.biggestLoss, nobodyDropped(state, funnel, window, figures.entered));
  showOrders(state, window);

  makeRows(funnel);
  for (const [index, row] of rows.entries()) {
    const view = steps[index];
    if (view !== undefined) showStep(view, row, index, figures.entered, figures.biggestLoss?.step === index);
  }
  showDeadLetters(state, window);
}

function showLoss(
  rows: readonly FunnelRow[],
  loss: { readonly step: number; readonly dropped: number } | undefined,
  why: string,
): void {
  byId('loss-swatch').classList.toggle('worst', loss !== undefined);
  if (loss === undefined) {
    setTextOf('loss', 'None yet');
    setTextOf('loss-count', why);
    return;
  }
  setTextOf('loss', `${rows[loss.step - 1]?.label ?? ''} → ${rows[loss.step]?.label ?? ''}`);
  setTextOf('loss-count', `${integer(loss.dropped)} dropped`);
}

/** Why there is no biggest loss. */
function nobodyDropped(state: LiveState, funnel: FunnelFrame, window: EntryWindow, entered: number): string {
  if (entered === 0) return 'nobody entered';
  return everyoneIsYounger(funnel, window, state.now)
    ? `all entered less than ${duration(funnel.windowSeconds).replace(/ 00[ms]$/, '')} ago`
    : 'nobody dropped';
}

function showOrders(state: LiveState, window: EntryWindow): void {
  const { orders, revenue, unattributed } = state.orders[window];
  // The shop's own currency leads; others stand in the line below, since a second one would break the large figure.
  const [first = { currency: 'LKR', amount: 0 }, ...others] = shopFirst(revenue);
  const told = others.map(({ currency, amount }) => `and ${money(currency, amount)}`);
  setTextOf('revenue', money(first.currency, first.amount));
  setTextOf('orders', [`${integer(orders)} ${orders === 1 ? 'order' : 'orders'}`, ...told].join(', '));
  setTextOf('outside', `${integer(unattributed)} outside the funnel`);
}

const shopFirst = (revenue: readonly Money[]): readonly Money[] =>
  [...revenue].sort((a, b) => Number(b.currency === 'LKR') - Number(a.currency === 'LKR'));

function showDeadLetters(state: LiveState, window: EntryWindow): void {
  const { deadLetters, deadLettersByReason } = state.counters[window];
  setTextOf('dead-letters', integer(deadLetters));
  byId('dead-letters').classList.toggle('loss', deadLetters > 0);
  const parts = arrangeReasons(deadLettersByReason, window);
  const text = parts.map(({ reason, count }) => `${count}\t${reason}`).join('\n');
  const place = byId('reasons');
  if (place.dataset.shown === text) return;
  place.dataset.shown = text;
  place.replaceChildren(
    ...parts.map(({ reason, count }) =>
      element(
        'span',
        { 'data-reason': reason, title: reason },
        element('b', {}, integer(count)),
        ' ',
        reason === 'other' ? reason : element('a', { href: lettersAddress({ reason }) }, reason),
      ),
    ),
  );
}

function makeRows(funnel: FunnelFrame): void {
  const key = JSON.stringify([funnel.name, funnel.steps]);
  if (key === stepsOf) return;
  stepsOf = key;
  steps = funnel.steps.map((step, index) =>
    stepRow(step.label, step.rule, index, funnel.steps[index - 1]?.label),
  );
  const hadFocus = byId('steps').contains(document.activeElement);
  byId('steps').replaceChildren(...steps.map((step) => step.element));
  startSteps(hadFocus);
}

function stepRow(label: string, rule: string, index: number, before: string | undefined): StepRow {
  const values = new Map<string, HTMLElement>();
  const value = (name: string, classes = ''): HTMLElement => {
    const made = element('span', { 'data-value': name, class: classes });
    values.set(name, made);
    return made;
  };
  const bar = document.createElementNS(SVG, 'svg');
  bar.setAttribute('role', 'img');
  bar.setAttribute('shape-rendering', 'crispEdges');
  for (const part of ['c', 't', 'd']) {
    const rect = document.createElementNS(SVG, 'rect');
    rect.setAttribute('class', part);
    rect.setAttribute('height', '100%');
    bar.append(rect);
  }
  const median = element('button', {
    type: 'button',
    class: 'def',
    'data-def': 'median',
    'data-value': 'median',
  });
  values.set('median', median);
  const cell = (classes: string, ...children: (Node | string)[]) =>
    element('div', { class: classes, role: 'cell' }, ...children);
  const swatch = (kind: string) => element('i', { class: `sw ${kind}`, 'aria-hidden': 'true' });
  const small = (...children: (Node | string)[]) => element('span', { class: 'ml' }, ...children);

  const row = element(
    'div',
    { class: index === 0 ? 'fr st first' : 'fr st', role: 'row', 'data-step': String(index + 1) },
    element(
      'div',
      { class: 'a-name', role: 'rowheader' },
      element(
        'div',
        { class: 'name' },
        element('span', { class: 'ix', 'aria-hidden': 'true' }, String(index + 1)),
        element(
          'button',
          {
            class: 'pick',
            type: 'button',
            'data-pick': String(index + 1),
            tabindex: index === 0 ? '0' : '-1',
          },
          label,
        ),
      ),
      element('div', { class: 'rule' }, rule),
    ),
    cell(
      'a-sess r',
      element('div', { class: 'v k num' }, value('sessions')),
      element('div', { class: 'p' }, value('share')),
    ),
    cell('a-bar bar', bar),
  );
  if (index === 0) row.append(cell('a-conv none'), cell('a-time none'), cell('a-drop none'));
  else {
    row.append(
      cell(
        'a-conv r',
        element('div', { class: 'v k num' }, value('fell', 'tag loss fell'), value('rate')),
        element('div', { class: 'p' }, small(`from ${before ?? ''}, `), median),
      ),
      cell(
        'a-time r',
        element('div', { class: 'v q num' }, value('still-in-time')),
        element('div', { class: 'p' }, small(swatch('t'), ' in time '), value('still-in-time-share')),
      ),
      cell(
        'a-drop r',
        element('div', { class: 'v q num' }, value('dropped')),
        element(
          'div',
          { class: 'p' },
          small(swatch('d'), ' dropped '),
          value('biggest', 'tag loss big'),
          value('dropped-share'),
        ),
      ),
    );
  }
  row.append(cell('a-lane lane'));
  return {
    element: row,
    bar,
    set(name, text) {
      const found = values.get(name);
      if (found !== undefined) setText(found, text);
    },
  };
}

function showStep(view: StepRow, row: FunnelRow, index: number, entered: number, biggest: boolean): void {
  const { counts, before } = row;
  view.set('sessions', integer(counts.sessions));
  view.set('share', share(counts.sessions, entered));
  view.set('rate', share(counts.sessions, before));
  view.set('median', duration(counts.medianSeconds));
  view.set('still-in-time', integer(counts.stillInTime));
  view.set('still-in-time-share', share(counts.stillInTime, before));
  view.set('dropped', integer(counts.dropped));
  view.set('dropped-share', share(counts.dropped, before));
  view.set('biggest', biggest ? 'biggest' : '');
  view.element.classList.toggle('biggest', biggest);
  if (counts.p90Seconds !== null) {
    const place = view.element.querySelector('[data-value="median"]');
    const times = `median ${duration(counts.medianSeconds)}, 90% within ${duration(counts.p90Seconds)}, of those who went on`;
    if (place !== null) setAttribute(place, 'data-text', times);
  }

  const parts = [counts.sessions, counts.stillInTime, counts.dropped];
  let x = 0;
  for (const [part, count] of parts.entries()) {
    const rect = view.bar.children[part];
    const width = entered > 0 ? (count / entered) * 100 : 0;
    if (rect !== undefined) {
      setAttribute(rect, 'x', `${x.toFixed(3)}%`);
      setAttribute(rect, 'width', `${width.toFixed(3)}%`);
    }
    x += width;
  }
  const told =
    index === 0
      ? `${integer(counts.sessions)} entered`
      : `${integer(counts.sessions)} went on, ${integer(counts.stillInTime)} still in time, ${integer(counts.dropped)} dropped, of ${integer(before)}`;
  setAttribute(view.bar, 'aria-label', told);
}

/** The tag beside the rate of a step (from 0) that fell; undefined: none did. */
export function markFallen(fallen: number | undefined): void {
  for (const [index, step] of steps.entries()) step.set('fell', index === fallen ? 'fell' : '');
}

/** 1 h, 30 min, 90 s: a setting, not a measurement */
export function shortDuration(seconds: number): string {
  if (seconds % 3600 === 0) return `${seconds / 3600} h`;
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}
