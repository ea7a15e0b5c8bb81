import type { StoredEvent } from '../../sinks/warehouse.ts';
import type { EntryWindow, RecentEvent, SourceState } from '../frames.ts';
import { byId, createRows, setTextOf } from './dom.ts';
import { age, clock, integer, milliseconds, rate } from './format.ts';
import { activeNames, lastMinuteRate } from './rates.ts';
import type { LiveState } from './state.ts';

/** Rows stand in this order for ever; a type that did not come in 15 minutes has none. */
const typeOrder: readonly StoredEvent['canonical_type'][] = [
  'page_view',
  'click',
  'scroll',
  'search',
  'form_interaction',
  'add_to_cart',
  'begin_checkout',
  'order_created',
  'order_paid',
  'order_cancelled',
  'order_status',
  'payment_pending',
  'payment_not_required',
  'payment_failed',
  'refunded',
  'review_created',
  'review_updated',
  'review_deleted',
  'other',
];

const sourceNames: Readonly<Record<string, string>> = {
  tracking: 'Tracking',
  collector: 'Collector',
  rabbitmq: 'RabbitMQ',
  replay: 'Replay',
};
export const sourceName = (source: string): string => sourceNames[source] ?? source;

const bodyOf = (id: string): HTMLElement => {
  const body = byId(id).querySelector('tbody');
  if (body === null) throw new Error(`#${id} is no table`);
  return body;
};

const showTypes = createRows(bodyOf('types'), 'type', ['type', 'per-second']);
const showSources = createRows(bodyOf('sources'), 'source', [
  'source',
  'per-second',
  'behind',
  'late',
  'duplicates',
  'dead-letters',
]);
const showEvents = createRows(bodyOf('events'), 'event', ['at', 'source', 'type', 'session', 'outcome']);

/** The age of the newest event: it grows on whether or not anything is heard. `now` is the server's. */
export function showNewest(state: LiveState, now: number): void {
  const newest = state.newestEvent;
  setTextOf('newest-event', newest === null ? '–' : `${age(now - newest)} ago`);
}

/** Rates and how far each source is behind, at `now` of the server. */
export function showRates(state: LiveState, window: EntryWindow, now: number): void {
  showTypes(
    typeOrder
      .filter((type) => activeNames(state.rates, state.rates.byType, now).includes(type))
      .map((type) => ({
        key: type,
        cells: [type, rate(lastMinuteRate(state.rates, state.rates.byType, type, now))],
      })),
  );
  showSources([
    ...state.sources.map((source) => sourceLine(state, source, window, now)),
    allLine(state, window, now),
  ]);
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
  showEvents(state.recent.map((event) => ({ key: String(event.n), cells: eventCells(event) })));
}

function sourceLine(state: LiveState, source: SourceState, window: EntryWindow, now: number) {
  const counts = state.counters[window].bySource.find((one) => one.source === source.source);
  const perSecond = lastMinuteRate(state.rates, state.rates.bySource, source.source, now);
  const behind = source.watermark === null || perSecond === 0 ? 'idle' : age(now - source.watermark);
  return {
    key: source.source,
    cells: [
      sourceName(source.source),
      rate(perSecond),
      behind,
      integer(counts?.late ?? 0),
      integer((counts?.natural ?? 0) + (counts?.synthetic ?? 0)),
      integer(counts?.deadLetters ?? 0),
    ],
  };
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
      integer(counters.natural + counters.synthetic),
      integer(counters.deadLetters),
    ],
  };
}

const eventCells = (event: RecentEvent): readonly string[] => [
  clock(event.at),
  sourceName(event.source),
  event.type,
  event.sessionId ?? '–',
  event.reason === null ? event.outcome : `${event.outcome}: ${event.reason}`,
];
