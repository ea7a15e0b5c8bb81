import type { EntryWindow } from '../frames.ts';
import { setTextOf } from './dom.ts';
import { createEvents } from './events-view.ts';
import { age, integer, milliseconds } from './format.ts';
import { createSourceChart } from './source-chart.ts';
import { sourceName } from './source-names.ts';
import { createSourceRows } from './source-rows.ts';
import type { LiveState } from './state.ts';
import { createTypes } from './types-view.ts';

export { sourceName };

const types = createTypes();
const sourceChart = createSourceChart();
const showSourceRows = createSourceRows();
const events = createEvents();

/** The age of the newest event: it grows on whether or not anything is heard. `now` is the server's. */
export function showNewest(state: LiveState, now: number): void {
  const newest = state.newestEvent;
  setTextOf('newest-event', newest === null ? '–' : `${age(now - newest)} ago`);
}

/** Rates and how far each source is behind, at `now` of the server. */
export function showRates(state: LiveState, window: EntryWindow, now: number): void {
  types.show(state, now);
  sourceChart.show(state, now);
  showSourceRows(state, window, now);
}

/** For a change of theme: every chart of rates once, in other colours. */
export function redrawRates(): void {
  types.redraw();
  sourceChart.redraw();
}

/** The strip below the funnel, and the last events. */
export function showOperations(state: LiveState, window: EntryWindow): void {
  const counters = state.counters[window];
  setTextOf('commit-p95', state.commitP95 === null ? '–' : `${milliseconds(state.commitP95)} ms`);
  setTextOf('queue-depth', integer(state.queueDepth));
  setTextOf('natural', integer(counters.natural));
  setTextOf('synthetic', integer(counters.synthetic));
  setTextOf('late', integer(counters.late));
  setTextOf('unattributed', integer(state.orders[window].unattributed));
  setTextOf('bots', integer(counters.bots));
  events.show(state.recent);
}
