import { createBook, type Tally } from './book.ts';
import type { Lane } from './event.ts';
import { createOutbox, type Outbox } from './outbox.ts';
import { createRandom, randomOf } from './random.ts';
import type { Road } from './road.ts';
import { planShopper } from './shopper.ts';
import { countTruth, type Truth } from './truth.ts';

export interface SimulationOptions {
  readonly seed: number;
  /** that come from now on; Infinity for a simulation that only `stop` ends */
  readonly shoppers: number;
  readonly shoppersPerMinute: number;
  /** 1: as people shop */
  readonly speed: number;
  /** shoppers before now, spread evenly over `pastMs`; all are sent at once */
  readonly pastShoppers: number;
  readonly pastMs: number;
  readonly horizonMs: number;
  readonly roads: Readonly<Record<Lane, Road>>;
  readonly patienceMs: number;
  readonly now: () => number;
}

export interface SimulationResult {
  readonly shoppers: number;
  readonly truth: Truth;
  readonly tally: Tally;
}

export interface Simulation {
  /** Rejects with a KadaError where going on is of no use. */
  readonly finished: Promise<SimulationResult>;
  progress(): { readonly shoppers: number; readonly waiting: number; readonly tally: Tally };
  /** No more shoppers, and nothing that was not sent yet; `finished` follows within seconds. */
  stop(): void;
}

/** How far back a history reaches, ms: long enough for cohorts whose time to convert (1 h) is over. */
export const pastMs = 150 * 60_000;

/** More wait than this: new shoppers wait too, so that an outage does not fill the memory. */
const mostWaiting = 20_000;

export function startSimulation(options: SimulationOptions): Simulation {
  const { now, roads, seed, speed } = options;
  const book = createBook({ keep: Number.isFinite(options.shoppers) });
  const open = (road: Road): Outbox => createOutbox({ road, book, patienceMs: options.patienceMs, now });
  const outboxes: Readonly<Record<Lane, Outbox>> = { web: open(roads.web), service: open(roads.service) };
  const boxes = Object.values(outboxes);
  const stopped = new AbortController();
  let shoppers = 0;

  const waiting = (): number => boxes.reduce((sum, box) => sum + box.size(), 0);

  function add(startAt: number): void {
    const events = planShopper({ startAt, speed, now: now() }, randomOf(seed, shoppers));
    shoppers += 1;
    for (const event of events) outboxes[event.lane].add(event);
  }

  async function pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        stopped.signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      stopped.signal.addEventListener('abort', done);
      if (stopped.signal.aborted) done();
    });
  }

  async function arrive(): Promise<void> {
    const random = createRandom(seed);
    const start = now();
    for (let n = 0; n < options.pastShoppers && !stopped.signal.aborted; n++) {
      while (waiting() > mostWaiting && !stopped.signal.aborted) await pause(50);
      // a few come from before the horizon: stored, and counted nowhere
      const early = random.chance(0.01) ? options.horizonMs + random.int(1, 12) * 3_600_000 : 0;
      add(Math.floor(start - early - options.pastMs * (1 - n / options.pastShoppers)));
    }
    let next = now();
    for (let n = 0; n < options.shoppers && !stopped.signal.aborted; n++) {
      await pause(Math.max(0, next - now()));
      while (waiting() > mostWaiting && !stopped.signal.aborted) await pause(50);
      if (stopped.signal.aborted) return;
      add(now());
      next =
        Math.max(next, now() - 1_000) + (-Math.log(1 - random.next()) * 60_000) / options.shoppersPerMinute;
    }
  }

  async function run(): Promise<SimulationResult> {
    try {
      const failed = Promise.all(boxes.map((box) => box.failed));
      await Promise.race([arrive(), failed]);
      await Promise.all(boxes.map((box) => box.done()));
    } finally {
      stopped.abort();
      for (const box of boxes) box.finishEarly();
      await Promise.all(boxes.map((box) => box.close()));
    }
    const from = Math.floor((now() - options.horizonMs) / 60_000) * 60_000;
    return { shoppers, truth: countTruth(book.promised(), from), tally: book.tally() };
  }

  return {
    finished: run(),
    progress: () => ({ shoppers, waiting: waiting(), tally: book.tally() }),
    stop() {
      stopped.abort();
      for (const box of boxes) box.finishEarly();
    },
  };
}
