import type { SnapshotFrame, WindowCounters } from '../../live-dashboard/frames.ts';

const noCounters: WindowCounters = {
  natural: 0,
  synthetic: 0,
  late: 0,
  deadLetters: 0,
  bots: 0,
  bySource: [],
  deadLettersByReason: [],
};
const noOrders = { orders: 0, revenue: [], unattributed: 0 };

/** A snapshot of a pipeline to which nothing has come. */
export const emptySnapshot = (fields: Partial<SnapshotFrame> = {}): SnapshotFrame => ({
  kind: 'snapshot',
  seq: 0,
  now: Date.UTC(2026, 10, 24, 12),
  horizonStart: Date.UTC(2026, 10, 23, 12),
  state: { kind: 'live' },
  funnels: [],
  orders: { '15m': noOrders, '1h': noOrders, '24h': noOrders },
  counters: { '15m': noCounters, '1h': noCounters, '24h': noCounters },
  deadLetterMinutes: [],
  rates: { groupSeconds: 5, from: Date.UTC(2026, 10, 24, 11, 45), groups: 180, byType: {}, bySource: {} },
  sources: [],
  newestEvent: null,
  commitP95: null,
  queueDepth: null,
  evictedSessions: 0,
  maxSessions: 1_000_000,
  warehouse: 'ready, DuckDB',
  countersSince: Date.UTC(2026, 10, 24, 12),
  botsAndSeedsIncluded: { bots: false, seeds: false },
  newestBot: null,
  recent: [],
  ...fields,
});
