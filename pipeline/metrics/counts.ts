import { Counter, type Registry } from 'prom-client';

/**
 * A counter of plain numbers that is put into the library only when it is read: hashing labels for every event
 * would cost more than counting.
 */
export interface Counts<Key extends string> {
  add(key: Key, count: number): void;
}

/**
 * @param labelsOf turns a key into label values; called once a key
 * @param known keys shown as 0 from the beginning
 * @param limit distinct keys; beyond it a new key counts as `overflow`, so that no label can grow without bound
 */
export function createCounts<Key extends string>(options: {
  readonly registry: Registry;
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly labelsOf: (key: Key) => Readonly<Record<string, string>>;
  readonly known?: readonly Key[];
  readonly limit?: number;
  readonly overflow?: Key;
}): Counts<Key> {
  const counts = new Map<Key, number>((options.known ?? []).map((key) => [key, 0]));
  const limit = options.limit ?? 256;

  new Counter({
    name: options.name,
    help: options.help,
    labelNames: [...options.labels],
    registers: [options.registry],
    collect() {
      this.reset();
      for (const [key, count] of counts) this.inc({ ...options.labelsOf(key) }, count);
    },
  });

  return {
    add(key, count) {
      const known = counts.get(key);
      if (known !== undefined) counts.set(key, known + count);
      else if (counts.size < limit || options.overflow === undefined) counts.set(key, count);
      else counts.set(options.overflow, (counts.get(options.overflow) ?? 0) + count);
    },
  };
}
