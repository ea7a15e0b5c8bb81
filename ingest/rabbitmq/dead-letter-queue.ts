import { type Channel, type ChannelModel, connect, type GetMessage } from 'amqplib';
import { KadaError, messageOf } from '../errors.ts';
import { redactUrl } from './connection.ts';
import { type DeadMessage, deadMessage, keptBytes } from './dead-message.ts';

export interface DeadLetterQueueOptions {
  readonly url: string;
  /** the dead-letter queue */
  readonly name: string;
  /** the main queue, whose dead messages it holds */
  readonly main: string;
  readonly now: () => number;
}

/** The broker's own queue of dead letters, for somebody who empties it: message by message, each acked by name. */
export interface DeadLetterQueue {
  /** messages that waited when it was opened */
  readonly waiting: number;
  /** The next ones, at most so many, and about so many bytes; they stay the broker's until `ack`. None: it is empty. */
  take(limits: { readonly messages: number; readonly bytes: number }): Promise<readonly DeadMessage[]>;
  /** Of messages that were taken here; resolves when the broker has taken note. */
  ack(messages: readonly DeadMessage[]): Promise<void>;
  /** What was taken and not acked goes back to its place. */
  close(): Promise<void>;
}

const connectMs = 10_000;

const away = (url: string, error: unknown): KadaError =>
  new KadaError('KADA_BROKER_AWAY', `RabbitMQ at ${redactUrl(url)} cannot be used: ${messageOf(error)}`, {
    cause: error,
  });

const isNotFound = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 404;

/** Throws KADA_BROKER_AWAY, or KADA_NO_DLQ where there is no such queue: nothing is declared here. */
export async function openDeadLetterQueue(options: DeadLetterQueueOptions): Promise<DeadLetterQueue> {
  const { url, name, main, now } = options;
  let model: ChannelModel;
  try {
    model = await connect(url, { timeout: connectMs, clientProperties: { connection_name: 'kada drain' } });
  } catch (error) {
    throw away(url, error);
  }
  // What was under way rejects as well; without listeners these events would be uncaught exceptions.
  model.on('error', () => {});
  const closeAll = async (): Promise<void> => {
    await model.close().catch(() => {});
  };
  try {
    const channel = await model.createChannel();
    channel.on('error', () => {});
    const lost = new Promise<never>((_, reject) => {
      channel.once('close', () => reject(new Error('the connection was closed')));
    });
    // Told to whoever waits; nobody may.
    lost.catch(() => {});
    const { messageCount } = await channel.checkQueue(name);
    return openOn(channel, lost, messageCount);
  } catch (error) {
    await closeAll();
    if (!isNotFound(error)) throw away(url, error);
    throw new KadaError(
      'KADA_NO_DLQ',
      `there is no queue "${name}" (RABBITMQ_DLQ): a pipeline with the same settings declares it when it starts`,
      { cause: error },
    );
  }

  function openOn(channel: Channel, lost: Promise<never>, waiting: number): DeadLetterQueue {
    /** Weak: a dry run acks nothing, and must not keep every body until its end. */
    const open = new WeakMap<DeadMessage, GetMessage>();
    const orAway = async <T>(work: () => Promise<T>): Promise<T> => {
      try {
        // amqplib answers nobody whose message's body was under way when the connection was lost.
        return await Promise.race([work(), lost]);
      } catch (error) {
        throw away(url, error);
      }
    };
    return {
      waiting,
      take: (limits) =>
        orAway(async () => {
          const taken: DeadMessage[] = [];
          let bytes = 0;
          while (taken.length < limits.messages && bytes < limits.bytes) {
            const found = await channel.get(name);
            if (found === false) break;
            const dead = deadMessage(found, { main, deadLetters: name }, now());
            // A body may be as large as the broker allows; what is kept of it is bounded.
            open.set(dead, { ...found, content: Buffer.alloc(0) });
            taken.push(dead);
            bytes += keptBytes(dead);
          }
          return taken;
        }),
      ack: (messages) =>
        orAway(async () => {
          for (const message of messages) {
            const found = open.get(message);
            open.delete(message);
            if (found !== undefined) channel.ack(found);
          }
          // Acks have no answer: a call behind them on the same channel has.
          await channel.checkQueue(name);
        }),
      close: closeAll,
    };
  }
}
