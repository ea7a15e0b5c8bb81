import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Origin } from '../ingest/delivery.ts';
import type { AnalyticsEvent, DeadLetter } from '../ingest/event.ts';
import type { CommitResult } from '../sinks/warehouse.ts';
import { batchOf } from './support/bronze-rows.ts';
import { hookCommit } from './support/commit-path.ts';
import {
  amqpOrigin,
  collectorOrigin,
  eventOf,
  isoAt,
  judge,
  least,
  letterFrom,
  receivedAt,
  throughBroker,
  trackOrigin,
} from './support/ingesting.ts';
import { letterOfNarrowSchema, openReplaying, type Replaying } from './support/replaying.ts';

/**
 * Replays over the real commit path and a real DuckDB file (commit-protocol.md 6, events.md 7): the claim, the Bronze
 * row and the letter's end in one transaction.
 */
let replaying: Replaying;
beforeEach(async () => {
  replaying = await openReplaying();
});
afterEach(async () => {
  await replaying.close();
});

const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const phone = 'Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36';

/** A body, the road it came by, and what made it a dead letter then. */
interface Case {
  readonly name: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly origin: Origin;
  readonly refused: Readonly<Record<string, unknown>>;
}
const order = {
  eventId: id(1),
  eventType: 'order.created',
  occurredAt: isoAt(-90_000),
  data: { orderId: 'O-1', userId: 'u-1', subtotal: 120.5, currency: 'LKR', paymentMethod: 'COD' },
};
const cases: readonly Case[] = [
  {
    name: 'a page view of a phone with a skewed clock',
    body: { ...least.page_view, event_id: id(2), event_timestamp: isoAt(-600_000), sent_at: isoAt(-599_000) },
    origin: trackOrigin({ userAgent: phone, ip: '203.0.113.9' }),
    refused: { load_time_ms: -1 },
  },
  {
    name: 'a click of a robot on a typed route',
    body: { session_id: 's-1', page_url: '/home', element_id: 'b', event_id: id(3) },
    origin: trackOrigin({
      typedRoute: 'click',
      userAgent: 'Googlebot/2.1 (+http://www.google.com/bot.html)',
    }),
    refused: { element_id: '' },
  },
  {
    name: 'an event without an id but with a time',
    body: { ...least.add_to_cart, event_timestamp: isoAt(-4_000) },
    origin: trackOrigin({ local: true, userAgent: 'curl/8.0' }),
    refused: { quantity: 'many' },
  },
  {
    name: 'an order by the broker',
    body: order,
    origin: amqpOrigin('order.created', { correlationId: 'c-1', messageId: 'm-1' }),
    refused: { data: { ...order.data, orderId: null } },
  },
  {
    name: 'a message that names its type by its key and its time by its property',
    body: { data: { orderId: 'O-2', amount: 10 } },
    origin: amqpOrigin('payment.failed', { timestamp: receivedAt - 7_000 }),
    refused: { data: { amount: 10 } },
  },
  {
    name: 'a request log of the collector',
    body: {
      event_type: 'api_request_log',
      event_timestamp: isoAt(-50),
      service: 'order-service',
      endpoint: '/orders',
      method: 'GET',
      status_code: 200,
      response_time_ms: 0,
    },
    origin: collectorOrigin(),
    refused: { status_code: null },
  },
];

const withoutTexts = (row: Readonly<Record<string, unknown>>): Record<string, unknown> => {
  const { payload: _payload, meta: _meta, ingest_seq: _seq, ...rest } = row;
  return rest;
};
const tableOf = (event: AnalyticsEvent): string => `bronze.${event.table}`;

describe('a letter whose contract has changed is judged as if received then', () => {
  test.each(cases)('$name', async ({ body, origin, refused }) => {
    const event = eventOf(judge(body, origin));
    const letter = letterOfNarrowSchema(body, origin, refused);
    await replaying.keep(letter);
    const [result] = await replaying.replay([letter.id]);
    expect(result).toMatchObject({ id: letter.id, outcome: 'stored', eventId: event.row.event_id });
    const [stored] = await replaying.rows(`SELECT * FROM ${tableOf(event)}`);
    const asThen = await openReplaying();
    await asThen.warehouse.commit(batchOf([event]));
    const [wanted] = await asThen.rows(`SELECT * FROM ${tableOf(event)}`);
    await asThen.close();
    expect(withoutTexts(stored!)).toEqual(withoutTexts(wanted!));
    expect(JSON.parse(String(stored!.meta))).toMatchObject({ replayed_at: expect.any(Number) });
    expect(await replaying.letter(letter.id)).toMatchObject({
      status: 'replayed',
      attempts: 1,
      resolution: `stored ${event.row.event_id}`,
      resolved_at: expect.any(String),
    });
  });

  test('a message of our own tracking API keeps its source and its clocks', async () => {
    const event = eventOf(judge({ ...least.page_view, event_id: id(5) }, trackOrigin()));
    const good = eventOf(throughBroker(event));
    const body = JSON.parse(good.row.payload);
    const origin = amqpOrigin('ui.page_view', { appId: 'kada-tracking', messageId: id(5) });
    const letter = letterOfNarrowSchema(body, origin, { page_url: '' }, { at: receivedAt + 5_000 });
    await replaying.keep(letter);
    await replaying.replay([letter.id]);
    const [row] = await replaying.rows('SELECT source, received_at FROM bronze.page_view_events');
    expect(row).toEqual({ source: 'tracking', received_at: new Date(receivedAt).toISOString() });
  });

  test('events that are always new stand where they would have stood, with the ids they were given', async () => {
    const origin = trackOrigin();
    const letters = [0, 1, 2].map((ordinal) =>
      letterOfNarrowSchema(least.click, origin, { element_id: '' }, { ordinal }),
    );
    await replaying.keep(...letters);
    const ids = letters.map((letter) => letter.id);
    await replaying.replay(ids);
    expect(
      await replaying.rows(
        'SELECT event_id, event_timestamp FROM bronze.click_events ORDER BY event_timestamp',
      ),
    ).toEqual(
      letters.map(({ eventId }, ordinal) => ({
        event_id: eventId,
        event_timestamp: new Date(receivedAt + ordinal).toISOString(),
      })),
    );
    expect((await replaying.replay(ids)).map(({ outcome }) => outcome)).toEqual(ids.map(() => 'resolved'));
    expect(await replaying.rows('SELECT 1 FROM bronze.click_events')).toHaveLength(3);
  });
});

describe('what does not become an event', () => {
  test('a duplicate resolves its letter and stores nothing', async () => {
    const [{ body, origin, refused }] = [cases[3]!];
    const event = eventOf(judge(body, origin));
    await replaying.warehouse.commit(batchOf([event]));
    const letters = [1, 2].map((n) => ({
      ...letterOfNarrowSchema(body, origin, refused),
      fingerprint: String(n).repeat(64),
    }));
    await replaying.keep(...letters);
    const results = await replaying.replay(letters.map((letter) => letter.id));
    expect(results.map(({ outcome }) => outcome)).toEqual(['duplicate', 'duplicate']);
    expect(await replaying.letter(letters[0]!.id)).toMatchObject({
      status: 'replayed',
      resolution: `duplicate ${event.row.event_id}`,
    });
    expect(await replaying.rows('SELECT 1 FROM bronze.business_events')).toHaveLength(1);
  });

  test('what fails again keeps its row, with attempts + 1 and the newest reason', async () => {
    const bad = letterFrom(judge({ ...least.click, element_id: '', event_id: id(7) }, trackOrigin()));
    const letter: DeadLetter = { ...bad, reason: 'unknown_event_type' };
    await replaying.keep(letter);
    const before = await replaying.letter(letter.id);
    for (const attempts of [1, 2]) {
      const [result] = await replaying.replay([letter.id]);
      expect(result).toMatchObject({
        outcome: 'dead_lettered',
        stage: 'validate',
        reason: 'validation_error:click',
        issues: [{ path: 'element_id' }],
      });
      expect(await replaying.letter(letter.id)).toEqual({
        ...before,
        attempts,
        reason: 'validation_error:click',
        detail: bad.detail,
      });
    }
    expect(await replaying.rows('SELECT 1 FROM ops.dead_letter_events')).toHaveLength(1);
    expect(await replaying.rows('SELECT 1 FROM ops.event_fingerprints')).toHaveLength(1);
  });

  test('what could not be read stays so, byte for byte, and can be mended', async () => {
    const bytes = Buffer.from([0xff, 0x7b, 0x00]);
    const letters = [judge('{"event_type": "click",', trackOrigin()), judge('[1]', trackOrigin())].map(
      letterFrom,
    );
    const raw: DeadLetter = {
      ...letters[0]!,
      id: id(20),
      payload: bytes.toString('base64'),
      fingerprint: 'a'.repeat(64),
      context: JSON.stringify({ road: 'track', local: true, payload_encoding: 'base64' }),
    };
    const cut: DeadLetter = {
      ...raw,
      id: id(21),
      fingerprint: 'b'.repeat(64),
      reason: 'too_large',
      payload: '{"event_type"',
      source: 'rabbitmq',
      context: JSON.stringify({
        road: 'amqp',
        routing_key: 'ui.click',
        payload_whole_length: 2_000_000,
        payload_sha256: 'c'.repeat(64),
      }),
    };
    await replaying.keep(...letters, raw, cut);
    const ids = [...letters, raw, cut].map((letter) => letter.id);
    const results = await replaying.replay(ids);
    expect(results.map((result) => (result.outcome === 'dead_lettered' ? result.reason : result))).toEqual([
      'invalid_json',
      'invalid_event_shape',
      'invalid_json',
      'too_large',
    ]);
    // With neither id nor time it would be always new: its letter's own id makes it one event.
    const mended = { [ids[2]!]: least.click };
    expect(await replaying.replay([ids[2]!], mended)).toEqual([
      { id: ids[2], outcome: 'stored', eventId: ids[2] },
    ]);
    expect(await replaying.letter(ids[2]!)).toMatchObject({ resolution: `stored ${ids[2]}, mended` });
  });

  test('an id that came before with other content is a conflict, as its newest reason says', async () => {
    const { body, origin, refused } = cases[3]!;
    await replaying.warehouse.commit(
      batchOf([eventOf(judge({ ...body, data: { ...order.data, subtotal: 1 } }, origin))]),
    );
    const letter = letterOfNarrowSchema(body, origin, refused);
    await replaying.keep(letter);
    const [dry] = await replaying.dryRun([letter.id]);
    const [result] = await replaying.replay([letter.id]);
    expect(result).toMatchObject({
      outcome: 'dead_lettered',
      reason: 'event_id_conflict',
      stage: 'identify',
    });
    expect(dry).toMatchObject({ outcome: 'dead_lettered', reason: 'event_id_conflict' });
    expect(await replaying.letter(letter.id)).toMatchObject({
      status: 'pending',
      attempts: 1,
      stage: 'identify',
      reason: 'event_id_conflict',
    });
    expect(JSON.parse(String((await replaying.letter(letter.id)).detail))).toHaveProperty(
      'stored_content_hash',
    );
  });

  test('a discarded letter is not replayed, and one that is not there is told', async () => {
    const letter = letterOfNarrowSchema(least.click, trackOrigin(), { element_id: '' });
    await replaying.keep(letter);
    expect(await replaying.office.discard([letter.id], 'test traffic')).toEqual([letter.id]);
    expect(await replaying.replay([letter.id, id(99)])).toEqual([
      { id: letter.id, outcome: 'resolved', status: 'discarded', resolution: 'test traffic' },
      { id: id(99), outcome: 'unknown' },
    ]);
  });

  test('a letter that is discarded while it is replayed is told as discarded, and stores nothing', async () => {
    await replaying.close();
    const letter = letterOfNarrowSchema(least.click, trackOrigin(), { element_id: '' });
    let discarded: readonly string[] = [];
    replaying = await openReplaying(
      hookCommit(async (batch, commit) => {
        if (discarded.length === 0) discarded = await replaying.office.discard([letter.id], 'test traffic');
        return await commit(batch);
      }),
    );
    await replaying.keep(letter);
    expect(await replaying.replay([letter.id])).toEqual([
      { id: letter.id, outcome: 'resolved', status: 'discarded', resolution: 'test traffic' },
    ]);
    expect(discarded).toEqual([letter.id]);
    expect(await replaying.rows('SELECT 1 FROM bronze.click_events')).toEqual([]);
  });
});

describe('a dry run', () => {
  test('says what each would become, and changes nothing', async () => {
    const { body, origin, refused } = cases[3]!;
    const twin = { ...letterOfNarrowSchema(body, origin, refused), fingerprint: '9'.repeat(64) };
    const letters = [
      letterOfNarrowSchema(body, origin, refused),
      twin,
      letterFrom(judge({ ...least.click, element_id: '' }, trackOrigin())),
    ];
    await replaying.keep(...letters);
    const everything = async () => [
      await replaying.rows('SELECT * FROM ops.dead_letter_events ORDER BY event_id'),
      await replaying.rows('SELECT * FROM ops.event_fingerprints ORDER BY fingerprint'),
      await replaying.rows('SELECT * FROM bronze.business_events'),
    ];
    const before = await everything();
    const ids = letters.map((letter) => letter.id);
    const dry = await replaying.dryRun(ids);
    expect(dry.map(({ outcome }) => outcome)).toEqual(['stored', 'duplicate', 'dead_lettered']);
    expect(await everything()).toEqual(before);
    expect((await replaying.replay(ids)).map(({ outcome }) => outcome)).toEqual(
      dry.map(({ outcome }) => outcome),
    );
  });
});

describe('exactly once', () => {
  test('two replays of one letter at once make one event, also when they mend it differently', async () => {
    const letters = Array.from({ length: 60 }, (_, n) => ({
      ...letterOfNarrowSchema(least.click, trackOrigin(), { element_id: '' }),
      fingerprint: String(n).padStart(64, '0'),
    }));
    await replaying.keep(...letters);
    const ids = letters.map((letter) => letter.id);
    const mendedBy = (who: string) =>
      Object.fromEntries(
        ids.map((letterId, n) => [
          letterId,
          { ...least.click, element_id: who, event_id: id(who === 'one' ? 1_000 + n : 2_000 + n) },
        ]),
      );
    const [one, two] = await Promise.all([
      replaying.replay(ids, mendedBy('one')),
      replaying.replay(ids, mendedBy('two')),
    ]);
    const outcomes = [...one, ...two].map(({ outcome }) => outcome);
    expect(outcomes.filter((outcome) => outcome === 'stored')).toHaveLength(60);
    expect(new Set(outcomes)).toEqual(new Set(['stored', 'duplicate']));
    const rows = await replaying.rows('SELECT event_id FROM bronze.click_events');
    expect(rows).toHaveLength(60);
    const resolutions = await replaying.rows('SELECT resolution FROM ops.dead_letter_events');
    expect(resolutions.map(({ resolution }) => resolution).sort()).toEqual(
      rows.map(({ event_id }) => `stored ${event_id}, mended`).sort(),
    );
  });

  const answers: readonly (readonly [string, (result: CommitResult) => CommitResult])[] = [
    ['is durable but not told', () => ({ kind: 'failed', failure: 'away', code: 'TEST', message: 'cut' })],
    ['breaks', () => ({ kind: 'failed', failure: 'unknown', code: 'TEST', message: 'cut' })],
  ];
  test.each(answers)('a commit that %s leaves one row and a resolved letter', async (_name, lie) => {
    await replaying.close();
    let calls = 0;
    replaying = await openReplaying(
      hookCommit(async (batch, commit) => {
        calls += 1;
        const result = await commit(batch);
        return calls === 1 ? lie(result) : result;
      }),
    );
    const { body, origin, refused } = cases[3]!;
    const letter = letterOfNarrowSchema(body, origin, refused);
    const bad = letterFrom(judge({ ...least.click, element_id: '' }, trackOrigin()));
    await replaying.keep(letter, bad);
    const results = await replaying.replay([letter.id, bad.id]);
    expect(results.map(({ outcome }) => outcome)).toEqual(['stored', 'dead_lettered']);
    expect(await replaying.rows('SELECT 1 FROM bronze.business_events')).toHaveLength(1);
    expect(await replaying.letter(letter.id)).toMatchObject({ status: 'replayed', attempts: 1 });
    expect(await replaying.letter(bad.id)).toMatchObject({ status: 'pending' });
  });
});
