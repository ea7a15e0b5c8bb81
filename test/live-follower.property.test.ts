import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFollower } from '../pipeline/live/follower.ts';
import type { CommittedPage, CommittedRange, StoredEvent } from '../sinks/warehouse.ts';
import { storedEvent } from './support/live-events.ts';

/**
 * # Following a log that many write
 * A server hands numbers out when rows are inserted and shows the rows when their transaction commits, in any order.
 * Whatever the order, the follower tells every committed row once, none of a transaction that was rolled back, and
 * never one above a number that is still in use; also where all rows of a transaction have one number.
 */

interface Transaction {
  readonly rows: StoredEvent[];
  state: 'open' | 'committed' | 'rolled back';
}

/** A server's log, and the page that the contract asks of it. `shared`: the rows of a transaction have one number. */
function createLog(shared: boolean) {
  const transactions: Transaction[] = [];
  let given = 0;
  const visible = (): number => {
    const inUse = transactions
      .filter(({ state }) => state === 'open')
      .flatMap(({ rows }) => rows.map((row) => row.ingest_seq));
    return inUse.length === 0 ? given : Math.min(...inUse) - 1;
  };
  return {
    transactions,
    visible,
    begin(): Transaction {
      const begun: Transaction = { rows: [], state: 'open' };
      transactions.push(begun);
      return begun;
    },
    insert(into: Transaction) {
      const first = into.rows[0];
      if (!shared || first === undefined) given += 1;
      const ingest_seq = shared && first !== undefined ? first.ingest_seq : given;
      into.rows.push(storedEvent({ event_timestamp: 0, ingest_seq }));
    },
    committed: () => transactions.filter(({ state }) => state === 'committed').flatMap(({ rows }) => rows),
    page({ after, limit }: CommittedRange): CommittedPage {
      const end = Math.max(after, visible());
      const rows = transactions
        .filter(({ state }) => state === 'committed')
        .flatMap((transaction) => transaction.rows)
        .filter((row) => row.ingest_seq > after && row.ingest_seq <= end)
        .sort((a, b) => a.ingest_seq - b.ingest_seq);
      const upTo = rows[limit - 1]?.ingest_seq ?? end;
      return {
        upTo,
        given,
        more: upTo < end,
        events: rows.filter((row) => row.ingest_seq <= upTo),
        replayed: [],
        botMeta: null,
        newLetters: [],
        letters: [],
      };
    },
  };
}

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('begin' as const), rows: fc.integer({ min: 1, max: 9 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('insert' as const), which: fc.nat(), rows: fc.constant(3) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('commit' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('roll back' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fail' as const) }) },
);

describe('the follower', () => {
  it('tells every committed row once, and none before it is sure of those below', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.boolean(),
        fc.integer({ min: 1, max: 6 }),
        // steps between two looks
        fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 5 }),
        async (script, shared, limit, pace) => {
          const log = createLog(shared);
          const todo = [...script];
          let now = 0;
          let looks = 0;
          const told: StoredEvent[] = [];
          let follower: ReturnType<typeof createFollower> | undefined;
          /** by the moment of a look, what had been committed then */
          const committedBy = new Map<number, readonly StoredEvent[]>([[0, []]]);

          const open = (): readonly Transaction[] => log.transactions.filter(({ state }) => state === 'open');
          function perform(one: (typeof script)[number]): void {
            if (one.do === 'begin') {
              const begun = log.begin();
              for (let n = 0; n < one.rows; n += 1) log.insert(begun);
              return;
            }
            const which = 'which' in one ? open()[one.which % Math.max(1, open().length)] : undefined;
            if (which === undefined) return;
            if (one.do === 'insert') for (let n = 0; n < one.rows; n += 1) log.insert(which);
            if (one.do === 'commit') which.state = 'committed';
            if (one.do === 'roll back') which.state = 'rolled back';
          }

          await new Promise<void>((resolve, reject) => {
            follower = createFollower({
              after: 0,
              markedAt: 0,
              letters: () => ({ from: 0, sliceMs: 60_000 }),
              limit,
              everyMs: 0,
              now: () => now,
              onAnswer: () => undefined,
              onFailure: () => delay(0),
              warehouse: {
                async readCommitted(range) {
                  now += 1;
                  let failing = false;
                  for (let n = pace[looks % pace.length] ?? 0; n > 0; n -= 1) {
                    const next = todo.shift();
                    if (next !== undefined) perform(next);
                    failing ||= next?.do === 'fail';
                  }
                  looks += 1;
                  // a script whose pace is 0 throughout would never end
                  if (looks > 200) for (const next of todo.splice(0)) perform(next);
                  if (todo.length === 0) for (const transaction of open()) transaction.state = 'committed';
                  if (failing) throw new Error('away');
                  return log.page(range);
                },
              },
            });
            const { asOf, pages$ } = follower;
            committedBy.set(now, []);
            const subscription = pages$.subscribe({
              next(page) {
                told.push(...page.events);
                try {
                  for (const { ingest_seq } of page.events)
                    expect(ingest_seq).toBeLessThanOrEqual(log.visible());
                  // asOf may say no more than was told
                  const due = [...committedBy].findLast(([at]) => at <= asOf())?.[1] ?? [];
                  const ids = new Set(told.map(({ event_id }) => event_id));
                  expect(due.filter(({ event_id }) => !ids.has(event_id))).toEqual([]);
                } catch (error) {
                  subscription.unsubscribe();
                  reject(error);
                }
                committedBy.set(now, log.committed());
                if (todo.length > 0 || page.more || page.upTo < page.given) return;
                queueMicrotask(() => {
                  subscription.unsubscribe();
                  resolve();
                });
              },
              error: reject,
            });
          });
          const ids = (rows: readonly StoredEvent[]) => rows.map(({ event_id }) => event_id).sort();
          expect(ids(told)).toEqual(ids(log.committed()));
          // the moment at which the last look began
          expect(follower?.asOf()).toBe(now - 1);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('stands still while nothing can be read, and goes on after the same row', async () => {
    const log = createLog(false);
    const put = (): void => {
      const one = log.begin();
      log.insert(one);
      one.state = 'committed';
    };
    put();
    let now = 1_000;
    let away = false;
    const failures: number[] = [];
    let answers = 0;
    const asked: number[] = [];
    const follower = createFollower({
      after: 0,
      markedAt: 1_000,
      letters: () => ({ from: 0, sliceMs: 60_000 }),
      everyMs: 0,
      now: () => now,
      onAnswer: () => {
        answers += 1;
      },
      async onFailure(_error, attempt) {
        failures.push(attempt);
        // three in a row, and it is back
        if (attempt === 2) away = false;
      },
      warehouse: {
        async readCommitted(range) {
          now += 1_000;
          asked.push(range.after);
          if (away) throw new Error('away');
          return log.page(range);
        },
      },
    });
    const told: StoredEvent[] = [];
    await new Promise<void>((resolve) => {
      const subscription = follower.pages$.subscribe((page) => {
        told.push(...page.events);
        if (told.length === 1 && !away && failures.length === 0) {
          away = true;
          put();
        }
        if (told.length === 2) {
          subscription.unsubscribe();
          resolve();
        }
      });
    });
    expect(failures).toEqual([0, 1, 2]);
    expect(asked).toEqual([0, 1, 1, 1, 1]);
    expect(answers).toBe(2);
    expect(told.map(({ ingest_seq }) => ingest_seq)).toEqual([1, 2]);
    // the moments of the looks that were answered: 1,000 (the first began then), and 5,000
    expect(follower.asOf()).toBe(1_000 + 4_000);
  });
});
