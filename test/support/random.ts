import { createRandom as createNumbers } from '../../pipeline/simulation/random.ts';

/** Seeded random numbers, so that a failing run can be run again. */
export interface Random {
  /** 0 ≤ x < 1 */
  next(): number;
  /** a whole number, both ends included */
  int(from: number, to: number): number;
  pick<T>(from: readonly T[]): T;
  /** true in one of `times` */
  oneIn(times: number): boolean;
  /** version 4 */
  uuid(): string;
  /** a generator of its own, whose numbers do not depend on how often this one is asked later */
  fork(): Random;
}

export function createRandom(seed: number): Random {
  const { next, int } = createNumbers(seed);
  const hex = (digits: number): string =>
    Array.from({ length: digits }, () => Math.floor(next() * 16).toString(16)).join('');

  return {
    next,
    int,
    pick(from) {
      const picked = from[int(0, from.length - 1)];
      if (picked === undefined) throw new Error('nothing to pick from');
      return picked;
    },
    oneIn: (times) => next() * times < 1,
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-${'89ab'[int(0, 3)]}${hex(3)}-${hex(12)}`,
    fork: () => createRandom(Math.floor(next() * 4_294_967_296)),
  };
}
