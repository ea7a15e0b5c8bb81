import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { letterClaim } from '../ingest/dead-letter.ts';
import type { DeadLetter, DeadLetterReason } from '../ingest/event.ts';
import { sha256 } from '../ingest/identity.ts';
import type { DeadMessage } from '../ingest/rabbitmq/dead-message.ts';
import { batchOf } from './support/bronze-rows.ts';
import { amqpOrigin, eventOf, isoAt, judge, least, letterFrom, receivedAt } from './support/ingesting.ts';
import { openReplaying, type Replaying } from './support/replaying.ts';

/** Messages of the broker's dead-letter queue over the real commit path and a real DuckDB file (events.md 7). */
let replaying: Replaying;
beforeEach(async () => {
  replaying = await openReplaying();
});
afterEach(async () => {
  await replaying.close();
});

const order = (n: number, data: object = {}) => ({
  eventId: `00000001-0000-4000-8000-${String(n).padStart(12, '0')}`,
  eventType: 'order.created',
  occurredAt: isoAt(-90_000),
  data: { orderId: `O-${n}`, userId: 'u-1', subtotal: 120.5, currency: 'LKR', ...data },
});

const dead = (body: unknown, key = 'order.created'): DeadMessage => {
  const origin = amqpOrigin(key);
  if (origin.road !== 'amqp') throw new Error('no message of a broker');
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { origin, receivedAt, message: { kind: 'bytes', bytes: Buffer.from(text) } };
};

const outcomes = async (messages: readonly DeadMessage[], dryRun = false): Promise<readonly string[]> =>
  (await replaying.office.drain(messages, dryRun)).map((result) =>
    'reason' in result ? `${result.outcome} ${result.reason}` : result.outcome,
  );
const everything = async () => [
  await replaying.rows('SELECT * FROM ops.dead_letter_events ORDER BY fingerprint'),
  await replaying.rows('SELECT * EXCLUDE (ingest_seq) FROM bronze.business_events ORDER BY event_id'),
  await replaying.rows('SELECT fingerprint FROM ops.event_fingerprints ORDER BY fingerprint'),
];

describe('a message without a letter', () => {
  test('becomes its letter, or an event; again, it changes nothing; a dry run says so before', async () => {
    await replaying.warehouse.commit(batchOf([eventOf(judge(order(2), amqpOrigin('order.created')))]));
    const messages = [
      dead(order(1)),
      dead(order(1)),
      dead(order(2)),
      dead(order(2, { subtotal: 1 })),
      dead(order(3, { orderId: null })),
      dead(order(3, { orderId: null })),
      dead('{'),
      dead({ element_id: 'b' }, 'ui.unheard_of'),
    ];
    const expected = [
      'stored',
      'duplicate',
      'duplicate',
      'dead_lettered event_id_conflict',
      'dead_lettered validation_error:order.created',
      'known validation_error:order.created',
      'dead_lettered invalid_json',
      'dead_lettered unknown_event_type',
    ];
    const before = await everything();
    expect(await outcomes(messages, true)).toEqual(expected);
    expect(await everything()).toEqual(before);
    expect(await outcomes(messages)).toEqual(expected);
    const after = await everything();
    expect(after[0]).toHaveLength(4);
    expect(after[0]?.map(({ seen, source }) => [seen, source])).toEqual(
      Array.from({ length: 4 }, () => [1, 'rabbitmq']),
    );
    expect(await outcomes(messages)).toEqual([
      'duplicate',
      'duplicate',
      'duplicate',
      'known ',
      'known validation_error:order.created',
      'known validation_error:order.created',
      'known invalid_json',
      'known unknown_event_type',
    ]);
    expect(await everything()).toEqual(after);
  });
});

/** The letter that this body became under another contract. */
const letterOnce = (body: object, reason: DeadLetterReason, key = 'order.created'): DeadLetter => {
  const payload = JSON.stringify(body);
  return {
    ...letterFrom(judge('[]', amqpOrigin(key))),
    payload,
    reason,
    fingerprint: letterClaim('rabbitmq', reason, sha256(payload)),
  };
};
const payment = { eventId: 'p-1', eventType: 'payment.completed', data: { orderId: 'O-1', amount: 5 } };
const click = { ...least.click, event_id: '00000002-0000-4000-8000-000000000001', event_type: 'click' };

describe('a message that has its letter', () => {
  test.each<readonly [string, object, DeadLetterReason, string]>([
    ['is a valid order now', order(1), 'validation_error:order.created', 'known '],
    ['is a valid payment now', payment, 'validation_error:payment.completed', 'known '],
    ['is a valid click now', click, 'validation_error:click', 'known '],
    [
      'had another reason',
      order(1, { orderId: null }),
      'timestamp_out_of_range',
      'known validation_error:order.created',
    ],
    ['was refused by the database', order(1), 'db_insert_failed', 'known '],
  ])('%s: it is left to its letter, and to its replay', async (_name, body, reason, outcome) => {
    await replaying.keep(letterOnce(body, reason));
    const before = await everything();
    expect(await outcomes([dead(body), dead(body)], true)).toEqual([outcome, outcome]);
    expect(await outcomes([dead(body), dead(body)])).toEqual([outcome, outcome]);
    expect(await everything()).toEqual(before);
  });

  test('failed again with another reason: still one letter', async () => {
    const body = order(1, { orderId: null });
    const letter = letterOnce(body, 'unknown_event_type');
    await replaying.keep(letter);
    await replaying.replay([letter.id]);
    const before = await everything();
    expect(before[0]).toMatchObject([{ reason: 'validation_error:order.created', attempts: 1 }]);
    expect(await outcomes([dead(body)])).toEqual(['known validation_error:order.created']);
    expect(await everything()).toEqual(before);
  });

  test('stays discarded', async () => {
    const letter = letterFrom(judge('[]', amqpOrigin('order.created')));
    await replaying.keep(letter);
    await replaying.office.discard([letter.id], 'a test');
    const before = await everything();
    expect(await outcomes([dead('[]')])).toEqual(['known invalid_event_shape']);
    expect(await everything()).toEqual(before);
  });
});
