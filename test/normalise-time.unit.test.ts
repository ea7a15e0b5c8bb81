import { describe, expect, it } from 'vitest';
import { readTime } from '../ingest/time.ts';
import {
  amqpOrigin,
  collectorOrigin,
  eventOf,
  isoAt,
  judge,
  least,
  letterFrom,
  metaOf,
  receivedAt,
  throughBroker,
  trackOrigin,
} from './support/ingesting.ts';

/*
 * Clocks: what is read as a time, which time is used, and what is out of range.
 */

const { page_view } = least;
const track = trackOrigin();
const collector = collectorOrigin();
const noon = Date.UTC(2026, 10, 24, 12);

describe('what is read as a time', () => {
  it.each([
    ['2026-11-24T12:00:00Z', 0, true],
    ['2026-11-24T12:00:00.123Z', 123, true],
    ['2026-11-24T12:00:00.1Z', 100, true],
    ['2026-11-24T12:00:00.12Z', 120, true],
    ['2026-11-24T12:00:00.1239999Z', 123, true],
    ['2026-11-24T12:00:00.9999999Z', 999, true],
    ['2026-11-24T12:00:00.1239999', 123, false],
    ['2026-11-24T12:00:00', 0, false],
    ['2026-11-24 12:00:00', 0, false],
    ['2026-11-24T12:00', 0, false],
    ['2026-11-24T12:00Z', 0, true],
    ['2026-11-24', -12 * 3_600_000, false],
    ['2026-11-24T17:30:00+05:30', 0, true],
    ['2026-11-24T17:30:00+0530', 0, true],
    ['2026-11-24T14:00:00+02', 0, true],
    ['2026-11-24T06:30:00.5-05:30', 500, true],
    ['2026-11-24t12:00:00z', 0, true],
    [' 2026-11-24T12:00:00Z ', 0, true],
    ['2026-11-29T12:00:00.000Z', 5 * 86_400_000, true],
    ['2024-02-29T12:00:00.000Z', Date.UTC(2024, 1, 29, 12) - noon, true],
    [noon, 0, true],
    [noon + 0.9, 0, true],
    [noon / 1_000, 0, true],
    [noon / 1_000 + 0.123, 123, true],
    [String(noon), 0, true],
    [String(noon / 1_000), 0, true],
    [1e12, 1e15 - noon, true],
    [1e12 + 1, 1e12 + 1 - noon, true],
  ])('%s', (value, offset, zoned) => {
    expect(readTime(value)).toEqual({ ms: noon + offset, zoned });
  });

  it.each([
    '',
    'yesterday',
    '24/11/2026',
    'Tue, 24 Nov 2026 12:00:00 GMT',
    '2026-11-24T12:00:00.12345678Z',
    '2026-11-24T12:00:00.Z',
    '2026-13-01T00:00:00Z',
    '2026-00-10T00:00:00Z',
    '2026-02-30T00:00:00.000Z',
    '2026-02-29T12:00:00.000Z',
    '2026-11-31T12:00:00Z',
    '2026-11-24T24:00:00.000Z',
    '2026-11-24T12:60:00.000Z',
    '2026-11-24T12:00:60.000Z',
    '2026-11-24T1x:00:00.000Z',
    '2026-11-24T12:00:00+24:00',
    '2026-11-24T12:00:00+05:60',
    '2026-11-24Z',
    '2026',
    '12345',
    true,
    {},
    [],
    1e300,
    -1e300,
  ])('not %j', (value) => {
    expect(readTime(value)).toBeUndefined();
  });
});

describe('a time that cannot be read is an error, not the next best', () => {
  it.each(['soon', true, {}, [noon], '2026-02-30T00:00:00Z'])('%j', (event_timestamp) => {
    for (const [body, origin, reason] of [
      [page_view, track, 'validation_error:page_view'],
      [page_view, amqpOrigin('ui.page_view'), 'validation_error:page_view'],
      [{ event_type: 'order.paid', order_id: 'o' }, collector, 'validation_error:order.paid'],
      [{ order_id: 'o' }, amqpOrigin('order.paid', { timestamp: receivedAt }), 'validation_error:order.paid'],
    ] as const) {
      const letter = letterFrom(judge({ ...body, event_timestamp, occurredAt: isoAt(0) }, origin));
      expect(letter.reason).toBe(reason);
      expect(letter.issues).toMatchObject([{ path: 'event_timestamp', code: 'invalid_timestamp' }]);
    }
  });
  it('sent_at too, where it is used', () => {
    const body = { ...page_view, event_timestamp: isoAt(0), sent_at: 'soon' };
    expect(letterFrom(judge(body, track)).issues).toMatchObject([{ path: 'sent_at' }]);
    expect(eventOf(judge(body, amqpOrigin('ui.page_view'))).row.event_timestamp).toBe(receivedAt);
  });
  it('the collector wants a zone', () => {
    const naive = '2026-11-24T12:00:00';
    const body = { ...page_view, event_timestamp: naive };
    expect(letterFrom(judge(body, collector)).issues).toMatchObject([
      { path: 'event_timestamp', code: 'missing_zone' },
    ]);
    expect(eventOf(judge(body, track)).row.event_timestamp).toBe(noon);
    expect(eventOf(judge(body, amqpOrigin('ui.page_view'))).row.event_timestamp).toBe(noon);
    for (const zoned of [`${naive}Z`, noon, noon / 1_000]) {
      expect(eventOf(judge({ ...body, event_timestamp: zoned }, collector)).row.event_timestamp).toBe(noon);
    }
  });
});

describe('which time is used over HTTP', () => {
  const clientAt = (skew: number) => receivedAt - skew - 1_000;
  const used = (skew: number, origin = track) =>
    eventOf(judge({ ...page_view, event_timestamp: clientAt(skew), sent_at: receivedAt - skew }, origin)).row;
  it.each([
    [-2_000, 0],
    [-1, 0],
    [0, 0],
    [5_000, 0],
    [60_000, 0],
    [-2_001, -2_001],
    [-3_600_000, -3_600_000],
    [60_001, 60_001],
    [7_200_000, 7_200_000],
  ])('a skew of %i ms moves it by %i', (skew, moved) => {
    for (const origin of [track, collector]) {
      expect(used(skew, origin)).toMatchObject({
        event_timestamp: clientAt(skew) + moved,
        client_timestamp: clientAt(skew),
        received_at: receivedAt,
      });
    }
  });
  const client = clientAt(0);
  it('without sent_at the client is believed, without a time the receipt', () => {
    expect(eventOf(judge({ ...page_view, event_timestamp: client }, track)).row).toMatchObject({
      event_timestamp: client,
      client_timestamp: client,
    });
    expect(eventOf(judge({ ...page_view, sent_at: isoAt(-7_200_000) }, track)).row).toMatchObject({
      event_timestamp: receivedAt,
      client_timestamp: null,
    });
  });
  it('a time in properties or data is no time of a web event', () => {
    const body = { ...page_view, properties: { timestamp: isoAt(-1_000) }, data: { ts: isoAt(-1_000) } };
    expect(eventOf(judge(body, track)).row.event_timestamp).toBe(receivedAt);
  });
});

describe('which time is used over AMQP', () => {
  const amqp = amqpOrigin('order.paid', { timestamp: receivedAt - 9_000 });
  it('the body, else the property, else the receipt; nothing is corrected', () => {
    const body = { order_id: 'o', occurredAt: isoAt(-7_200_000), sent_at: isoAt(-7_200_000) };
    expect(eventOf(judge(body, amqp)).row).toMatchObject({
      event_timestamp: receivedAt - 7_200_000,
      client_timestamp: receivedAt - 7_200_000,
    });
    expect(eventOf(judge({ order_id: 'o' }, amqp)).row).toMatchObject({
      event_timestamp: receivedAt - 9_000,
      client_timestamp: receivedAt - 9_000,
    });
    expect(eventOf(judge({ order_id: 'o' }, amqpOrigin('order.paid'))).row).toMatchObject({
      event_timestamp: receivedAt,
      client_timestamp: null,
    });
  });
  it('our own messages keep their clocks and their source; others do not', () => {
    const client = receivedAt - 5_000;
    const direct = eventOf(
      judge({ ...page_view, event_timestamp: client, sent_at: receivedAt + 4_000 }, track),
    );
    expect(direct.row.event_timestamp).toBe(client - 4_000);
    expect(eventOf(throughBroker(direct, 600_000)).row).toMatchObject({
      event_timestamp: client - 4_000,
      client_timestamp: client,
      received_at: receivedAt,
      source: 'tracking',
    });
    const foreign = { ...page_view, event_timestamp: client, received_at: isoAt(-86_400_000) };
    expect(eventOf(judge(foreign, amqpOrigin('ui.page_view'))).row).toMatchObject({
      received_at: receivedAt,
      source: 'rabbitmq',
    });
  });
});

describe('the accepted range', () => {
  const year = 365 * 86_400_000;
  it.each([
    [-year, true],
    [-year - 1, false],
    [600_000, true],
    [600_001, false],
  ])('%i ms: %s', (offset, accepted) => {
    for (const [body, origin] of [
      [page_view, track],
      [page_view, collector],
      [page_view, amqpOrigin('ui.page_view')],
      [{ order_id: 'o' }, amqpOrigin('order.paid')],
      [{ event_type: 'db_query_perf', service: 's', execution_time_ms: 1 }, collector],
    ] as const) {
      const judged = judge({ ...body, event_timestamp: receivedAt + offset }, origin);
      if (accepted) {
        expect(eventOf(judged).row.event_timestamp).toBe(receivedAt + offset);
        continue;
      }
      const letter = letterFrom(judged);
      expect(letter).toMatchObject({ stage: 'validate', reason: 'timestamp_out_of_range' });
      expect(JSON.parse(letter.context)).toMatchObject({
        client_timestamp: receivedAt + offset,
        event_timestamp: receivedAt + offset,
        fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
        content_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      });
    }
  });
  it('is judged after the correction', () => {
    const ahead = { ...page_view, event_timestamp: receivedAt + 3_600_000, sent_at: receivedAt + 3_600_000 };
    expect(eventOf(judge(ahead, track)).row.event_timestamp).toBe(receivedAt);
    const behind = { ...page_view, event_timestamp: receivedAt - 2 * year, sent_at: receivedAt - 2 * year };
    expect(eventOf(judge(behind, track)).row.event_timestamp).toBe(receivedAt);
  });
  it('a clock that was corrected fits its column, on both roads', () => {
    for (const client of [1e15, -1e11]) {
      const event = eventOf(judge({ ...page_view, event_timestamp: client, sent_at: client }, track));
      for (const { row } of [event, eventOf(throughBroker(event))]) {
        expect(row).toMatchObject({ event_timestamp: receivedAt, client_timestamp: null });
        expect(metaOf(row).marks).toEqual({ client_timestamp: 'not_valid' });
      }
    }
    const last = Date.UTC(9999, 11, 31);
    const event = eventOf(judge({ ...page_view, event_timestamp: last, sent_at: last }, track));
    for (const { row } of [event, eventOf(throughBroker(event))]) expect(row.client_timestamp).toBe(last);
  });
  it('times beyond what a date can hold are told, not thrown', () => {
    const body = { ...page_view, event_timestamp: 8.639e15, sent_at: 1 };
    expect(letterFrom(judge(body, track)).reason).toBe('timestamp_out_of_range');
  });
});
