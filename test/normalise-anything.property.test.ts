import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Origin } from '../ingest/delivery.ts';
import { anyBody, lengths, types, wholes } from './support/any-body.ts';
import { amqpOrigin, collectorOrigin, judge, trackOrigin } from './support/ingesting.ts';

/*
 * Whatever comes, by whichever road: nothing is thrown, a letter has a reason and is bounded, and a row fits its
 * columns, so that one that passed validation cannot fail its INSERT.
 */

const required = [
  'service',
  'endpoint',
  'method',
  'status_code',
  'response_time_ms',
  'execution_time_ms',
  'event_type',
];

const origins: fc.Arbitrary<Origin> = fc.oneof(
  fc.constantFrom(trackOrigin(), trackOrigin({ typedRoute: 'click' }), collectorOrigin()),
  fc
    .tuple(
      fc.constantFrom(...types, 'ui.page_view', 'ui.nothing', 'k'.repeat(200)),
      fc.option(fc.string(), { nil: undefined }),
      fc.constantFrom(undefined, 'kada-tracking'),
    )
    .map(([key, id, appId]) => amqpOrigin(key, { messageId: id, correlationId: id, appId })),
);

const reason = /^(missing_event_type|unknown_event_type|timestamp_out_of_range|validation_error:[a-z_.]+)$/;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const sha256 = /^[0-9a-f]{64}$/;
const unsound = /\p{Surrogate}|\0/u;

const check = (row: Readonly<Record<string, unknown>>): void => {
  for (const [column, found] of Object.entries(row)) {
    if (typeof found === 'string') {
      expect(found.length, column).toBeLessThanOrEqual(lengths[column] ?? Number.POSITIVE_INFINITY);
      expect(unsound.test(found), column).toBe(false);
      // 'a' = 'a ' on SQL Server; the payload is what came
      if (column !== 'payload' && column !== 'page_path') expect(found, column).toBe(found.trim());
      if (column in lengths) expect(found, column).not.toBe('');
    } else if (typeof found === 'number') {
      expect(Number.isFinite(found) && !Object.is(found, -0), column).toBe(true);
      if (wholes.includes(column)) {
        expect(Number.isInteger(found) && Math.abs(found) <= 2_147_483_647, column).toBe(true);
      }
    } else {
      expect(found, column).toBeNull();
      expect(required, column).not.toContain(column);
    }
  }
};

describe('whatever comes', () => {
  it('is a row that fits, or a letter with a reason', () => {
    let events = 0;
    let letters = 0;
    fc.assert(
      fc.property(anyBody, origins, fc.constantFrom('truncated', 'full', 'none'), (what, origin, storeIp) => {
        const judged = judge(what, origin, { storeIp: storeIp as 'truncated' | 'full' | 'none' });
        if (judged.kind === 'dead-letter') {
          letters += 1;
          const { letter } = judged;
          expect(letter.reason).toMatch(reason);
          expect(letter.fingerprint).toMatch(sha256);
          expect(letter.issues.length).toBeGreaterThan(0);
          expect(letter.issues.length).toBeLessThanOrEqual(20);
          expect(Buffer.byteLength(letter.detail)).toBeLessThanOrEqual(4_096);
          expect(() => JSON.parse(letter.context)).not.toThrow();
          return;
        }
        events += 1;
        const { event } = judged;
        check({ ...event.row });
        expect(event.row.event_id).toMatch(uuid);
        expect(event.fingerprint).toMatch(sha256);
        expect(event.contentHash).toMatch(sha256);
        expect(Math.abs(event.row.event_timestamp - event.row.received_at)).toBeLessThanOrEqual(
          365 * 86_400_000,
        );
        expect(JSON.parse(event.row.meta)).toBeTypeOf('object');
        if (event.table !== 'business_events') return;
        const { amount } = event.row;
        expect(
          amount === null || (Number.isInteger(amount) && amount >= 0 && amount <= 999_999_999_999),
        ).toBe(true);
        for (const item of event.items) check({ ...item });
      }),
      { numRuns: 2_000, endOnFailure: true },
    );
    expect(Math.min(events, letters)).toBeGreaterThan(200);
  });
});
