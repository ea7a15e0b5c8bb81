import type { Book } from './book.ts';
import { otherContentOf } from './broken-events.ts';
import type { SimulatedEvent } from './event.ts';
import type { Answer, Road } from './road.ts';

export interface Outbox {
  add(event: SimulatedEvent): void;
  /** waiting and under way */
  size(): number;
  /** Resolves when everything has its last answer; rejects with what makes going on useless. */
  done(): Promise<void>;
  /** Rejects as `done` would, as soon as it happens; never resolves. */
  readonly failed: Promise<never>;
  /** Drops what was never sent and lets the rest have its answer. */
  finishEarly(): void;
  close(): Promise<void>;
}

interface Item {
  readonly event: SimulatedEvent;
  readonly dueAt: number;
  readonly attempt: number;
  readonly firstSentAt: number | undefined;
}

/** tries more of one event while the answers say nothing of when */
const longestWaitMs = 3_000;
const againAfterMs = 300;

/**
 * One road's events in the order of their sending times: sent when due, together when many are due, and again, with
 * the same id, until they are promised or `patienceMs` is over.
 */
export function createOutbox(options: {
  readonly road: Road;
  readonly book: Book;
  readonly patienceMs: number;
  readonly now: () => number;
}): Outbox {
  const { road, book, patienceMs, now } = options;
  /** earliest last */
  const waiting: Item[] = [];
  let underWay = 0;
  let pausedUntil = 0;
  let ending = false;
  let failure: unknown;
  let timer: NodeJS.Timeout | undefined;
  let listeners: (() => void)[] = [];
  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => undefined);

  function insert(item: Item): void {
    let [low, high] = [0, waiting.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((waiting[middle]?.dueAt ?? 0) > item.dueAt) low = middle + 1;
      else high = middle;
    }
    waiting.splice(low, 0, item);
  }

  function add(event: SimulatedEvent): void {
    if (ending || failure !== undefined) return;
    insert({ event, dueAt: event.sendAt, attempt: 0, firstSentAt: undefined });
    pump();
  }

  /** What is due and may go in one sending: robots and texts go alone, for their headers and their bytes. */
  function take(at: number): readonly Item[] {
    const taken: Item[] = [];
    const alone = ({ event }: Item): boolean => event.bot || typeof event.body === 'string';
    // one at a time, as browsers do, while that keeps up
    const atMost = waiting.length > 200 || ending ? road.batchAtMost : 1;
    for (;;) {
      const next = waiting.at(-1);
      if (next === undefined || next.dueAt > at || taken.length >= atMost) break;
      if (taken.length > 0 && alone(next)) break;
      waiting.pop();
      taken.push(next);
      if (alone(next)) break;
    }
    return taken;
  }

  function pump(): void {
    clearTimeout(timer);
    while (underWay < road.atOnce && failure === undefined) {
      const at = now();
      if (at < pausedUntil) break;
      const items = take(at);
      if (items.length === 0) break;
      underWay += 1;
      void sendAll(items, at);
    }
    if (failure !== undefined || (waiting.length === 0 && underWay === 0)) {
      const told = listeners;
      listeners = [];
      for (const tell of told) tell();
      return;
    }
    const next = waiting.at(-1);
    if (next !== undefined && underWay < road.atOnce) {
      timer = setTimeout(pump, Math.max(1, Math.max(next.dueAt, pausedUntil) - now()));
    }
  }

  async function sendAll(items: readonly Item[], at: number): Promise<void> {
    for (const { event, attempt } of items) book.sent(event, attempt);
    try {
      const answers = await road.send(items.map(({ event }) => event));
      for (const [index, item] of items.entries())
        settle({ ...item, firstSentAt: item.firstSentAt ?? at }, answers[index]);
    } catch (error) {
      failure = error;
      fail(error);
    } finally {
      underWay -= 1;
      pump();
    }
  }

  function settle(item: Item, given: Answer | undefined): void {
    const answer = given ?? { kind: 'unknown', why: 'no answer', retryAfterMs: againAfterMs };
    const { event, attempt, firstSentAt } = item;
    book.answered(event, answer);
    const at = now();
    if (answer.kind === 'refused' || answer.kind === 'unknown') {
      if (answer.kind === 'refused' && answer.everyone)
        pausedUntil = Math.max(pausedUntil, at + answer.retryAfterMs);
      if (at - (firstSentAt ?? at) > (ending ? 3_000 : patienceMs)) {
        book.gaveUp(event);
        return;
      }
      const backOff = Math.min(longestWaitMs, answer.retryAfterMs * 2 ** Math.min(attempt, 4));
      insert({
        event,
        dueAt: at + Math.max(answer.retryAfterMs, backOff),
        attempt: attempt + 1,
        firstSentAt,
      });
      return;
    }
    if (answer.kind === 'rejected' || event.after === 'nothing' || ending) return;
    const sendAt = at + againAfterMs;
    const next =
      event.after === 'again'
        ? { ...event, sendAt, after: 'nothing' as const }
        : otherContentOf(event, sendAt, answer.kind === 'promised' && answer.as === 'published');
    insert({ event: next, dueAt: sendAt, attempt: 0, firstSentAt: undefined });
  }

  return {
    add,
    failed,
    size: () => waiting.length + underWay,
    async done() {
      if (waiting.length > 0 || underWay > 0) await new Promise<void>((tell) => listeners.push(tell));
      if (failure !== undefined) throw failure;
    },
    finishEarly() {
      ending = true;
      const tried = waiting.filter(({ attempt }) => attempt > 0);
      waiting.splice(0, waiting.length, ...tried);
      pump();
    },
    close: () => road.close(),
  };
}
