import type { Exclusive } from './warehouse.ts';

/** Named locks of an engine whose file belongs to one process: nobody else could hold them. */
export function createProcessLocks() {
  const held = new Set<string>();
  return async function runExclusive<T>(
    name: string,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<Exclusive<T>> {
    if (held.has(name)) return { ran: false };
    held.add(name);
    try {
      return { ran: true, value: await work(new AbortController().signal) };
    } finally {
      held.delete(name);
    }
  };
}
