import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CohortMinute } from '../live-dashboard/frames.ts';
import { createFunnelFold, type FunnelFold } from '../pipeline/funnel/fold.ts';
import { provideOrders, rebuildFold } from '../pipeline/funnel/rebuild.ts';
import type { StoredEvent } from '../sinks/warehouse.ts';
import { storedEvents } from './support/funnel-events.ts';
import { type Stream, streams } from './support/funnel-streams.ts';
import { type Recount, recount } from './support/recount.ts';

/*
 * The live fold (any arrival, any cut into commits, time passing, a restart in between), a rebuild from what is
 * stored, and a plain recount of the definition give the same numbers at the same moment.
 */

const runs = Number(process.env.FOLD_STREAMS ?? 2_000);
const windows = [15, 60, 1440];

const newFold = (stream: Stream): FunnelFold =>
  createFunnelFold({
    funnels: stream.funnels,
    horizonHours: stream.horizonHours,
    maxSessions: 1_000,
    showSeeds: stream.showSeeds,
  });

const horizonStart = (stream: Stream): number =>
  Math.floor((stream.now - stream.horizonHours * 3_600_000) / 60_000) * 60_000;

/** What must be equal, from the fold. */
function read(fold: FunnelFold, stream: Stream) {
  return {
    cohorts: Object.fromEntries(
      stream.funnels.map(({ name }) => [
        name,
        fold
          .cohorts(name, stream.now)
          .filter((minute) => minute.reached[0] !== 0)
          .map(({ at, reached, stillInTime }) => ({ at, reached, stillInTime })),
      ]),
    ),
    windows: stream.funnels.map(({ name }) =>
      windows.map((minutes) =>
        fold
          .windowCounts(name, minutes, stream.now)
          .map(({ sessions, stillInTime, dropped }) => ({ sessions, stillInTime, dropped })),
      ),
    ),
    orders: windows.map((minutes) => fold.orders(minutes, stream.now)),
    purchases: fold
      .purchases()
      .filter(({ facts }) => facts.at >= horizonStart(stream))
      .map(({ orderId, facts, sessionId, rule }) => ({
        orderId,
        at: facts.at,
        amount: facts.amount,
        currency: facts.currency,
        session: sessionId,
        rule,
      }))
      .sort((a, b) => (a.orderId < b.orderId ? -1 : 1)),
  };
}

/** The same from the recount. */
function readRecount(truth: Recount, stream: Stream) {
  return {
    cohorts: truth.cohorts,
    windows: stream.funnels.map(({ name }) =>
      windows.map((minutes) =>
        truth
          .windowCounts(name, minutes)
          .map(({ sessions, stillInTime, dropped }) => ({ sessions, stillInTime, dropped })),
      ),
    ),
    orders: windows.map((minutes) => truth.orders(minutes)),
    purchases: truth.purchases
      .filter(({ at }) => at >= horizonStart(stream))
      .map(({ orderId, at, amount, currency, session, rule }) => ({
        orderId,
        at,
        amount,
        currency,
        session,
        rule,
      }))
      .sort((a, b) => (a.orderId < b.orderId ? -1 : 1)),
  };
}

/** Folds the commits as they came; a page that is sent only touched minutes follows. */
async function live(
  stream: Stream,
): Promise<{ fold: FunnelFold; pages: Map<string, Map<number, CohortMinute>> }> {
  const stored: StoredEvent[] = [];
  let fold = newFold(stream);
  let pages = new Map(stream.funnels.map(({ name }) => [name, new Map<number, CohortMinute>()]));
  let told = 0;
  let open: readonly string[] = [];

  for (const [index, commit] of stream.commits.entries()) {
    stored.push(...commit.events);
    fold.apply(commit.events, { now: commit.now, cause: index % 3 === 2 ? 'replay' : 'live' });
    const next = stream.lookUpSeesNext ? (stream.commits[index + 1]?.events ?? []) : [];
    if (!stream.lookUpsAreSlow) open = fold.needsOrders();
    await provideOrders(fold, storedEvents([...stored, ...next]), open);
    open = fold.needsOrders();
    fold.advance(commit.now);
    if (stream.restartAfter === index) {
      await provideOrders(fold, storedEvents(stored), fold.needsOrders());
      fold = newFold(stream);
      await rebuildFold(fold, storedEvents(stored), { now: commit.now });
      told = 0;
      pages = new Map(stream.funnels.map(({ name }) => [name, new Map<number, CohortMinute>()]));
      open = [];
    }
    follow(commit.now);
  }
  await provideOrders(fold, storedEvents(stored), fold.needsOrders());
  fold.advance(stream.now);
  follow(stream.now);
  return { fold, pages };

  function follow(now: number): void {
    for (const [name, page] of pages) {
      for (const minute of fold.cohorts(name, now, told)) page.set(minute.at, minute);
    }
    told = fold.version();
  }
}

function expectClose(actual: number | null, exact: number | null): void {
  if (exact === null) expect(actual).toBeNull();
  else expect(Math.abs((actual ?? Number.NaN) - exact)).toBeLessThanOrEqual(0.05 * exact);
}

describe('the funnel fold, a rebuild and a recount', () => {
  it(`agree to the unit on ${runs} random streams`, { timeout: 300_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(streams, async (stream) => {
        const truth = recount(stream.events, stream.funnels, stream.now, stream.horizonHours, {
          showSeeds: stream.showSeeds,
        });
        const expected = readRecount(truth, stream);
        const { fold, pages } = await live(stream);
        expect(read(fold, stream)).toEqual(expected);

        const rebuilt = newFold(stream);
        await rebuildFold(rebuilt, storedEvents(stream.events), { now: stream.now });
        expect(read(rebuilt, stream)).toEqual(expected);

        for (const { name } of stream.funnels) {
          for (const minutes of windows) {
            const exact = truth.windowCounts(name, minutes);
            fold.windowCounts(name, minutes, stream.now).forEach((step, index) => {
              expectClose(step.medianSeconds, exact[index]?.medianSeconds ?? null);
              expectClose(step.p90Seconds, exact[index]?.p90Seconds ?? null);
            });
          }
          const page = [...(pages.get(name)?.values() ?? [])]
            .filter((minute) => minute.at >= horizonStart(stream) && (minute.reached[0] || minute.revised))
            .sort((a, b) => a.at - b.at);
          expect(page).toEqual(fold.cohorts(name, stream.now));
        }
      }),
      { numRuns: runs },
    );
  });
});
