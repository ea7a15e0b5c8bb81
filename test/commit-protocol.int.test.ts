import { randomUUID } from 'node:crypto';
import { Subject } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import type { Outcome, Settlement } from '../ingest/delivery.ts';
import type { Publisher } from '../ingest/rabbitmq/publisher.ts';
import { createTrackedPublishing } from '../pipeline/steps/publish.ts';
import type { CommitResult, Warehouse } from '../sinks/warehouse.ts';
import {
  away,
  gate,
  hookCommit,
  openPath,
  type PathHarness,
  type PathOptions,
} from './support/commit-path.ts';
import { brokenLetter, pageView } from './support/events.ts';
import { eventually } from './support/eventually.ts';

/**
 * commit-protocol.md, rule by rule, on the real engine. Where a fault is needed that a file cannot be made to
 * show on demand, the test stands between the commit path and the engine and reports it.
 */

const open: PathHarness[] = [];
async function path(options?: PathOptions): Promise<PathHarness> {
  const harness = await openPath(options);
  open.push(harness);
  return harness;
}
afterEach(async () => {
  for (const harness of open.splice(0)) await harness.close();
});

const unusedPublisher: Omit<Publisher, 'publish'> = {
  ready: () => true,
  state: () => 'ready',
  markLost: () => undefined,
  lost$: new Subject(),
  verifyQueue: async () => true,
  inFlight: () => 0,
  close: async () => undefined,
};

const outcomesOf = (settlement: Settlement): readonly Outcome[] =>
  settlement.kind === 'durable' ? settlement.outcomes : [];
const kinds = (settlement: Settlement) => outcomesOf(settlement).map((outcome) => outcome.kind);
const bronze = 'select event_id from bronze.page_view_events order by ingest_seq';
const count = async (harness: PathHarness, sql: string) => Number((await harness.rows(sql))[0]?.[0]);

describe('rule 1: one map of claims in flight', () => {
  it('stores a fingerprint once that comes in forty requests of one tick', async () => {
    const harness = await path();
    const event = pageView();
    const answers = await Promise.all(Array.from({ length: 40 }, () => harness.send([event]).answer));
    expect(answers.flatMap(kinds).sort()).toEqual([...Array(39).fill('duplicate'), 'stored']);
    expect(await count(harness, 'select count(*) from bronze.page_view_events')).toBe(1);
    expect(await count(harness, 'select count(*) from ops.event_fingerprints')).toBe(1);
  });

  it('knows it after the map has let go, by the LRU and without it', async () => {
    for (const cacheSize of [10_000, 1]) {
      const harness = await path({ cacheSize });
      const event = pageView();
      expect(kinds(await harness.send([event]).answer)).toEqual(['stored']);
      await harness.send([pageView()]).answer;
      expect(kinds(await harness.send([event]).answer)).toEqual(['duplicate']);
    }
  });
});

describe('rule 2: the filter is told before COMMIT, the LRU after', () => {
  it('answers no duplicate on the strength of a commit that is still under way', async () => {
    const held = gate();
    const harness = await path({
      wrap: hookCommit(async (batch, commit) => {
        const result = await commit(batch);
        await held.opened;
        return result;
      }),
    });
    const event = pageView();
    const first = harness.send([event]);
    await eventually(() => expect(harness.warehouse.surelyNew(event.fingerprint)).toBe(false));
    let told = false;
    const second = harness.send([event]);
    void second.answer.then(() => {
      told = true;
    });
    await count(harness, 'select count(*) from bronze.page_view_events');
    expect(told).toBe(false);
    held.open();
    expect(kinds(await first.answer)).toEqual(['stored']);
    expect(kinds(await second.answer)).toEqual(['duplicate']);
  });
});

describe('rule 3: twins wait in the map', () => {
  it('is a natural duplicate with the same content, event_id_conflict with other content', async () => {
    const harness = await path();
    const event_id = randomUUID();
    const [first, same, other] = [
      harness.send([pageView({ event_id, content: 'a' })]),
      harness.send([pageView({ event_id, content: 'a' })]),
      harness.send([pageView({ event_id, content: 'b' })]),
    ];
    expect(kinds(await first.answer)).toEqual(['stored']);
    expect(kinds(await same.answer)).toEqual(['duplicate']);
    expect(outcomesOf(await other.answer)).toMatchObject([
      { kind: 'dead-lettered', reason: 'event_id_conflict' },
    ]);
    expect(await harness.rows('select reason, seen from ops.dead_letter_events')).toEqual([
      ['event_id_conflict', 1],
    ]);
  });

  it('lets the next twin lead when the leader is refused for its own content', async () => {
    const event_id = randomUUID();
    const harness = await path({
      wrap: hookCommit(async (batch, commit) =>
        batch.events.some(({ event }) => event.row.payload.includes('poison'))
          ? { kind: 'failed', failure: 'data', code: 'TEST', message: 'refused' }
          : commit(batch),
      ),
    });
    const leader = harness.send([pageView({ event_id, payload: 'poison', content: 'a' })]);
    const twin = harness.send([pageView({ event_id, content: 'b' })]);
    expect(outcomesOf(await leader.answer)).toMatchObject([
      { kind: 'dead-lettered', reason: 'db_insert_failed' },
    ]);
    expect(kinds(await twin.answer)).toEqual(['stored']);
    expect(harness.path.committer.inFlight()).toBe(0);
  });
});

describe('rule 4: what became of a batch is looked up before it is written again', () => {
  it('stores, settles and folds once a COMMIT that was reported failed but is durable', async () => {
    let lied = 0;
    const harness = await path({
      wrap: hookCommit(async (batch, commit) => {
        const result = await commit(batch);
        if (lied > 0) return result;
        lied += 1;
        return { ...away, failure: 'broken' };
      }),
    });
    const events = Array.from({ length: 100 }, () => pageView());
    const answers = await Promise.all(events.map((event) => harness.send([event]).answer));
    expect(answers.flatMap(kinds)).toEqual(Array(100).fill('stored'));
    expect(lied).toBe(1);
    const ids = events.map((event) => event.row.event_id);
    expect((await harness.rows(bronze)).map(([id]) => id)).toEqual(ids);
    expect(harness.folded()).toEqual(ids);
  });

  it('writes again what is absent, with the same batch id and numbers', async () => {
    const tries: { id: string; seqs: number[] }[] = [];
    const harness = await path({
      wrap: hookCommit(async (batch, commit) => {
        tries.push({ id: batch.id, seqs: batch.events.map(({ ingestSeq }) => ingestSeq) });
        return tries.length < 3 ? away : commit(batch);
      }),
    });
    expect(kinds(await harness.send([pageView(), pageView()]).answer)).toEqual(['stored', 'stored']);
    expect(tries).toHaveLength(3);
    expect(new Set(tries.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(await count(harness, 'select count(*) from bronze.page_view_events')).toBe(2);
  });
});

describe('rule 5: error classes', () => {
  const poisoned =
    (answer: CommitResult, seen: { probes: number }): ((warehouse: Warehouse) => Warehouse) =>
    (engine) =>
      hookCommit(
        async (batch, commit) =>
          batch.events.some(({ event }) => event.row.payload === 'poison') ? answer : commit(batch),
        {
          probe: async () => {
            seen.probes += 1;
            return engine.probe();
          },
        },
      )(engine);

  it.each(['data', 'unknown'] as const)(
    'isolates bad rows of class %s and stores the rest',
    async (failure) => {
      const seen = { probes: 0 };
      const harness = await path({
        wrap: poisoned({ kind: 'failed', failure, code: 'TEST', message: 'bad' }, seen),
      });
      const sent = Array.from({ length: 30 }, (_, i) =>
        harness.send([pageView(i % 10 === 3 ? { payload: 'poison' } : {}), pageView()]),
      );
      const answers = await Promise.all(sent.map(({ answer }) => answer));
      answers.forEach((answer, i) => {
        expect(kinds(answer)).toEqual([i % 10 === 3 ? 'dead-lettered' : 'stored', 'stored']);
      });
      expect(await count(harness, 'select count(*) from bronze.page_view_events')).toBe(57);
      expect(await harness.rows('select reason, count(*) from ops.dead_letter_events group by 1')).toEqual([
        ['db_insert_failed', 3],
      ]);
      expect(harness.folded()).toHaveLength(57);
      expect(seen.probes > 0).toBe(failure === 'unknown');
    },
  );

  it('holds a batch that would mostly be dead letters, and dead-letters it when the time is over', async () => {
    const seen = { probes: 0 };
    const bad: CommitResult = { kind: 'failed', failure: 'data', code: 'TEST', message: 'our bug' };
    let broken = true;
    let refusedAlone = 0;
    const harness = await path({
      breakerMs: 8_000,
      wrap: hookCommit(async (batch, commit) => {
        if (!broken || batch.events.length === 0) return commit(batch);
        if (batch.events.length === 1) refusedAlone += 1;
        return bad;
      }),
    });
    const sent = harness.send(Array.from({ length: 24 }, () => pageView()));
    // only when every row has been refused is it the breaker that holds them
    await eventually(() => expect(refusedAlone).toBe(24));
    broken = false;
    expect(kinds(await sent.answer)).toEqual(Array(24).fill('stored'));

    const never = await path({ breakerMs: 200, wrap: poisoned(bad, seen) });
    const lost = never.send(
      Array.from({ length: 24 }, (_, i) => pageView({ payload: 'poison', content: `${i}` })),
    );
    expect(kinds(await lost.answer)).toEqual(Array(24).fill('dead-lettered'));
    expect(await count(never, 'select count(*) from ops.dead_letter_events')).toBe(24);
  });
});

describe('rule 5: a store that takes nothing, and says so in no class that is known', () => {
  it('is away after three tries, and there again when a commit returns', async () => {
    let cut = true;
    const harness = await path({
      wrap: (engine) =>
        hookCommit(
          async (batch, commit) =>
            cut ? { kind: 'failed', failure: 'unknown', code: 'TEST', message: 'who knows' } : commit(batch),
          { probe: async () => !cut && engine.probe() },
        )(engine),
    });
    const sent = harness.send([pageView()]);
    await eventually(() => expect(harness.path.availability.away()?.message).toBe('who knows'));
    cut = false;
    expect(kinds(await sent.answer)).toEqual(['stored']);
    expect(harness.path.availability.away()).toBeUndefined();
  });
});

describe('rule 6: a dead letter never claims the event’s fingerprint', () => {
  it('counts the same letter again as seen, in one request, in twins and later', async () => {
    const harness = await path();
    const letter = () => brokenLetter('{"broken":');
    const both = harness.send([letter(), letter()]);
    const twin = harness.send([letter()]);
    await Promise.all([both.answer, twin.answer]);
    await harness.send([letter()]).answer;
    expect(await harness.rows('select seen, payload from ops.dead_letter_events')).toEqual([
      [4, '{"broken":'],
    ]);
  });

  it('stores the mended event after its letter', async () => {
    const harness = await path();
    const event = pageView();
    await harness.send([
      brokenLetter('x', {
        stage: 'validate',
        reason: 'validation_error:page_view',
        eventId: event.row.event_id,
      }),
    ]).answer;
    expect(kinds(await harness.send([event]).answer)).toEqual(['stored']);
  });
});

describe('rule 7: one request is one member of a batch', () => {
  it('settles a repeat inside the request by the same commit', async () => {
    const harness = await path();
    const event_id = randomUUID();
    const answer = await harness.send([
      pageView({ event_id, content: 'a' }),
      pageView({ event_id, content: 'a' }),
      pageView({ event_id, content: 'b' }),
    ]).answer;
    expect(outcomesOf(answer)).toMatchObject([
      { kind: 'stored' },
      { kind: 'duplicate' },
      { kind: 'dead-lettered', reason: 'event_id_conflict' },
    ]);
    expect(harness.resolutions.filter(({ commitMs }) => commitMs !== undefined)).toHaveLength(1);
  });

  it('withdraws what was not handed to a commit: 503, nothing stored, the claim free again', async () => {
    const held = gate();
    const harness = await path({
      wrap: hookCommit(async (batch, commit) => {
        await held.opened;
        return commit(batch);
      }),
    });
    const first = harness.send([pageView()]);
    await eventually(() => expect(first.member.handed).toBe(true));
    const event = pageView();
    const late = harness.send([event], Date.now() + 10);
    harness.path.committer.sweep(Date.now() + 11);
    expect(await late.answer).toEqual({ kind: 'unavailable', reason: 'overloaded' });
    await late.released;
    const again = harness.send([event]);
    held.open();
    expect(kinds(await again.answer)).toEqual(['stored']);
    expect(await count(harness, 'select count(*) from bronze.page_view_events')).toBe(2);
  });

  it('is outcome_unknown with the event ids once handed over, and stays exact', async () => {
    const held = gate();
    const harness = await path({
      wrap: hookCommit(async (batch, commit) => {
        await held.opened;
        return commit(batch);
      }),
    });
    const events = [pageView(), pageView({ alwaysNew: true })];
    const sent = harness.send(events, Date.now());
    await eventually(() => expect(sent.member.handed).toBe(true));
    harness.path.committer.sweep(Date.now() + 1);
    expect(await sent.answer).toEqual({
      kind: 'outcome-unknown',
      eventIds: events.map((event) => event.row.event_id),
    });
    const retry = harness.send(events);
    held.open();
    await sent.released;
    expect(kinds(await retry.answer)).toEqual(['duplicate', 'duplicate']);
    expect(harness.folded()).toHaveLength(2);
  });

  it('is outcome_unknown, too, when it has been published: it may come by the queue', async () => {
    const held = gate();
    const publishing = createTrackedPublishing({
      publisher: { ...unusedPublisher, publish: async () => 'timeout' },
      ownConsumer: true,
      lost$: new Subject(),
      maxKept: { events: 10, bytes: 1_000_000 },
      now: Date.now,
    });
    const harness = await path({
      publishing,
      wrap: hookCommit(async (batch, commit) => {
        await held.opened;
        return commit(batch);
      }),
    });
    const first = harness.send([pageView()]);
    await eventually(() => expect(first.member.handed).toBe(true));
    const event = pageView();
    const late = harness.send([event], Date.now());
    await eventually(() => expect(harness.path.committer.inFlight()).toBe(2));
    harness.path.committer.sweep(Date.now() + 1);
    expect(await late.answer).toEqual({ kind: 'outcome-unknown', eventIds: [event.row.event_id] });
    expect(late.member.handed).toBe(false);
    held.open();
    await first.released;
  });

  it('leaves no claim behind when a dead letter cannot be written, and promises nothing', async () => {
    const harness = await path({
      wrap: hookCommit(async (batch, commit) =>
        batch.deadLetters.some(({ payload }) => payload === 'poison') ||
        batch.events.some(({ event }) => event.row.payload === 'poison')
          ? { kind: 'failed', failure: 'data', code: 'TEST', message: 'refused' }
          : commit(batch),
      ),
    });
    const good = pageView();
    const sent = harness.send(
      [good, brokenLetter('poison'), pageView({ payload: 'poison' })],
      Date.now() + 60_000,
    );
    expect(await sent.answer).toMatchObject({ kind: 'outcome-unknown' });
    await sent.released;
    expect(harness.path.claimsInFlight()).toBe(0);
    expect(kinds(await harness.send([good]).answer)).toEqual(['duplicate']);
    expect(harness.path.committer.inFlight()).toBe(0);
  });

  it('never lets two requests wait for each other', async () => {
    const harness = await path();
    const [a, b, c] = [pageView(), pageView(), pageView()];
    const sent = [harness.send([a, b]), harness.send([b, c, a]), harness.send([c, a, b])];
    const answers = await Promise.all(sent.map(({ answer }) => answer));
    expect(answers.map(kinds)).toEqual([
      ['stored', 'stored'],
      ['duplicate', 'stored', 'duplicate'],
      ['duplicate', 'duplicate', 'duplicate'],
    ]);
  });
});

describe('rule 10: a published event that its queue has lost', () => {
  it('outlives a warehouse that is away for so long that all is given back', async () => {
    let cut = true;
    const lost = new Subject<void>();
    const publishing = createTrackedPublishing({
      publisher: { ...unusedPublisher, publish: async () => 'confirmed' },
      ownConsumer: true,
      lost$: lost,
      maxKept: { events: 10, bytes: 1_000_000 },
      now: Date.now,
    });
    const harness = await path({
      publishing,
      giveBackAfterMs: 100,
      wrap: (engine) =>
        hookCommit(async (batch, commit) => (cut ? away : commit(batch)), {
          ping: async () => !cut && engine.ping(),
          probe: async () => !cut && engine.probe(),
        })(engine),
    });
    // one is in doubt when all is given back, the other waits behind it
    const events = [pageView(), pageView()];
    for (const event of events) {
      expect(kinds(await harness.send([event]).answer)).toEqual(['published']);
      lost.next();
    }
    await eventually(() => expect(harness.given.back).toBe(1));
    cut = false;
    await eventually(() => expect(harness.path.committer.inFlight()).toBe(0));
    expect((await harness.rows(bronze)).map(([id]) => id).sort()).toEqual(
      events.map((event) => event.row.event_id).sort(),
    );
    expect(harness.folded()).toHaveLength(2);
    expect(harness.path.claimsInFlight()).toBe(0);
  });
});

describe('rule 11: the warehouse away for long', () => {
  it.each([
    ['durable', 1],
    ['absent', 0],
  ])('gives all back; a batch in doubt that is %s counts so', async (how, stored) => {
    let cut = true;
    const harness = await path({
      giveBackAfterMs: 100,
      wrap: (engine) =>
        hookCommit(
          async (batch, commit) => {
            if (!cut) return commit(batch);
            if (how === 'durable') await commit(batch);
            return away;
          },
          {
            ping: async () => !cut && engine.ping(),
            lookUp: async (fingerprints) => {
              if (cut) throw new Error('away');
              return engine.lookUp(fingerprints);
            },
          },
        )(engine),
    });
    const inDoubt = pageView();
    const handed = harness.send([inDoubt]);
    await eventually(() => expect(handed.member.handed).toBe(true));
    const waiting = harness.send([pageView(), inDoubt]);
    const gone = { kind: 'unavailable', reason: 'warehouse_away' };
    expect(await waiting.answer).toEqual(gone);
    expect(await handed.answer).toEqual(gone);
    expect(harness.given).toEqual({ back: 1, again: 0 });
    cut = false;
    await eventually(() => expect(harness.given.again).toBe(1));
    await handed.released;
    expect(harness.folded()).toHaveLength(stored);
    const again = await harness.send([inDoubt]).answer;
    expect(kinds(again)).toEqual([stored === 1 ? 'duplicate' : 'stored']);
    expect(await count(harness, 'select count(*) from bronze.page_view_events')).toBe(1);
    expect(harness.folded()).toEqual([inDoubt.row.event_id]);
  });
});

describe('rule 12: a maybe leaves the batch', () => {
  it('never holds back new rows while old ids are looked up', async () => {
    const held = gate();
    const harness = await path({
      cacheSize: 1,
      wrap: (engine) =>
        hookCommit((batch, commit) => commit(batch), {
          lookUp: async (fingerprints) => {
            await held.opened;
            return engine.lookUp(fingerprints);
          },
        })(engine),
    });
    const old = pageView();
    await harness.send([old]).answer;
    await harness.send([pageView()]).answer;
    const maybe = harness.send([old]);
    expect(kinds(await harness.send([pageView()]).answer)).toEqual(['stored']);
    held.open();
    expect(kinds(await maybe.answer)).toEqual(['duplicate']);
  });

  it('keeps the verdict with the claim: absent is new, the filter is not asked again', async () => {
    const asked: string[] = [];
    let failures = 2;
    const harness = await path({
      wrap: (engine) =>
        hookCommit(
          async (batch, commit) => {
            if (failures === 0) return commit(batch);
            failures -= 1;
            return away;
          },
          {
            surelyNew: (fingerprint) => {
              asked.push(fingerprint);
              return false;
            },
          },
        )(engine),
    });
    const event = pageView();
    expect(kinds(await harness.send([event]).answer)).toEqual(['stored']);
    expect(asked).toEqual([event.fingerprint]);
  });

  it('believes no answer that is older than a commit', async () => {
    const [answers, commits] = [[gate(), gate()], gate()];
    const event = pageView();
    let asked = 0;
    let read = 0;
    const harness = await path({
      cacheSize: 1,
      wrap: (engine) =>
        hookCommit(
          async (batch, commit) => {
            await commits.opened;
            return commit(batch);
          },
          {
            surelyNew: (fingerprint) => fingerprint !== event.fingerprint,
            lookUp: async (fingerprints) => {
              const mine = answers[asked];
              asked += 1;
              const found = await engine.lookUp(fingerprints);
              read += 1;
              await mine?.opened;
              return found;
            },
          },
        )(engine),
    });
    const gone = harness.send([event], Date.now());
    await eventually(() => expect(read).toBe(1));
    harness.path.committer.sweep(Date.now() + 1);
    expect((await gone.answer).kind).toBe('unavailable');
    const sent = harness.send([event]);
    answers[0]?.open();
    await eventually(() => expect(sent.member.handed).toBe(true));
    await eventually(() => expect(harness.path.maybes() === 0 || read === 2).toBe(true));
    commits.open();
    expect(kinds(await sent.answer)).toEqual(['stored']);
    // it is pushed out of the LRU, so that only a look-up knows it
    expect(kinds(await harness.send([pageView()]).answer)).toEqual(['stored']);
    const again = harness.send([event]);
    answers[1]?.open();
    expect(kinds(await again.answer)).toEqual(['duplicate']);
    expect(await count(harness, 'select count(*) from bronze.page_view_events')).toBe(2);
  });

  it('refuses HTTP senders of old ids beyond a quarter of the places', async () => {
    const held = gate();
    const harness = await path({
      cacheSize: 1,
      maxMaybes: 2,
      wrap: (engine) =>
        hookCommit((batch, commit) => commit(batch), {
          surelyNew: () => false,
          lookUp: async (fingerprints) => {
            await held.opened;
            return engine.lookUp(fingerprints);
          },
        })(engine),
    });
    const soon = Date.now() + 60_000;
    const sent = Array.from({ length: 4 }, () => harness.send([pageView()], soon));
    const refused = await Promise.all([sent[2]?.answer, sent[3]?.answer]);
    expect(refused).toEqual(Array(2).fill({ kind: 'unavailable', reason: 'overloaded' }));
    held.open();
    expect(kinds((await sent[0]?.answer) as Settlement)).toEqual(['stored']);
    expect(kinds((await sent[1]?.answer) as Settlement)).toEqual(['stored']);
  });
});
