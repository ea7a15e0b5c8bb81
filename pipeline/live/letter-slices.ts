import type { DeadLetterCount } from '../../sinks/warehouse.ts';

/** What slices of dead letters hold, told whole each time; tells what that changes. */
export interface LetterSlices {
  /**
   * Every slice that is named here is told whole. @returns what is new in it, and what went with a minus: a letter that
   * a replay failed has another reason then.
   */
  differences(slices: readonly DeadLetterCount[]): readonly DeadLetterCount[];
  /** Slices from before this (ms) count nowhere any more. */
  forgetBefore(at: number): void;
}

const kindOf = ({ source, reason, concerns }: DeadLetterCount): string =>
  JSON.stringify([source, reason, concerns]);

export function createLetterSlices(): LetterSlices {
  const held = new Map<number, ReadonlyMap<string, DeadLetterCount>>();

  return {
    differences(slices) {
      const told = new Map<number, Map<string, DeadLetterCount>>();
      for (const count of slices) {
        const kinds = told.get(count.at) ?? new Map<string, DeadLetterCount>();
        kinds.set(kindOf(count), count);
        told.set(count.at, kinds);
      }
      const changes: DeadLetterCount[] = [];
      for (const [at, kinds] of told) {
        const before = held.get(at) ?? new Map<string, DeadLetterCount>();
        for (const [kind, count] of kinds) {
          const letters = count.letters - (before.get(kind)?.letters ?? 0);
          if (letters !== 0) changes.push({ ...count, letters });
        }
        for (const [kind, count] of before)
          if (!kinds.has(kind)) changes.push({ ...count, letters: -count.letters });
        held.set(at, kinds);
      }
      return changes;
    },
    forgetBefore(at) {
      for (const slice of held.keys()) if (slice < at) held.delete(slice);
    },
  };
}
