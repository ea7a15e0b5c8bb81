import { describe, expect, it } from 'vitest';
import { createMetrics, type GaugeReaders } from '../pipeline/metrics.ts';
import type { EtlRun } from '../sinks/materialise/plan.ts';

const readers: GaugeReaders = {
  inflightEvents: () => 3,
  funnelSessions: () => 7,
  funnelBytes: () => 70,
  funnelEvicted: () => 3,
  filterBytes: () => undefined,
  liveLag: () => undefined,
  wsClients: () => undefined,
  warehouseUp: () => true,
  rabbitmqUp: () => false,
};

/** The value of a line of /metrics; undefined when there is none. */
const valueIn = (text: string, series: string): number | undefined => {
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
};

const finishedRun: EtlRun = {
  runId: '00000000-0000-4000-8000-000000000000',
  runType: 'incremental',
  startedAt: 1_000,
  finishedAt: 3_000,
  asOf: 1_000,
  status: 'success',
  rowsInserted: 5,
  errorMessage: null,
};

describe('/metrics', () => {
  it('has every metric by its name and no label that could hold an id', async () => {
    const metrics = createMetrics(readers);
    metrics.refused('origin', 1);
    metrics.deadLettered('decode', 'invalid_json', 1);
    metrics.etlRun(finishedRun);
    metrics.replayed('stored', 1);
    const text = await metrics.text();
    const names = [...text.matchAll(/^# TYPE (kada_\S+) (\S+)$/gm)].map(
      ([, name, type]) => `${name} ${type}`,
    );
    expect(names.sort()).toEqual([
      'kada_batch_commit_seconds histogram',
      'kada_batch_rows histogram',
      'kada_etl_duration_seconds histogram',
      'kada_etl_runs_total counter',
      'kada_events_dead_lettered_total counter',
      'kada_events_duplicate_total counter',
      'kada_events_late_total counter',
      'kada_events_received_total counter',
      'kada_events_stored_total counter',
      'kada_fingerprint_cache_total counter',
      'kada_fingerprint_filter_bytes gauge',
      'kada_funnel_bytes gauge',
      'kada_funnel_evicted_sessions gauge',
      'kada_funnel_sessions gauge',
      'kada_inflight_events gauge',
      'kada_ingest_lag_seconds histogram',
      'kada_live_lag_seconds gauge',
      'kada_rabbitmq_up gauge',
      'kada_replay_events_total counter',
      'kada_requests_refused_total counter',
      'kada_warehouse_up gauge',
      'kada_ws_clients gauge',
      'kada_ws_frames_total counter',
    ]);
    const labels = new Set(
      [...text.matchAll(/^kada_[a-z_]+\{([^}]*)\}/gm)].flatMap(([, inner]) =>
        [...(inner ?? '').matchAll(/([a-z]+)="/g)].map(([, name]) => name),
      ),
    );
    expect([...labels].sort()).toEqual([
      'kind',
      'le',
      'outcome',
      'reason',
      'result',
      'source',
      'stage',
      'status',
      'table',
    ]);
    expect(text).toContain('nodejs_eventloop_lag_seconds');
  });

  it('adds up what was counted, and reads twice the same', async () => {
    const metrics = createMetrics(readers);
    metrics.received('tracking', 5);
    metrics.received('tracking', 2);
    metrics.stored('page_view_events', 4);
    metrics.duplicate('natural', 3);
    metrics.deadLettered('validate', 'validation_error:click', 2);
    metrics.batch(120, 0.003);
    for (let read = 0; read < 2; read++) {
      const text = await metrics.text();
      expect(valueIn(text, 'kada_events_received_total{source="tracking"}')).toBe(7);
      expect(valueIn(text, 'kada_events_received_total{source="replay"}')).toBe(0);
      expect(valueIn(text, 'kada_events_stored_total{table="page_view_events"}')).toBe(4);
      expect(valueIn(text, 'kada_events_duplicate_total{kind="natural"}')).toBe(3);
      expect(
        valueIn(text, 'kada_events_dead_lettered_total{stage="validate",reason="validation_error:click"}'),
      ).toBe(2);
      expect(valueIn(text, 'kada_batch_rows_sum')).toBe(120);
      expect(valueIn(text, 'kada_batch_commit_seconds_bucket{le="0.004"}')).toBe(1);
      expect(valueIn(text, 'kada_batch_commit_seconds_bucket{le="0.002"}')).toBe(0);
      expect(valueIn(text, 'kada_inflight_events')).toBe(3);
      expect(valueIn(text, 'kada_rabbitmq_up')).toBe(0);
      // this process has no dashboard
      expect(valueIn(text, 'kada_ws_clients')).toBeUndefined();
    }
  });

  it('puts each lag into its bucket, one before its time into the first', async () => {
    const metrics = createMetrics(readers);
    for (const seconds of [-2, 0.01, 0.3, 100_000]) metrics.lag('rabbitmq', seconds);
    const text = await metrics.text();
    const bucket = (le: string) =>
      valueIn(text, `kada_ingest_lag_seconds_bucket{le="${le}",source="rabbitmq"}`);
    expect([bucket('0.01'), bucket('0.25'), bucket('0.5'), bucket('86400'), bucket('+Inf')]).toEqual([
      2, 2, 3, 3, 4,
    ]);
    expect(valueIn(text, 'kada_ingest_lag_seconds_count{source="rabbitmq"}')).toBe(4);
    expect(valueIn(text, 'kada_ingest_lag_seconds_sum{source="rabbitmq"}')).toBeCloseTo(100_000.31);
  });

  it('stays bounded when dead-letter reasons are ever new', async () => {
    const metrics = createMetrics(readers);
    for (let i = 0; i < 5_000; i++) metrics.deadLettered('validate', `validation_error:t${i}`, 1);
    const text = await metrics.text();
    const lines = text.split('\n').filter((line) => line.startsWith('kada_events_dead_lettered_total{'));
    expect(lines.length).toBeLessThanOrEqual(257);
    expect(lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)).toBe(5_000);
  });
});
