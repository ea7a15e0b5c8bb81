import { byId, setAttribute } from './dom.ts';
import type { TrendChoice } from './state.ts';

/** The steps are one stop of the Tab key; J, K and arrows go from one to the next (a roving tab stop). */
const buttons = (): readonly HTMLElement[] => [
  ...byId('steps').querySelectorAll<HTMLElement>('button[data-pick]'),
];

/** To be called when the rows were made anew; the focus that the old ones had goes to the first. */
export function startSteps(hadFocus: boolean): void {
  if (hadFocus) buttons()[0]?.focus();
}

/** Enters the steps at the first (or, backwards, the last), then goes one on and stops at the ends. */
export function moveStep(by: 1 | -1): void {
  const all = buttons();
  const { activeElement } = document;
  const at = activeElement instanceof HTMLElement ? all.indexOf(activeElement) : -1;
  const entered = by === 1 ? 0 : all.length - 1;
  const next = at < 0 ? entered : Math.max(0, Math.min(all.length - 1, at + by));
  hold(all, next);
  all[next]?.focus();
}

function hold(all: readonly HTMLElement[], index: number): void {
  for (const [i, button] of all.entries()) setAttribute(button, 'tabindex', i === index ? '0' : '-1');
}

/** A step shows itself in the trend: the first the whole funnel, every other the way to it. */
export function startPicking(choose: (trend: TrendChoice) => void): void {
  byId('steps').addEventListener('click', (event) => {
    if (!(event.target instanceof Element)) return;
    const button = event.target.closest<HTMLElement>('button[data-pick]');
    if (button === null) return;
    const step = Number(button.dataset.pick);
    hold(buttons(), step - 1);
    choose(step === 1 ? 'all' : step - 1);
  });
}

/** Says which step the trend shows. */
export function markPicked(trend: TrendChoice): void {
  const picked = trend === 'all' ? 1 : trend + 1;
  for (const [index, button] of buttons().entries()) {
    setAttribute(button, 'aria-pressed', String(index + 1 === picked));
  }
}
