/**
 * Acks of one channel, and of no other (commit-protocol.md 8).
 *
 *   delivered ── ack ──> waits for the end of the tick ──> sent, alone or in a range
 *       │
 *       └── requeue / reject ──> sent at once, so that a range sent later finds the tag gone
 *
 * A range (`allUpTo`) ends below the lowest tag that is still open, so it can only sweep what was acked. When the
 * channel closes everything here becomes a no-op: the broker gives its unacked messages to the next channel, under
 * tags that mean other messages there.
 */
import type { Channel, Message, MessageProperties } from 'amqplib';

export interface Settler {
  /** Tags come in rising order. */
  delivered(tag: number): void;
  ack(tag: number): void;
  /** gives the message back */
  requeue(tag: number): void;
  /** refuses it for good: it goes to the dead-letter exchange, where there is one */
  reject(tag: number): void;
  /** Sends what waits for the end of the tick. */
  flush(): void;
  /** The channel is gone, or about to be: nothing is sent from now on. What is open is still counted. */
  abandon(): void;
  /** delivered and neither acked, requeued nor rejected, on whatever became of the channel */
  readonly open: number;
  /** Resolves when `open` is 0. */
  drained(): Promise<void>;
}

const noProperties: MessageProperties = {
  contentType: undefined,
  contentEncoding: undefined,
  headers: undefined,
  deliveryMode: undefined,
  priority: undefined,
  correlationId: undefined,
  replyTo: undefined,
  expiration: undefined,
  messageId: undefined,
  timestamp: undefined,
  type: undefined,
  userId: undefined,
  appId: undefined,
  clusterId: undefined,
};

export function createSettler(channel: Pick<Channel, 'ack' | 'nack' | 'reject'>): Settler {
  /** insertion order is the order of the tags: the first one is the lowest; never more than the prefetch */
  const openTags = new Set<number>();
  let acked: number[] = [];
  let highest = 0;
  let scheduled = false;
  let alive = true;
  let waiters: (() => void)[] = [];

  // amqplib reads nothing but the tag; keeping whole messages for it would hold their bodies
  const carrier: Message = {
    content: Buffer.alloc(0),
    properties: noProperties,
    fields: { deliveryTag: 0, redelivered: false, exchange: '', routingKey: '' },
  };
  function withTag(tag: number): Message {
    carrier.fields.deliveryTag = tag;
    return carrier;
  }

  function send(action: () => void): void {
    try {
      action();
    } catch {
      // amqplib throws on a channel that is closing; its 'close' event is on its way
      alive = false;
    }
  }

  function wakeWaiters(): void {
    if (waiters.length === 0 || openTags.size > 0) return;
    const woken = waiters;
    waiters = [];
    for (const wake of woken) wake();
  }

  /** true: the tag was open and can be settled, and this call is the one that does */
  function take(tag: number): boolean {
    const first = openTags.delete(tag);
    if (first) wakeWaiters();
    return first && alive;
  }

  function flush(): void {
    if (acked.length === 0) return;
    const tags = acked;
    acked = [];
    const lowestOpen = openTags.values().next().value ?? highest + 1;
    let upTo = 0;
    for (const tag of tags) if (tag < lowestOpen && tag > upTo) upTo = tag;
    if (alive && upTo > 0) send(() => channel.ack(withTag(upTo), true));
    for (const tag of tags) if (alive && tag > lowestOpen) send(() => channel.ack(withTag(tag), false));
  }

  return {
    delivered(tag) {
      openTags.add(tag);
      highest = tag;
    },
    ack(tag) {
      if (!take(tag)) return;
      acked.push(tag);
      if (!scheduled) {
        scheduled = true;
        setImmediate(() => {
          scheduled = false;
          flush();
        });
      }
    },
    requeue(tag) {
      if (!take(tag)) return;
      send(() => channel.nack(withTag(tag), false, true));
    },
    reject(tag) {
      if (!take(tag)) return;
      send(() => channel.reject(withTag(tag), false));
    },
    flush,
    abandon() {
      alive = false;
      acked = [];
    },
    get open() {
      return openTags.size;
    },
    drained() {
      return new Promise((resolve) => {
        waiters.push(resolve);
        wakeWaiters();
      });
    },
  };
}
