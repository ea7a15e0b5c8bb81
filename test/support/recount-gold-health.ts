import { type Bronze, groupBy } from './recount-bronze.ts';
import type { Days } from './recount-days.ts';
import { millionths, percentile, rate } from './recount-numbers.ts';

/** gold.system_health_daily */
export interface HealthRow {
  readonly metric_date: string;
  readonly service: string;
  readonly requests: number;
  readonly p50_latency_ms: string | null;
  readonly p95_latency_ms: string | null;
  readonly error_rate: string | null;
  readonly event_lag_ms: string | null;
  readonly dlq_count: number;
}

const separator = '\u0000';

export function healthRows(bronze: Bronze, showSeeds: boolean, days: Days): readonly HealthRow[] {
  const placeOf = (time: number, service: string): string => `${days.dateOf(time)}${separator}${service}`;
  const requests = groupBy(
    bronze.requests.filter(({ is_seed }) => showSeeds || is_seed === 0),
    ({ event_timestamp, service }) => placeOf(event_timestamp, service),
  );
  // "over all Bronze rows but seeds": bots too, and seeds never.
  const rows = [
    ...bronze.web.map((event) => ({ event, service: 'web' })),
    ...[...bronze.business, ...bronze.requests, ...bronze.queries].map((event) => ({
      event,
      service: event.service,
    })),
  ];
  const stored = groupBy(
    rows.filter(({ event }) => event.is_seed === 0),
    ({ event, service }) => placeOf(event.event_timestamp, service),
  );
  const letters = groupBy(bronze.letters, ({ failed_at, source }) => placeOf(failed_at, source));

  return [...new Set([...requests.keys(), ...stored.keys(), ...letters.keys()])].map((key) => {
    const [metric_date = '', service = ''] = key.split(separator);
    const asked = requests.get(key) ?? [];
    const latencies = asked.map(({ response_time_ms }) => millionths(response_time_ms));
    const lags = (stored.get(key) ?? []).map(({ event }) => event.received_at - event.event_timestamp);
    return {
      metric_date,
      service,
      requests: asked.length,
      p50_latency_ms: percentile(latencies, 50),
      p95_latency_ms: percentile(latencies, 95),
      error_rate: rate(asked.filter(({ status_code }) => status_code >= 500).length, asked.length),
      event_lag_ms: percentile(lags.map(millionths), 50),
      dlq_count: letters.get(key)?.length ?? 0,
    };
  });
}
