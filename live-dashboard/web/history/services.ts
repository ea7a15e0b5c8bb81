import { derivedFigures } from '../../derived-figures.ts';
import { age, integer } from '../format.ts';
import { goldAddress } from './api.ts';
import { ratio } from './compare.ts';
import { tableCard } from './data-table.ts';
import { dayLines } from './day-lines.ts';
import { type Day, longDay } from './days.ts';
import { goldColumn, msText, rateText } from './gold-columns.ts';
import type { Asked } from './page.ts';
import { groupBy, type HealthRow, numberOf, sum } from './rows.ts';

/** Of some rows, that with the highest value; undefined where none has one. */
export function worstOf(
  rows: readonly HealthRow[],
  of: (row: HealthRow) => number | null,
): { readonly service: string; readonly value: number } | undefined {
  let worst: { service: string; value: number } | undefined;
  for (const row of rows) {
    const value = of(row);
    if (value !== null && (worst === undefined || value > worst.value))
      worst = { service: row.service, value };
  }
  return worst;
}

/** Gold has the rate to six decimals: it gives back the whole number of errors that it was made from. */
export const errorsOf = (row: HealthRow): number =>
  Math.round((numberOf(row.error_rate) ?? 0) * row.requests);

export const lagText = (value: number | null): string => age(value);

/** The services of the last complete day that has any, and how the slowest and the errors went by day. */
export function servicesCard(asked: Asked, rows: readonly HealthRow[], day: Day | undefined) {
  const { range, days, today, open } = asked;
  const byDay = groupBy(rows, (row) => row.metric_date);
  const gold = goldColumn<HealthRow, 'system_health_daily'>;
  const card = tableCard<HealthRow>({
    id: 'services',
    title: 'Services',
    note: [day === undefined ? 'no complete day' : longDay(day, today)],
    columns: [
      { key: 'service', heading: 'Service', value: ({ service }) => service, show: ({ service }) => service },
      gold('system_health_daily', 'requests', 'Requests', ({ requests }) => requests),
      gold('system_health_daily', 'p50_latency_ms', 'p50', (row) => numberOf(row.p50_latency_ms), msText),
      {
        ...gold(
          'system_health_daily',
          'p95_latency_ms',
          'p95',
          (row) => numberOf(row.p95_latency_ms),
          msText,
        ),
        kind: 'strong',
      },
      gold('system_health_daily', 'error_rate', 'Errors', (row) => numberOf(row.error_rate), rateText),
      gold('system_health_daily', 'event_lag_ms', 'Lag', (row) => numberOf(row.event_lag_ms), lagText),
      gold('system_health_daily', 'dlq_count', 'Dead letters', ({ dlq_count }) => dlq_count, integer),
    ],
    rows: byDay.get(day ?? '') ?? [],
    order: { key: 'service', descending: false },
    things: 'services',
    source: goldAddress('system_health_daily', range),
    file: `services-${day ?? range.to}`,
  });
  const lines = dayLines({
    id: 'health-by-day',
    title: 'Services by day',
    aside: [],
    days,
    today,
    open,
    lines: [
      {
        name: 'p95 latency',
        definition: derivedFigures.latency.text,
        values: days.map(
          (one) => worstOf(byDay.get(one) ?? [], (row) => numberOf(row.p95_latency_ms))?.value ?? null,
        ),
        show: msText,
      },
      {
        name: 'Error rate',
        definition: derivedFigures.errorRate.text,
        values: days.map((one) => {
          const of = byDay.get(one) ?? [];
          return ratio(
            sum(of, errorsOf),
            sum(of, (row) => row.requests),
          );
        }),
        show: rateText,
      },
    ],
  });
  card.append(...lines.rows);
  return { element: card, draw: lines.draw };
}
