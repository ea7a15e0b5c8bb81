import { createBook } from '../simulation/book.ts';
import type { SimulatedEvent } from '../simulation/event.ts';
import { createOutbox } from '../simulation/outbox.ts';
import type { Road } from '../simulation/road.ts';
import { behaviorSeeds } from './behavior.ts';
import { businessSeeds, type SeedBody } from './business.ts';
import { type SeedOptions, seedOrders } from './shop.ts';

export interface SeedRequest extends SeedOptions {
  readonly business: boolean;
  readonly behavior: boolean;
}

export interface Seeded {
  readonly events: number;
  readonly stored: number;
  /** were there before */
  readonly duplicates: number;
  /** what did not become a row, in words; empty: all did */
  readonly problems: readonly string[];
}

const patienceMs = 60_000;

/** All events of a request; the same for the same numbers, but for their times. */
export function planSeeds(request: SeedRequest): readonly SeedBody[] {
  const orders = seedOrders(request);
  return [
    ...(request.behavior ? behaviorSeeds(request, orders) : []),
    ...(request.business ? businessSeeds(request, orders) : []),
  ];
}

/** Sends them, again and again until each is promised or `patienceMs` is over. Closes the road. */
export async function sendSeeds(request: SeedRequest, road: Road): Promise<Seeded> {
  const book = createBook({ keep: true });
  const outbox = createOutbox({ road, book, patienceMs, now: Date.now });
  const bodies = planSeeds(request);
  try {
    for (const body of bodies) outbox.add(toSend(body));
    await outbox.done();
  } finally {
    await outbox.close();
  }
  const { duplicates, gaveUp, rejected, surprises, surprisesInAll } = book.tally();
  const open = gaveUp.notStored + gaveUp.perhapsStored;
  const stored = bodies.length - duplicates - open - Math.max(rejected, surprisesInAll);
  return {
    events: bodies.length,
    stored,
    duplicates,
    problems: [...surprises, ...(open > 0 ? [`${open} events were not promised`] : [])],
  };
}

const toSend = (body: SeedBody): SimulatedEvent => ({
  key: body.event_id,
  id: body.event_id,
  lane: 'service',
  type: body.event_type,
  at: 0,
  sendAt: 0,
  body,
  meaning: { kind: 'nothing' },
  userAgent: 'kada-seed',
  bot: false,
  after: 'nothing',
});
