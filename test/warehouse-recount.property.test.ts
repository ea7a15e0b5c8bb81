import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StoredEvent } from '../sinks/warehouse.ts';
import { businessRow, webRow } from './support/bronze-rows.ts';
import { type Stream, streams } from './support/funnel-streams.ts';
import { bronzeAt, type History, randomHistory } from './support/random-history.ts';
import { recount } from './support/recount.ts';
import { type Bronze, webEventOf } from './support/recount-bronze.ts';
import { countSteps, type FunnelEntry } from './support/recount-funnel.ts';
import { tableNames } from './support/recount-tables.ts';
import { recountWarehouse } from './support/warehouse-recount.ts';

/*
 * Two recounts of the funnel, written apart, agree: the one that the live view is held to, and the one that Gold is
 * held to. And what no order of arrival may change does not change.
 */

const runs = Number(process.env.RECOUNT_STREAMS ?? 1_000);
const minute = 60_000;

function bronzeOfStream(events: readonly StoredEvent[]): Bronze {
  const business = [];
  const web = [];
  for (const { table, ingest_seq: _seq, ...row } of events) {
    if (table === 'api_request_logs' || table === 'db_query_perf') continue;
    if (table === 'business_events') business.push(businessRow({ event_type: row.canonical_type, ...row }));
    else web.push(webEventOf(table, webRow(row)));
  }
  return { web, business, items: [], requests: [], queries: [], letters: [] };
}

const horizonStart = ({ now, horizonHours }: Stream): number =>
  Math.floor((now - horizonHours * 60 * minute) / minute) * minute;

function cohortsOf(stream: Stream, entries: readonly FunnelEntry[], name: string) {
  const funnel = stream.funnels.find((one) => one.name === name)!;
  const minuteOf = ({ times }: FunnelEntry) => Math.floor(times[0]! / minute) * minute;
  const recent = entries.filter(({ times }) => times[0]! >= horizonStart(stream));
  return [...new Set(recent.map(minuteOf))]
    .sort((a, b) => a - b)
    .map((at) => {
      const own = recent.filter((entry) => minuteOf(entry) === at);
      const counts = countSteps(funnel, own, stream.now);
      return {
        at,
        reached: counts.map((step) => step.sessions),
        stillInTime: counts.map((step) => step.stillInTime),
      };
    });
}

describe('the recount of the warehouse', () => {
  it(`counts funnels and credits as the recount of the live view does, on ${runs} random streams`, {
    timeout: 300_000,
  }, () => {
    fc.assert(
      fc.property(streams, (stream) => {
        const { funnels, now, horizonHours, showSeeds } = stream;
        const live = recount(stream.events, funnels, now, horizonHours, { showSeeds });
        const { tables, entries } = recountWarehouse(bronzeOfStream(stream.events), {
          funnels,
          asOf: now,
          timeZone: 'UTC',
          showSeeds,
        });
        for (const { name } of funnels) {
          expect(cohortsOf(stream, entries.get(name) ?? [], name)).toEqual(live.cohorts[name]);
        }
        const purchases = tables['silver.purchases'].filter((row) => showSeeds || row.is_seed === 0);
        expect(
          purchases.map((row) => [
            row.order_id,
            row.event_timestamp,
            row.user_id,
            row.session_id,
            row.credit_rule,
          ]),
        ).toEqual(
          live.purchases
            .toSorted((a, b) => (a.orderId < b.orderId ? -1 : 1))
            .map(({ orderId, at, user, session, rule }) => [orderId, at, user, session, rule]),
        );
      }),
      { numRuns: runs },
    );
  });

  const options = ({ funnels, timeZone, showSeeds, slices }: History) => ({
    funnels,
    timeZone,
    showSeeds,
    asOf: slices.at(-1)!.asOf,
  });
  const histories = fc.integer({ min: 0, max: 1_000_000 }).map((seed) => randomHistory(seed));

  it('does not depend on the order of arrival', { timeout: 300_000 }, () => {
    fc.assert(
      fc.property(histories, (history) => {
        const bronze = bronzeAt(history);
        const backwards = {
          web: bronze.web.toReversed(),
          business: bronze.business.toReversed(),
          items: bronze.items.toReversed(),
          requests: bronze.requests.toReversed(),
          queries: bronze.queries.toReversed(),
          letters: bronze.letters.toReversed(),
        };
        expect(recountWarehouse(backwards, options(history)).tables).toEqual(
          recountWarehouse(bronze, options(history)).tables,
        );
      }),
      { numRuns: 100 },
    );
  });

  it('keeps what must hold in any history', { timeout: 300_000 }, () => {
    fc.assert(
      fc.property(histories, (history) => {
        const { tables } = recountWarehouse(bronzeAt(history), options(history));
        for (const name of tableNames) {
          for (const [column, value] of tables[name].flatMap((row) => Object.entries(row))) {
            if (!column.endsWith('_rate') || value === null) continue;
            expect(Number(value), `${name}.${column}`).toBeGreaterThanOrEqual(0);
            expect(Number(value), `${name}.${column}`).toBeLessThanOrEqual(1);
          }
        }
        for (const name of new Set(tables['gold.conversion_funnel'].map((row) => row.funnel_name))) {
          const steps = tables['gold.conversion_funnel'].filter((row) => row.funnel_name === name);
          for (const [k, row] of steps.entries()) {
            const before =
              Number(row.step_order) === 1 ? Number(row.sessions) : Number(steps[k - 1]?.sessions);
            expect(Number(row.sessions) + Number(row.still_in_time) + Number(row.dropped)).toBe(before);
          }
        }
        for (const row of tables['silver.orders']) {
          expect(Number(row.refunded_amount)).toBeLessThanOrEqual(Number(row.total_amount ?? 0));
        }
        for (const row of tables['gold.page_performance']) {
          expect(Number(row.exits)).toBeLessThanOrEqual(Number(row.views));
        }
      }),
      { numRuns: 200 },
    );
  });
});
