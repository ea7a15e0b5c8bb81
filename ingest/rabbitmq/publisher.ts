/**
 * Publishing with confirms, for as long as a confirm means that the analytics queue has the message
 * (commit-protocol.md 9 and 10).
 *
 *   connecting ── declared ──> ready <──> blocked     (the broker's alarm, on and off)
 *       ^                       │  ^  <──> stalled    (a confirm is overdue, until it came)
 *       └─── connection closed ─┤  │
 *                               v  │ declared again
 *                              lost                   (consumer cancelled, a message came back, the queue is gone)
 *
 * Nothing may declare the queue again between a message that missed it and the question whether it is there: so
 * while our own consumer reconnects (and declares) nothing is ready, and a loss answers all that is in flight.
 */
import type { ChannelModel, ConfirmChannel, Message } from 'amqplib';
import { type Observable, Subject } from 'rxjs';
import { messageOf } from '../errors.ts';
import { atMost, keepConnected } from './connection.ts';
import type { RabbitSource } from './consumer.ts';
import { createInFlight, type Pending, type PublishResult } from './in-flight.ts';
import type { Log } from './log.ts';
import { createQueueCheck, type QueueCheck } from './queue-check.ts';
import { declareTopology, routes, type Topology } from './topology.ts';

export type { PublishResult } from './in-flight.ts';

export interface PublisherOptions extends Topology {
  readonly url: string;
  /**
   * This process's own consumer: a confirm counts by itself only while it consumes, and `markLost` happens by
   * itself at its `lost$`. `false`: there is none, so every confirm is followed by `verifyQueue`. `true`: there is
   * one, and the caller sees to both.
   */
  readonly ownConsumer: boolean | Pick<RabbitSource, 'state' | 'lost$'>;
  readonly log: Log;
  /** ms without a confirm after which the caller is told `timeout`; default 2,000 */
  readonly confirmTimeoutMs?: number;
  /** messages in flight; default 5,000 */
  readonly maxInFlight?: number;
  /** bytes of their bodies; default 32 MB */
  readonly maxInFlightBytes?: number;
}

export interface PublishMessage {
  readonly routingKey: string;
  readonly body: Buffer;
  readonly messageId: string;
  readonly correlationId?: string | undefined;
  /** ms; the property carries seconds */
  readonly timestamp: number;
  readonly traceparent?: string | undefined;
}

export type PublisherState = 'connecting' | 'ready' | 'blocked' | 'stalled' | 'lost' | 'closed';

export interface Publisher {
  /** Has this process declared the exchange and the queue, do its bindings match, and is there a free place? */
  ready(routingKey: string): boolean;
  readonly state: () => PublisherState;
  /** Never rejects. */
  publish(message: PublishMessage): Promise<PublishResult>;
  /**
   * The consumer was cancelled or its channel closed: all that is in flight is told `closed`, and nothing is ready
   * until the queue has been declared again.
   */
  markLost(): void;
  /**
   * The publisher itself found the queue or its bindings gone: published events that nobody has met go in directly,
   * as at the consumer's `lost$`.
   */
  readonly lost$: Observable<'returned' | 'queue-gone'>;
  /**
   * Does the queue exist, asked after this call began? One question for all callers of the meantime. False when it
   * cannot be told within 2 s.
   */
  verifyQueue(): Promise<boolean>;
  /** messages of which the broker or the caller still waits to hear */
  readonly inFlight: () => number;
  /** Publishes no more, waits up to `waitMs` (default 2,000) for confirms, closes. The rest is told `closed`. */
  close(waitMs?: number): Promise<void>;
}

const MB = 1_048_576;
/** of routing keys whose answer is remembered: a public caller must not fill memory with keys */
const MAX_KNOWN_KEYS = 1_000;
/** as AMQP allows in a short string */
const MAX_SHORT_BYTES = 255;

interface Session {
  readonly channel: ConfirmChannel;
  readonly model: ChannelModel;
  readonly queueCheck: QueueCheck;
  readonly end: (reason: string) => void;
}

const isShort = (text: string): boolean =>
  text.length <= MAX_SHORT_BYTES / 4 || Buffer.byteLength(text) <= MAX_SHORT_BYTES;

/** Connects at once and for ever, on a connection of its own. */
export function createPublisher(options: PublisherOptions): Publisher {
  const { exchange, log } = options;
  const inFlight = createInFlight({
    timeoutMs: options.confirmTimeoutMs ?? 2_000,
    maxCount: options.maxInFlight ?? 5_000,
    maxBytes: options.maxInFlightBytes ?? 32 * MB,
  });
  const consumer = typeof options.ownConsumer === 'boolean' ? undefined : options.ownConsumer;
  const lost = new Subject<'returned' | 'queue-gone'>();
  const knownKeys = new Map<string, boolean>();
  let session: Session | undefined;
  /** the topology stands, as far as this process knows */
  let declared = false;
  let declarations = 0;
  let blocked = false;
  let closing = false;

  /** Will the consumer tell us if the queue goes away? */
  const isWatched = (): boolean =>
    consumer === undefined ? options.ownConsumer === true : consumer.state().kind === 'consuming';

  function consumerDeclares(): boolean {
    const kind = consumer?.state().kind;
    return kind === 'connecting' || kind === 'stopped';
  }

  function keyRoutes(routingKey: string): boolean {
    const known = knownKeys.get(routingKey);
    if (known !== undefined) return known;
    const found = routes(options, routingKey);
    if (knownKeys.size < MAX_KNOWN_KEYS) knownKeys.set(routingKey, found);
    return found;
  }

  function state(): PublisherState {
    if (closing) return 'closed';
    if (session === undefined) return 'connecting';
    if (blocked) return 'blocked';
    if (!declared || consumerDeclares()) return 'lost';
    return inFlight.overdue > 0 ? 'stalled' : 'ready';
  }

  const ready = (routingKey: string): boolean =>
    state() === 'ready' && inFlight.hasPlace() && keyRoutes(routingKey);

  function declareAgain(target: Session): void {
    declared = false;
    const mine = ++declarations;
    declareTopology(target.model, options).then(
      () => {
        if (session === target && mine === declarations) declared = true;
      },
      (error: unknown) => target.end(messageOf(error)),
    );
  }

  function markLost(): void {
    inFlight.answerAll('closed');
    if (session !== undefined) declareAgain(session);
  }
  const watching = consumer?.lost$.subscribe(markLost);

  /** Comes before the confirm of the same message, which is then no promise. */
  function onReturn(from: Session, message: Message): void {
    inFlight.markReturned(message.properties.messageId, message.fields.routingKey);
    if (!declared || session !== from) return;
    log.warn(
      { exchange, routingKey: message.fields.routingKey, queue: options.queue },
      'a published event was not routed to any queue: declaring the bindings again',
    );
    declareAgain(from);
    lost.next('returned');
  }

  async function verifyQueue(): Promise<boolean> {
    const target = session;
    if (target === undefined || blocked) return false;
    const found = await target.queueCheck.exists();
    // the first of a group to hear of it sees to it
    if (found === 'no' && session === target && declared) {
      log.warn({ queue: options.queue }, 'the queue is gone: declaring it again');
      markLost();
      lost.next('queue-gone');
    }
    return found === 'yes' && session === target;
  }

  function onConfirm(pending: Pending, error: unknown): void {
    inFlight.spoken(pending);
    if (error !== null) {
      inFlight.answer(pending, messageOf(error) === 'message nacked' ? 'nacked' : 'closed');
    } else if (pending.returned) inFlight.answer(pending, 'returned');
    else if (pending.watched && isWatched()) inFlight.answer(pending, 'confirmed');
    // a loss that is noticed meanwhile answers it first
    else void verifyQueue().then((stands) => inFlight.answer(pending, stands ? 'confirmed' : 'closed'));
  }

  function dropSession(): void {
    session = undefined;
    declared = false;
    blocked = false;
  }

  async function setUp(model: ChannelModel, end: (reason: string) => void): Promise<void> {
    await declareTopology(model, options);
    const channel = await model.createConfirmChannel();
    const made: Session = { model, channel, end, queueCheck: createQueueCheck(model, options.queue) };
    let error: string | undefined;
    channel.on('error', (cause: Error) => {
      error = cause.message;
    });
    channel.on('handler-error', (cause: Error, event: string) => {
      log.error({ err: cause, event, exchange }, 'a RabbitMQ handler threw');
    });
    channel.on('return', (message: Message) => onReturn(made, message));
    channel.on('close', () => {
      // amqplib has told every unconfirmed message by now
      if (session === made) dropSession();
      end(error ?? 'channel closed');
    });
    model.on('blocked', (reason: string) => {
      if (session !== made) return;
      blocked = true;
      log.warn({ reason }, 'RabbitMQ takes no messages for now: events go in directly');
      inFlight.answerAll('blocked');
    });
    model.on('unblocked', () => {
      if (session !== made) return;
      blocked = false;
      log.info({}, 'RabbitMQ takes messages again');
    });
    session = made;
    declarations++;
    declared = true;
  }

  const kept = keepConnected({
    url: options.url,
    name: 'publisher',
    log,
    setUp,
    onDown: dropSession,
  });

  function send(target: Session, message: PublishMessage, tell: (result: PublishResult) => void): void {
    const pending: Pending = {
      routingKey: message.routingKey,
      messageId: message.messageId,
      bytes: message.body.length,
      since: performance.now(),
      watched: isWatched(),
      returned: false,
      spoken: false,
      overdue: false,
      tell,
    };
    const { correlationId, timestamp, traceparent } = message;
    try {
      target.channel.publish(
        exchange,
        message.routingKey,
        message.body,
        {
          mandatory: true,
          persistent: true,
          contentType: 'application/json',
          appId: 'kada-tracking',
          messageId: message.messageId,
          ...(correlationId !== undefined && isShort(correlationId) ? { correlationId } : {}),
          ...(timestamp >= 0 ? { timestamp: Math.floor(timestamp / 1000) } : {}),
          ...(traceparent === undefined ? {} : { headers: { traceparent } }),
        },
        (error: unknown) => onConfirm(pending, error),
      );
    } catch (error) {
      // the channel is closing, or a property that AMQP cannot carry: nothing was sent
      log.debug({ reason: messageOf(error) }, 'an event could not be published');
      tell('closed');
      return;
    }
    inFlight.add(pending);
  }

  return {
    ready,
    state,
    publish(message) {
      const now = state();
      if (now === 'closed' || now === 'blocked') return Promise.resolve(now);
      const target = session;
      if (target === undefined || !ready(message.routingKey) || !isShort(message.messageId)) {
        return Promise.resolve('not-ready');
      }
      return new Promise((resolve) => send(target, message, resolve));
    },
    markLost,
    lost$: lost.asObservable(),
    verifyQueue,
    inFlight: () => inFlight.count,
    async close(waitMs = 2_000) {
      closing = true;
      watching?.unsubscribe();
      await atMost(waitMs, inFlight.answered());
      await kept.close(async () => {
        // the channel first: see the consumer's close
        await session?.channel.close();
      });
      inFlight.answerAll('closed');
      dropSession();
    },
  };
}
