import { randomUUID } from 'node:crypto';
import { people } from './browser-events.ts';
import type { Lane, SimulatedEvent } from './event.ts';
import type { Random } from './random.ts';

interface Breakage {
  readonly lane: Lane;
  readonly type: string;
  readonly reason: string;
  readonly body: (id: string, time: string) => Readonly<Record<string, unknown>> | string;
}

const page = { session_id: 'sim-broken', page_url: 'http://localhost:3000/cart' };
const twoYearsMs = 2 * 365 * 86_400_000;

/** One way to be wrong each; every body has its id in it, so that its letter stays one letter when it is resent. */
const breakages: readonly [Breakage, ...Breakage[]] = [
  {
    lane: 'web',
    type: 'ui.click',
    reason: 'validation_error:click',
    body: (event_id, event_timestamp) => ({ event_id, event_type: 'click', event_timestamp, ...page }),
  },
  {
    lane: 'web',
    type: 'ui.add_to_cart',
    reason: 'validation_error:add_to_cart',
    body: (event_id, event_timestamp) => ({
      event_id,
      event_type: 'add_to_cart',
      event_timestamp,
      ...page,
      product_id: 'red-rice-5kg',
      quantity: 5_000,
    }),
  },
  {
    lane: 'web',
    type: 'ui.click',
    reason: 'unknown_event_type',
    body: (event_id, event_timestamp) => ({ event_id, event_type: 'ui.teleport', event_timestamp, ...page }),
  },
  {
    lane: 'web',
    type: 'ui.page_view',
    reason: 'invalid_json',
    body: (event_id) => `{"event_id":"${event_id}","event_type":"page_view","session_id":`,
  },
  {
    lane: 'web',
    type: 'ui.page_view',
    reason: 'timestamp_out_of_range',
    body: (event_id, time) => ({
      event_id,
      event_type: 'page_view',
      event_timestamp: new Date(Date.parse(time) - twoYearsMs).toISOString(),
      ...page,
    }),
  },
  {
    lane: 'service',
    type: 'order.created',
    reason: 'validation_error:order.created',
    body: (eventId, occurredAt) => ({
      eventId,
      eventType: 'order.created',
      version: 1,
      occurredAt,
      data: { subtotal: 10, currency: 'LKR', paymentMethod: 'COD' },
    }),
  },
  {
    lane: 'service',
    type: 'review.created',
    reason: 'validation_error:review.created',
    body: (eventId, occurredAt) => ({
      eventId,
      eventType: 'review.created',
      version: 1,
      occurredAt,
      data: { reviewId: randomUUID(), userId: randomUUID(), productId: 'red-rice-5kg', rating: 9 },
    }),
  },
];

/** An event that nobody can store: it must become a dead letter. */
export function brokenEvent(at: number, random: Random): Omit<SimulatedEvent, 'sendAt' | 'after'> {
  const { lane, type, reason, body } = random.pick(breakages);
  const id = randomUUID();
  return {
    key: id,
    id,
    lane,
    type,
    at,
    body: body(id, new Date(at).toISOString()),
    meaning: { kind: 'broken', reason },
    userAgent: people[0],
    bot: false,
  };
}

/**
 * Other content under the id of an event that was promised: a dead letter too. It differs in what no funnel looks
 * at, so that the numbers are the same whichever of the two is stored: where the first is the broker's still, the
 * other may overtake it.
 */
export function otherContentOf(event: SimulatedEvent, sendAt: number, unlessFirst = false): SimulatedEvent {
  const body = typeof event.body === 'string' ? {} : event.body;
  const given = typeof body.properties === 'object' && body.properties !== null ? body.properties : {};
  const changed =
    event.lane === 'web'
      ? { ...body, properties: { ...given, changed: true } }
      : { ...body, note: 'said otherwise' };
  return {
    ...event,
    key: `${event.key} other content`,
    body: changed,
    meaning: { kind: 'broken', reason: 'event_id_conflict', unlessFirst },
    sendAt,
    after: 'nothing',
  };
}
