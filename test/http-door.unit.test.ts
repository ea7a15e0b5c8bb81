import { describe, expect, it } from 'vitest';
import type { Outcome } from '../ingest/delivery.ts';
import { createAdmission } from '../ingest/http/admission.ts';
import { summarise } from '../ingest/http/batch-reply.ts';
import { createMinuteCounter, secondsToNextMinute } from '../ingest/http/minute-counter.ts';
import { addressKey, cleanAddress, hasForwardingHeader, isLoopback } from '../ingest/http/peer.ts';
import { refusals } from '../ingest/http/refusal.ts';
import { createRequestIds } from '../ingest/http/request-id.ts';
import { splitBody } from '../ingest/http/split.ts';
import { statusOf } from '../ingest/http/verdict.ts';
import { sessionOf } from '../ingest/tracking/session.ts';

describe('addresses', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['2001:db8::1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1%eth0'],
    ['unknown', undefined],
    ['203.0.113.9:443', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%j is read as %j', (given, read) => {
    expect(cleanAddress(given)).toBe(read);
  });

  it.each([
    ['203.0.113.9', '203.0.113.9'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::ffff', '2001:db8:1:2::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    [undefined, 'unknown'],
  ])('%j is counted under %j', (address, key) => {
    expect(addressKey(address)).toBe(key);
  });

  it('knows loopback and forwarding headers', () => {
    expect(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'].every(isLoopback)).toBe(true);
    expect(['128.0.0.1', '::2', '::ffff:128.0.0.1', '10.0.0.1', undefined].some(isLoopback)).toBe(false);
    expect(hasForwardingHeader({ host: 'x' })).toBe(false);
    expect(hasForwardingHeader({ forwarded: '' })).toBe(true);
    expect(hasForwardingHeader({ 'x-real-ip': '1.1.1.1' })).toBe(true);
    expect(hasForwardingHeader({ 'x-forwarded-for': '1.1.1.1' })).toBe(true);
  });
});

describe('admission', () => {
  it('is bounded by events and by bytes, whichever is first, and takes nothing when it refuses', () => {
    const admission = createAdmission({ maxEvents: 10, maxBytes: 100, maxReceivingBytes: 5 });
    expect(admission.tryEnter(10, 50)).toBe(true);
    expect(admission.tryEnter(1, 1)).toBe(false);
    admission.leave(9, 0);
    expect(admission.tryEnter(1, 51)).toBe(false);
    expect(admission.tryEnter(1, 50)).toBe(true);
    expect([admission.inflightEvents(), admission.inflightBytes()]).toEqual([2, 100]);
    expect([admission.tryReceive(5), admission.tryReceive(1), admission.receivingBytes()]).toEqual([
      true,
      false,
      5,
    ]);
    admission.received(5);
    expect(admission.tryReceive(5)).toBe(true);
  });
});

describe('the minute counter', () => {
  it('counts within the minute of the clock and forgets the least recent key beyond its bound', () => {
    const counter = createMinuteCounter(2);
    counter.add('a', 3, 59_999);
    counter.add('a', 1, 59_999);
    expect(counter.used('a', 59_999)).toBe(4);
    counter.add('b', 1, 59_999);
    counter.add('c', 1, 59_999);
    expect([counter.used('a', 59_999), counter.used('c', 59_999)]).toEqual([0, 1]);
    expect(counter.used('c', 60_000)).toBe(0);
    expect(counter.used('c', 59_999)).toBe(0);
  });

  it.each([
    [0, 60],
    [1, 60],
    [59_000, 1],
    [59_999, 1],
    [60_001, 60],
  ])('at %i ms the next minute is %i s away', (now, seconds) => {
    expect(secondsToNextMinute(now)).toBe(seconds);
  });
});

describe('splitting', () => {
  it('keeps the text of a single event, and has none for the elements of a batch', () => {
    expect(splitBody({ a: 1 }, '{"a":1}', 7)).toEqual({
      kind: 'one',
      messages: [{ kind: 'parsed', value: { a: 1 }, text: '{"a":1}' }],
    });
    expect(splitBody([{ a: 1 }], '[{"a":1}]', 9)).toEqual({
      kind: 'many',
      messages: [{ kind: 'parsed', value: { a: 1 }, text: undefined }],
    });
  });

  it('measures bytes, not characters', () => {
    const event = { note: 'අ'.repeat(22_000) };
    const text = JSON.stringify([event]);
    expect(text.length).toBeLessThan(65_536);
    expect(splitBody([event], text, Buffer.byteLength(text))).toMatchObject({ kind: 'too_large', index: 0 });
  });
});

describe('replies', () => {
  it('maps each reason to the status of the table', () => {
    expect(statusOf('invalid_json')).toBe(400);
    expect(statusOf('event_id_conflict')).toBe(409);
    expect(statusOf('too_large')).toBe(413);
    for (const reason of [
      'invalid_event_shape',
      'missing_event_type',
      'unknown_event_type',
      'validation_error:click',
      'timestamp_out_of_range',
      'db_insert_failed',
    ] as const) {
      expect(statusOf(reason)).toBe(422);
    }
  });

  it('counts every outcome of a batch exactly once', () => {
    const outcomes: Outcome[] = [
      { kind: 'stored', eventId: 'a' },
      { kind: 'published', eventId: 'b', routingKey: 'ui.click' },
      { kind: 'duplicate', eventId: 'c' },
      { kind: 'dead-lettered', eventId: 'd', stage: 'identify', reason: 'event_id_conflict', issues: [] },
      { kind: 'rejected', eventId: undefined, reason: 'too_large', issues: [] },
    ];
    const { results, ...counts } = summarise(outcomes);
    expect(counts).toEqual({ accepted: 2, duplicates: 1, dead_lettered: 1, rejected: 1 });
    expect(results).toHaveLength(outcomes.length);
    expect(results[4]).toMatchObject({ event_id: null, status: 'rejected', error: { code: 'too_large' } });
  });

  it('tells every sender that may come again when to do so', () => {
    for (const { status, retryAfter } of Object.values(refusals)) {
      expect(retryAfter !== undefined).toBe(status === 503 || status === 429);
    }
  });

  it('makes ids that do not repeat', () => {
    const [one, other] = [createRequestIds(), createRequestIds()];
    expect(new Set([one(), one(), other(), other()]).size).toBe(4);
  });
});

describe('the session of an event', () => {
  it.each([
    [{ session_id: ' a ' }, 'a'],
    [{ sessionId: 'a', session_id: '' }, 'a'],
    [{ properties: { session_id: 'p' }, meta: { session_id: 'm' } }, 'm'],
    [{ session_id: '0B7E3B2A-6A55-4A6E-9F43-0A8F1FB1B7C1' }, '0b7e3b2a-6a55-4a6e-9f43-0a8f1fb1b7c1'],
    [{ session_id: 7 }, '7'],
    [{ session_id: 'x'.repeat(65) }, undefined],
    [{ session_id: {} }, undefined],
    [{}, undefined],
    [null, undefined],
    [[{ session_id: 'a' }], undefined],
  ])('of %j is %j', (event, session) => {
    expect(sessionOf(event)).toBe(session);
  });
});
