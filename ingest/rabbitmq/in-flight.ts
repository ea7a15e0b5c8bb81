/**
 * Published messages that the broker or the caller still waits for.
 *
 *   sent ── the broker has spoken ──> (checked) ── answered ──> gone
 *     └──── answered before (time-out, alarm, loss) ── the broker has spoken ──> gone
 *
 * A message holds its place (count and bytes) until both have happened, so that what amqplib keeps for a broker
 * that does not read is bounded as well.
 */
export interface InFlightOptions {
  readonly timeoutMs: number;
  readonly maxCount: number;
  readonly maxBytes: number;
}

/**
 * Only `confirmed` is a promise: the queue had the message when it was given. After any other the event goes in
 * directly, with the same id.
 */
export type PublishResult =
  | 'confirmed'
  | 'returned'
  | 'nacked'
  | 'timeout'
  | 'closed'
  | 'blocked'
  | 'not-ready';

export interface Pending {
  readonly routingKey: string;
  readonly messageId: string;
  readonly bytes: number;
  readonly since: number;
  /** our consumer would have told us of the queue's end when this was sent */
  readonly watched: boolean;
  returned: boolean;
  spoken: boolean;
  overdue: boolean;
  /** undefined: the caller was answered */
  tell: ((result: PublishResult) => void) | undefined;
}

export interface InFlight {
  hasPlace(): boolean;
  add(pending: Pending): void;
  /** Only the first answer is told. */
  answer(pending: Pending, result: PublishResult): void;
  answerAll(result: PublishResult): void;
  /** The broker has confirmed or nacked it, or the channel is gone. */
  spoken(pending: Pending): void;
  /** Marks what a `basic.return` may mean. */
  markReturned(messageId: unknown, routingKey: string): void;
  /** places taken */
  readonly count: number;
  /** told `timeout`, and the broker has not spoken since */
  readonly overdue: number;
  /** Resolves when every caller is answered. */
  answered(): Promise<void>;
}

const SWEEP_MS = 100;

export function createInFlight(options: InFlightOptions): InFlight {
  /** not answered, oldest first */
  const waiting = new Set<Pending>();
  let places = 0;
  let bytes = 0;
  let overdue = 0;
  let sweeper: NodeJS.Timeout | undefined;
  let idleWaiters: (() => void)[] = [];

  function free(pending: Pending): void {
    places--;
    bytes -= pending.bytes;
  }

  function answer(pending: Pending, result: PublishResult): void {
    const tell = pending.tell;
    if (tell === undefined) return;
    pending.tell = undefined;
    waiting.delete(pending);
    if (pending.spoken) free(pending);
    tell(result);
    if (waiting.size > 0) return;
    clearInterval(sweeper);
    sweeper = undefined;
    const woken = idleWaiters;
    idleWaiters = [];
    for (const wake of woken) wake();
  }

  /** One timer for all: a timer a message would cost more than the message. */
  function sweep(): void {
    const limit = performance.now() - options.timeoutMs;
    for (const pending of waiting) {
      if (pending.since > limit) return;
      if (!pending.spoken) {
        pending.overdue = true;
        overdue++;
      }
      answer(pending, 'timeout');
    }
  }

  return {
    hasPlace: () => places < options.maxCount && bytes < options.maxBytes,
    add(pending) {
      places++;
      bytes += pending.bytes;
      waiting.add(pending);
      sweeper ??= setInterval(sweep, SWEEP_MS).unref();
    },
    answer,
    answerAll(result) {
      for (const pending of [...waiting]) answer(pending, result);
    },
    spoken(pending) {
      if (pending.spoken) return;
      pending.spoken = true;
      if (pending.overdue) overdue--;
      if (pending.tell === undefined) free(pending);
    },
    markReturned(messageId, routingKey) {
      for (const pending of waiting) {
        // several in flight may carry one id; which of them came back is not known, so none counts
        if (pending.messageId === messageId && pending.routingKey === routingKey) pending.returned = true;
      }
    },
    get count() {
      return places;
    },
    get overdue() {
      return overdue;
    },
    answered() {
      return new Promise((resolve) => {
        if (waiting.size === 0) resolve();
        else idleWaiters.push(resolve);
      });
    },
  };
}
