import type { EntryWindow, WindowCounters } from '../frames.ts';
import { byId, createRows } from './dom.ts';
import { age, integer, rate } from './format.ts';
import { lastMinuteRate } from './rates.ts';
import { sourceName, stackOrder } from './source-names.ts';
import type { LiveState } from './state.ts';

/** The table under the stack, in the order of the stack, and the sum of all. */
export function createSourceRows() {
  const body = byId<HTMLTableElement>('sources').tBodies[0];
  if (body === undefined) throw new Error('#sources has no body');
  const showRows = createRows(body, 'source', [
    'source',
    'per-second',
    'behind',
    'late',
    'duplicates',
    'dead-letters',
  ]);
  return (state: LiveState, window: EntryWindow, now: number): void =>
    showRows([
      ...stackOrder.map((source) => sourceLine(state, source, window, now)),
      allLine(state, window, now),
    ]);
}

function sourceLine(state: LiveState, source: string, window: EntryWindow, now: number) {
  const counts = state.counters[window].bySource.find((one) => one.source === source);
  const watermark = state.sources.find((one) => one.source === source)?.watermark ?? null;
  const perSecond = lastMinuteRate(state.rates, state.rates.bySource, source, now);
  return {
    key: source,
    cells: [
      sourceName(source),
      rate(perSecond),
      watermark === null || perSecond === 0 ? 'idle' : age(now - watermark),
      integer(counts?.late ?? 0),
      integer(duplicates(counts)),
      integer(counts?.deadLetters ?? 0),
    ],
  };
}

/** null: only the processes that take events in know how many came twice */
function duplicates(counts: Pick<WindowCounters, 'natural' | 'synthetic'> | undefined): number | null {
  if (counts === undefined) return 0;
  return counts.natural === null ? null : counts.natural + counts.synthetic;
}

function allLine(state: LiveState, window: EntryWindow, now: number) {
  const counters = state.counters[window];
  const perSecond = Object.keys(state.rates.bySource).reduce(
    (sum, name) => sum + lastMinuteRate(state.rates, state.rates.bySource, name, now),
    0,
  );
  return {
    key: 'all',
    cells: [
      'All',
      rate(perSecond),
      '',
      integer(counters.late),
      integer(duplicates(counters)),
      integer(counters.deadLetters),
    ],
  };
}
