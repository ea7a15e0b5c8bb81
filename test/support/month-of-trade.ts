import type { Origin } from '../../ingest/delivery.ts';
import type { Handed } from '../../pipeline/seed/own-road.ts';
import { otherContentOf } from '../../pipeline/simulation/broken-events.ts';
import type { SimulatedEvent } from '../../pipeline/simulation/event.ts';
import { serviceNameOf } from '../../pipeline/simulation/order-events.ts';
import { createRandom, type Random, randomOf } from '../../pipeline/simulation/random.ts';
import { planShopper } from '../../pipeline/simulation/shopper.ts';
import { amqpOrigin, collectorOrigin, trackOrigin } from './ingesting.ts';

/**
 * A month of trade as it reaches us: the simulation's shoppers spread over 30 days, their events in disorder, some
 * hours and some days late, some twice, some with other content under the same id, some broken.
 */
export interface Month {
  readonly seed: number;
  readonly shoppers: number;
  /** ms */
  readonly start: number;
}

/** What arrived within an hour. */
export interface ArrivedHour {
  /** ms; all of it is there by then */
  readonly until: number;
  readonly handed: readonly Handed[];
  readonly messages: number;
}

const hour = 3_600_000;
const day = 24 * hour;
export const monthMs = 30 * day;
const perDelivery = 200;

interface Arrival {
  readonly at: number;
  readonly event: SimulatedEvent;
}

/** Hour by hour, in the order of arrival. */
export function* monthOfTrade({ seed, shoppers, start }: Month): Generator<ArrivedHour> {
  const random = createRandom(seed);
  const hours = new Map<number, Arrival[]>();
  function arrive(event: SimulatedEvent, at: number): void {
    const place = Math.floor(at / hour);
    const found = hours.get(place);
    if (found === undefined) hours.set(place, [{ at, event }]);
    else found.push({ at, event });
  }
  let next = Math.floor(start / hour);
  function* upTo(limit: number): Generator<ArrivedHour> {
    for (; next < limit; next += 1) {
      const arrivals = hours.get(next);
      hours.delete(next);
      if (arrivals !== undefined) yield hourOf(arrivals, (next + 1) * hour, random);
    }
  }
  for (let n = 0; n < shoppers; n += 1) {
    const startAt = Math.floor(start + ((n + random.next()) / shoppers) * monthMs);
    for (const event of planShopper({ startAt, speed: 1, now: startAt + 3 * hour }, randomOf(seed, n))) {
      const at = Math.max(start, event.at + delayOf(random));
      arrive(event, at);
      if (event.after === 'again') arrive(event, at + random.int(1, 2 * hour));
      if (event.after === 'other_content') arrive(otherContentOf(event, 0), at + random.int(1, 2 * hour));
    }
    yield* upTo(Math.floor(startAt / hour) - 1);
  }
  yield* upTo(Math.floor((start + monthMs) / hour) + 12 * 24);
}

function delayOf(random: Random): number {
  const kind = random.next();
  if (kind < 0.8) return random.int(0, 400);
  if (kind < 0.95) return random.int(400, 120_000);
  return kind < 0.99 ? random.int(120_000, 8 * hour) : random.int(8 * hour, 9 * day);
}

function hourOf(arrivals: readonly Arrival[], until: number, random: Random): ArrivedHour {
  const groups = new Map<string, { origin: Origin; via: Handed['via']; arrivals: Arrival[] }>();
  const handed: Handed[] = [];
  for (const arrival of arrivals.toSorted((a, b) => a.at - b.at)) {
    const { event } = arrival;
    const [via, origin, key] = roadOf(event, random);
    const group = groups.get(key) ?? { origin, via, arrivals: [] };
    groups.set(key, group);
    group.arrivals.push(arrival);
    if (group.arrivals.length < (via === 'rabbitmq' ? 1 : perDelivery)) continue;
    handed.push(handedOf(group));
    groups.delete(key);
  }
  for (const group of groups.values()) handed.push(handedOf(group));
  return { until, handed, messages: arrivals.length };
}

function roadOf(event: SimulatedEvent, random: Random): readonly [Handed['via'], Origin, string] {
  if (event.lane === 'web')
    return ['tracking', trackOrigin({ userAgent: event.userAgent }), `web ${event.userAgent}`];
  if (random.chance(0.1)) return ['rabbitmq', amqpOrigin(event.type), 'amqp'];
  return ['collector', collectorOrigin(), 'collector'];
}

const handedOf = (group: { origin: Origin; via: Handed['via']; arrivals: readonly Arrival[] }): Handed => ({
  via: group.via,
  origin: group.origin,
  receivedAt: Math.max(...group.arrivals.map(({ at }) => at)),
  bodies: group.arrivals.map(({ event: { body, type, lane } }) =>
    typeof body === 'string'
      ? body
      : JSON.stringify(lane === 'service' ? { service: serviceNameOf(type), ...body } : body),
  ),
});
