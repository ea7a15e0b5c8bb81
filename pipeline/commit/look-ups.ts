import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../ingest/errors.ts';
import type { StoredClaim } from '../../sinks/warehouse.ts';
import type { Availability } from './availability.ts';

/** At most this many fingerprints in one look-up: one scan serves them all. */
const mostAtOnce = 1_000;
/**
 * After a look-up of d ms the next waits 9·d: a tenth of one core goes into old ids, however many come
 * (commit-protocol.md 12). At least 50 ms, so that what comes meanwhile shares one scan; at most a second.
 */
const restFactor = 9;
const restMs = { least: 50, most: 1_000 };

export interface LookUps {
  ask(fingerprint: string): void;
  /** Its answer is not needed any more: what was refused must not hold a place. */
  forget(fingerprint: string): void;
  pending(): number;
}

/** Maybes are looked up together, beside the commits, and never hold new rows back. */
export function createLookUps(options: {
  readonly lookUp: (fingerprints: readonly string[]) => Promise<ReadonlyMap<string, StoredClaim>>;
  readonly answered: (fingerprint: string, claim: StoredClaim | undefined) => void;
  readonly availability: Availability;
}): LookUps {
  const asked = new Set<string>();
  let running = false;
  let underWay = 0;

  async function run(): Promise<void> {
    running = true;
    await delay(0);
    while (asked.size > 0) {
      const some = firstOf(asked, mostAtOnce);
      for (const fingerprint of some) asked.delete(fingerprint);
      underWay = some.length;
      const began = performance.now();
      const found = await untilAnswered(some);
      const took = performance.now() - began;
      underWay = 0;
      for (const fingerprint of some) {
        // Asked again meanwhile (its first sender was withdrawn): this answers it too, since nobody could store it
        // before it is known. A second answer might be older than a commit that follows this one.
        asked.delete(fingerprint);
        options.answered(fingerprint, found.get(fingerprint));
      }
      if (asked.size > 0) await delay(Math.min(Math.max(took * restFactor, restMs.least), restMs.most));
    }
    running = false;
  }

  async function untilAnswered(some: readonly string[]): Promise<ReadonlyMap<string, StoredClaim>> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        const found = await options.lookUp(some);
        options.availability.succeeded('read');
        return found;
      } catch (error) {
        options.availability.failed('read', 'KADA_LOOK_UP_FAILED', messageOf(error));
        await options.availability.backOff(attempt);
      }
    }
  }

  return {
    ask(fingerprint) {
      asked.add(fingerprint);
      if (!running) void run();
    },
    forget: (fingerprint) => void asked.delete(fingerprint),
    pending: () => asked.size + underWay,
  };
}

function firstOf<T>(set: ReadonlySet<T>, count: number): T[] {
  const first: T[] = [];
  for (const value of set) {
    if (first.length >= count) break;
    first.push(value);
  }
  return first;
}
