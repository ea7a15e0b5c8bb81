/**
 * The queue as an Observable of deliveries.
 *
 *   connecting ──> idle / paused ── wanted ──> consuming        wanted = subscribed, not paused, not stopped
 *       ^               ^                          │
 *       │               └──── not wanted ──────────┤
 *       └── connection or channel closed, consumer cancelled by the broker
 *
 * The last arrow is always the same: the session is dropped, whatever it had delivered can no longer be settled
 * (the broker gives it again), `lost$` says so, and a new session declares, binds and consumes from nothing.
 */
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import { BehaviorSubject, Observable, Subject } from 'rxjs';
import type { Delivery } from '../delivery.ts';
import { messageOf } from '../errors.ts';
import { atMost, keepConnected } from './connection.ts';
import { toDelivery } from './delivery.ts';
import type { Log } from './log.ts';
import { createQueueCheck, type QueueCheck } from './queue-check.ts';
import { createSettler, type Settler } from './settler.ts';
import { declareTopology, type Topology } from './topology.ts';

export interface RabbitSourceOptions extends Topology {
  readonly url: string;
  /** messages that may be delivered and unsettled at any time: the memory bound */
  readonly prefetch: number;
  readonly log: Log;
  readonly now?: () => number;
  /**
   * ms that a new channel waits for the deliveries of an old one to be settled before it consumes, so that the
   * prefetch bounds both; default 120,000
   */
  readonly staleWaitMs?: number;
}

export interface ConsumerState {
  /** idle: connected and declared, and nobody subscribes */
  readonly kind: 'connecting' | 'idle' | 'consuming' | 'paused' | 'stopped';
  /** why it is not consuming, for people: without the password and without a driver's stack */
  readonly detail?: string;
  /** messages that waited when the queue was declared last */
  readonly queueDepth?: number;
}

/** Why messages that were published may never be met (commit-protocol.md 10). */
export type Loss = 'cancelled' | 'channel-closed';

export interface RabbitSource {
  /** Consumes while subscribed; completes after `stop`. For one subscriber. */
  readonly deliveries$: Observable<Delivery>;
  readonly state: () => ConsumerState;
  readonly state$: Observable<ConsumerState>;
  /** Emits before anything of the next session. */
  readonly lost$: Observable<Loss>;
  /** Messages that wait in the broker, asked every few seconds; undefined: unknown. */
  readonly queueDepth: () => number | undefined;
  /** delivered and not yet settled, on the present channel */
  readonly unsettled: () => number;
  /**
   * Cancels the consumer and keeps the connection; what was delivered can still be settled. Resolves when nothing
   * more is delivered, after 2 s at the latest.
   */
  pause(): Promise<void>;
  /** Takes effect when what was delivered before the pause is settled, so that the prefetch still bounds all. */
  resume(): void;
  /** As `pause`, for good: nothing more is delivered when it resolves, and `deliveries$` has completed. */
  stop(): Promise<void>;
  /** Sends the acks that are waiting and closes channel and connection; what is unsettled will be delivered again. */
  close(): Promise<void>;
}

const CANCEL_MS = 2_000;
const DEPTH_EVERY_MS = 2_000;
const STALE_WAIT_MS = 120_000;

interface Session {
  readonly channel: Channel;
  readonly settler: Settler;
  readonly queueCheck: QueueCheck;
  readonly queueDepth: number;
  consumerTag: string | undefined;
  /** false: the broker did not confirm a cancel in time; what it still delivers goes back */
  accepting: boolean;
  ended: boolean;
  readonly end: (reason: string) => void;
}

/** Connects at once and for ever; delivers while `deliveries$` is subscribed. Never throws. */
export function createRabbitSource(options: RabbitSourceOptions): RabbitSource {
  const { log, queue, prefetch } = options;
  const now = options.now ?? Date.now;
  const deliveries = new Subject<Delivery>();
  const lost = new Subject<Loss>();
  const states = new BehaviorSubject<ConsumerState>({ kind: 'connecting' });
  let session: Session | undefined;
  let subscribers = 0;
  let paused = false;
  let stopped = false;
  let closed = false;
  /** why the last session ended, until the next one is set up */
  let downReason: string | undefined;

  /** of sessions that have ended: what they delivered is still in memory */
  const stale = new Set<Settler>();

  const wanted = (): boolean => subscribers > 0 && !paused && !stopped;

  function currentState(): ConsumerState {
    if (stopped || closed) return { kind: 'stopped' };
    if (session === undefined) {
      return downReason === undefined ? { kind: 'connecting' } : { kind: 'connecting', detail: downReason };
    }
    if (paused) return { kind: 'paused' };
    if (session.consumerTag !== undefined) return { kind: 'consuming', queueDepth: session.queueDepth };
    if (subscribers === 0) return { kind: 'idle', queueDepth: session.queueDepth };
    const held = heldBefore(session);
    return held > 0
      ? { kind: 'paused', detail: `waiting for ${held} earlier deliveries to be settled` }
      : { kind: 'idle', queueDepth: session.queueDepth };
  }

  /** deliveries that a consumer started now would come on top of */
  function heldBefore(target: Session): number {
    let held = target.settler.open;
    for (const settler of stale) held += settler.open;
    return held;
  }

  function tellState(): void {
    const next = currentState();
    if (states.value.kind !== next.kind || next.kind === 'connecting') states.next(next);
  }

  function onMessage(from: Session, message: ConsumeMessage): void {
    if (!from.accepting || from.ended) {
      from.settler.delivered(message.fields.deliveryTag);
      from.settler.requeue(message.fields.deliveryTag);
      return;
    }
    deliveries.next(
      toDelivery(message, { settler: from.settler, hasDlq: options.dlq !== undefined, now, onMisuse }),
    );
  }

  function onMisuse(kind: string): void {
    log.error({ queue, settlement: kind }, 'a message from the queue was settled in a way that it cannot be');
  }

  function endSession(ending: Session, loss: Loss): void {
    if (ending.ended) return;
    ending.ended = true;
    ending.settler.abandon();
    if (ending.settler.open > 0) waitForStale(ending.settler);
    if (session === ending) session = undefined;
    if (!closed) {
      tellState();
      lost.next(loss);
    }
  }

  function waitForStale(settler: Settler): void {
    stale.add(settler);
    void atMost(options.staleWaitMs ?? STALE_WAIT_MS, settler.drained()).then(() => {
      stale.delete(settler);
      if (settler.open > 0) {
        log.error({ queue, deliveries: settler.open }, 'deliveries of a closed channel were never settled');
      }
      if (session !== undefined) void reconcile(session);
    });
  }

  async function setUp(model: ChannelModel, end: (reason: string) => void): Promise<void> {
    const queueDepth = await declareTopology(model, options);
    const channel = await model.createChannel();
    const made: Session = {
      channel,
      settler: createSettler(channel),
      queueCheck: createQueueCheck(model, queue),
      queueDepth,
      consumerTag: undefined,
      accepting: true,
      ended: false,
      end,
    };
    let error: string | undefined;
    channel.on('error', (cause: Error) => {
      error = cause.message;
    });
    channel.on('handler-error', (cause: Error, event: string) => {
      log.error({ err: cause, event, queue }, 'a RabbitMQ handler threw');
    });
    channel.on('close', () => {
      endSession(made, 'channel-closed');
      end(error ?? 'channel closed');
    });
    await channel.prefetch(prefetch);
    if (closed) return;
    session = made;
    downReason = undefined;
    await reconcile(made);
  }

  /** Brings the session's consumer to what is wanted; calls run one after the other. */
  let turn: Promise<void> = Promise.resolve();
  function reconcile(target: Session): Promise<void> {
    turn = turn.then(async () => {
      try {
        await moveTowardsWanted(target);
      } catch (error) {
        // the channel is gone, or of no use
        if (!target.ended) target.end(messageOf(error));
      }
    });
    return turn;
  }

  async function moveTowardsWanted(target: Session): Promise<void> {
    if (target.ended) return;
    const tag = target.consumerTag;
    if (!wanted()) {
      if (tag !== undefined) {
        await target.channel.cancel(tag);
        target.consumerTag = undefined;
        await checkNotLost(target);
      }
      return tellState();
    }
    target.accepting = true;
    if (tag !== undefined) return;
    if (heldBefore(target) > 0) {
      // `waitForStale` comes back for the others
      if (target.settler.open > 0) void target.settler.drained().then(() => reconcile(target));
      return tellState();
    }
    const { consumerTag } = await target.channel.consume(queue, (message) => {
      if (message !== null) return onMessage(target, message);
      // told as a `cancel` event as well: only this one is heard, else two consumers would start
      endSession(target, 'cancelled');
      target.end('consumer cancelled by the broker');
    });
    if (target.ended) return;
    target.consumerTag = consumerTag;
    tellState();
    if (!wanted()) await moveTowardsWanted(target);
  }

  /** A queue deleted just before our own cancel is not announced, and later nobody would be told. */
  async function checkNotLost(target: Session): Promise<void> {
    if (stopped) return;
    if ((await target.queueCheck.exists()) !== 'no' || target.ended) return;
    endSession(target, 'cancelled');
    target.end('the queue is gone');
  }

  async function cancelConsumer(): Promise<void> {
    const target = session;
    tellState();
    if (target === undefined) return;
    await atMost(CANCEL_MS, reconcile(target));
    if (!wanted()) target.accepting = false;
  }

  const depthTimer = setInterval(() => void session?.queueCheck.exists(), DEPTH_EVERY_MS);
  depthTimer.unref();

  const kept = keepConnected({
    url: options.url,
    name: 'consumer',
    log,
    setUp,
    onDown(reason) {
      downReason = reason;
      tellState();
    },
  });

  return {
    deliveries$: new Observable<Delivery>((subscriber) => {
      const inner = deliveries.subscribe(subscriber);
      subscribers++;
      if (session !== undefined) void reconcile(session);
      return () => {
        inner.unsubscribe();
        subscribers--;
        if (session !== undefined) void reconcile(session);
      };
    }),
    state: currentState,
    state$: states.asObservable(),
    lost$: lost.asObservable(),
    queueDepth: () => session?.queueCheck.depth(),
    unsettled: () => session?.settler.open ?? 0,
    async pause() {
      paused = true;
      await cancelConsumer();
    },
    resume() {
      paused = false;
      tellState();
      if (session !== undefined) void reconcile(session);
    },
    async stop() {
      stopped = true;
      await cancelConsumer();
      deliveries.complete();
    },
    async close() {
      stopped = true;
      closed = true;
      clearInterval(depthTimer);
      await kept.close(async () => {
        const target = session;
        if (target === undefined) return;
        target.accepting = false;
        target.settler.flush();
        // the channel first: closing the connection at once would overtake the acks that amqplib still holds
        await target.channel.close();
      });
      deliveries.complete();
      tellState();
    },
  };
}
