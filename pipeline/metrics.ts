import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import {
  type BronzeTable,
  type DeadLetterReason,
  type DeliveredBy,
  type Stage,
  webTables,
} from '../ingest/event.ts';
import type { RefusalReason } from '../ingest/http/refusal.ts';
import type { FrameResult } from '../live-dashboard/server/client-hub.ts';
import type { GateRefusal } from '../live-dashboard/server/gate.ts';
import type { EtlRun } from '../sinks/materialise/plan.ts';
import { createCounts } from './metrics/counts.ts';
import { createLabelledHistogram } from './metrics/labelled-histogram.ts';

export type DuplicateKind = 'natural' | 'synthetic';
export type RefusedReason = RefusalReason | GateRefusal | 'too_many_clients';
export type CacheResult = 'hit' | 'miss';
export type EtlStatus = Exclude<EtlRun['status'], 'running'>;
export type ReplayOutcome = 'stored' | 'duplicate' | 'dead_lettered' | 'rejected';

/** Read when /metrics is; `undefined` leaves the metric out (there is no such part in this process). */
export interface GaugeReaders {
  /** events between arrival and settlement */
  readonly inflightEvents: () => number;
  /** sessions that hold state in the fold */
  readonly funnelSessions: () => number | undefined;
  /** bytes of the fold's whole state, in the heap and outside it */
  readonly funnelBytes: () => number;
  /** sessions that LIVE_MAX_SESSIONS let go and whose events could still count */
  readonly funnelEvicted: () => number;
  /** bytes of the fingerprint filter, outside the heap; undefined: not open yet */
  readonly filterBytes: () => number | undefined;
  /** seconds by which the live view is behind the warehouse; undefined: it is fed by this process's own commits */
  readonly liveLag: () => number | undefined;
  readonly wsClients: () => number | undefined;
  readonly warehouseUp: () => boolean;
  readonly rabbitmqUp: () => boolean | undefined;
}

/** The metrics of http.md. Counting is cheap enough for every event; no label ever holds an id. */
export interface Metrics {
  received(source: DeliveredBy, count: number): void;
  stored(table: BronzeTable, count: number): void;
  duplicate(kind: DuplicateKind, count: number): void;
  deadLettered(stage: Stage, reason: DeadLetterReason, count: number): void;
  refused(reason: RefusedReason, count: number): void;
  late(source: DeliveredBy, count: number): void;
  /** One commit: rows written, and seconds from its start until it was durable. */
  batch(rows: number, seconds: number): void;
  /** Seconds from an event's own time until its commit. */
  lag(source: DeliveredBy, seconds: number): void;
  fingerprintCache(result: CacheResult, count: number): void;
  wsFrames(result: FrameResult, count: number): void;
  /** counts a run when it has ended */
  etlRun(run: EtlRun): void;
  replayed(outcome: ReplayOutcome, count: number): void;
  /** The text of /metrics. */
  text(): Promise<string>;
}

const sources = ['tracking', 'collector', 'rabbitmq', 'replay'] as const satisfies readonly DeliveredBy[];
const tables: readonly BronzeTable[] = [...webTables, 'business_events', 'api_request_logs', 'db_query_perf'];
/** Kinds of dead letters told apart; reasons are a closed list, this only guards it. */
const MAX_DEAD_LETTER_KINDS = 256;

export function createMetrics(readers: GaugeReaders): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });

  const counts = <Key extends string>(
    name: string,
    help: string,
    label: string,
    known: readonly Key[] = [],
  ) =>
    createCounts<Key>({
      registry,
      name,
      help,
      labels: [label],
      labelsOf: (key) => ({ [label]: key }),
      known,
    });

  const received = counts<DeliveredBy>(
    'kada_events_received_total',
    'Events that came in',
    'source',
    sources,
  );
  const stored = counts<BronzeTable>('kada_events_stored_total', 'Events stored in Bronze', 'table', tables);
  const duplicate = counts<DuplicateKind>(
    'kada_events_duplicate_total',
    'Natural: the same event again, or the same broken one; not stored. Synthetic: the same id with other content, a dead letter.',
    'kind',
    ['natural', 'synthetic'],
  );
  const deadLettered = createCounts<`${Stage}|${DeadLetterReason}`>({
    registry,
    name: 'kada_events_dead_lettered_total',
    help: 'Events kept as dead letters, each once',
    labels: ['stage', 'reason'],
    labelsOf(key) {
      const bar = key.indexOf('|');
      return { stage: key.slice(0, bar), reason: key.slice(bar + 1) };
    },
    limit: MAX_DEAD_LETTER_KINDS,
    overflow: 'validate|validation_error:other',
  });
  const refused = counts<RefusedReason>('kada_requests_refused_total', 'Requests said no to', 'reason');
  const late = counts<DeliveredBy>(
    'kada_events_late_total',
    'Stored events older than the live horizon when they came',
    'source',
    sources,
  );
  const cache = counts<CacheResult>(
    'kada_fingerprint_cache_total',
    'Fingerprints that the cache knew, or not',
    'result',
    ['hit', 'miss'],
  );
  const frames = counts<FrameResult>(
    'kada_ws_frames_total',
    'Frames by client: sent, skipped because it is slow, or the snapshots it got',
    'result',
    ['sent', 'skipped', 'snapshot'],
  );
  const etlRuns = counts<EtlStatus>('kada_etl_runs_total', 'Cycles of the materialiser', 'status');
  const replayed = counts<ReplayOutcome>('kada_replay_events_total', 'Replayed dead letters', 'outcome');

  const registers = [registry];
  const batchRows = new Histogram({
    name: 'kada_batch_rows',
    help: 'Rows written by one commit',
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000],
    registers,
  });
  const batchSeconds = new Histogram({
    name: 'kada_batch_commit_seconds',
    help: 'From the start of a commit until it was durable',
    buckets: [0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1, 2, 5, 10, 30],
    registers,
  });
  const etlSeconds = new Histogram({
    name: 'kada_etl_duration_seconds',
    help: 'Length of a cycle of the materialiser',
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
    registers,
  });
  const lag = createLabelledHistogram<DeliveredBy>({
    name: 'kada_ingest_lag_seconds',
    help: "From an event's own time until its commit",
    labelName: 'source',
    labels: sources,
    bounds: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600, 3600, 86400],
  });

  function gauge(name: string, help: string, read: () => number | boolean | undefined): void {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        const value = read();
        if (value === undefined) this.remove();
        else this.set(Number(value));
      },
    });
  }
  gauge('kada_inflight_events', 'Events between arrival and settlement', readers.inflightEvents);
  gauge('kada_funnel_sessions', 'Sessions that hold state in the live funnel', readers.funnelSessions);
  gauge('kada_funnel_bytes', 'State of the live funnel, in the heap and outside it', readers.funnelBytes);
  gauge(
    'kada_funnel_evicted_sessions',
    'Sessions let go at LIVE_MAX_SESSIONS that the live funnel still misses',
    readers.funnelEvicted,
  );
  gauge(
    'kada_fingerprint_filter_bytes',
    'Filter over all fingerprints, outside the heap',
    readers.filterBytes,
  );
  gauge(
    'kada_live_lag_seconds',
    'Age of the moment up to which the live view holds what any process committed',
    readers.liveLag,
  );
  gauge('kada_ws_clients', 'Pages that are connected', readers.wsClients);
  gauge('kada_warehouse_up', '1 when the warehouse answers', readers.warehouseUp);
  gauge('kada_rabbitmq_up', '1 when the broker is connected', readers.rabbitmqUp);

  return {
    received: received.add,
    stored: stored.add,
    duplicate: duplicate.add,
    deadLettered: (stage, reason, count) => deadLettered.add(`${stage}|${reason}`, count),
    refused: refused.add,
    late: late.add,
    batch(rows, seconds) {
      batchRows.observe(rows);
      batchSeconds.observe(seconds);
    },
    lag: (source, seconds) => lag.observe(source, Math.max(0, seconds)),
    fingerprintCache: cache.add,
    wsFrames: frames.add,
    etlRun({ status, startedAt, finishedAt }) {
      if (status === 'running') return;
      etlRuns.add(status, 1);
      if (status !== 'skipped') etlSeconds.observe(((finishedAt ?? startedAt) - startedAt) / 1000);
    },
    replayed: replayed.add,
    text: async () => `${await registry.metrics()}\n${lag.text()}\n`,
  };
}
