import { type ChannelModel, type ConfirmChannel, connect } from 'amqplib';
import { eventually } from './eventually.ts';
import { pause } from './http-client.ts';
import type { Ledger } from './ledger.ts';
import { type DomainMessage, domainMessage, trackEvent, uiRoutingKey, wire } from './load-events.ts';
import type { Load } from './load-http.ts';
import type { Random } from './random.ts';

export interface AmqpLoadOptions {
  readonly random: Random;
  readonly ledger: Ledger;
  readonly url: string;
  readonly exchange: string;
  /** messages without a confirm at once */
  readonly window?: number;
  /** ms between two messages */
  readonly restMs?: number;
}

export interface AmqpLoad extends Load {
  /** messages that the broker has confirmed and not returned */
  readonly confirmed: () => number;
}

const remembered = 50;

/**
 * The shop's services and its web app: persistent, mandatory messages on one connection, opened again for ever.
 * A confirm without a return is the broker's word that the message stands in the queue; an unconfirmed one is
 * published again with the same ids.
 */
export function startAmqpLoad(options: AmqpLoadOptions): AmqpLoad {
  const { random, ledger, exchange } = options;
  const old: DomainMessage[] = [];
  const due: DomainMessage[] = [];
  let open = 0;
  let confirmed = 0;
  let stopping = false;

  function next(): DomainMessage {
    const lost = due.shift();
    if (lost !== undefined) return lost;
    if (old.length > 0 && random.oneIn(10)) return random.pick(old);
    const message = random.oneIn(4) ? uiMessage(random) : domainMessage(random);
    old.push(message);
    if (old.length > remembered) old.shift();
    return message;
  }

  /** Publishes until the connection is gone or the load is stopped. */
  async function publishOn(channel: ConfirmChannel, alive: () => boolean): Promise<void> {
    const returned = new Set<string>();
    channel.on('return', (message) => returned.add(String(message.properties.messageId)));
    let tag = 0;
    while (alive() && !stopping) {
      if (open >= (options.window ?? 100)) {
        await pause(1);
        continue;
      }
      const message = next();
      const messageId = `m-${tag++}`;
      open += 1;
      try {
        channel.publish(
          exchange,
          message.routingKey,
          Buffer.from(wire(message)),
          { persistent: true, mandatory: true, contentType: 'application/json', messageId },
          (error: unknown) => {
            open -= 1;
            const routed = !returned.delete(messageId);
            if (error === null || error === undefined) {
              if (routed) confirmed += 1;
              ledger.row(message.id, routed ? 'promised' : 'refused');
              ledger.answered(routed ? 'amqp confirmed' : 'amqp returned');
            } else {
              ledger.row(message.id, 'unknown');
              ledger.answered('amqp unconfirmed');
              if (due.length < remembered) due.push(message);
            }
          },
        );
      } catch {
        open -= 1;
        ledger.row(message.id, 'refused');
        return;
      }
      await pause(options.restMs ?? 2);
    }
    if (alive())
      await eventually(
        () => {
          if (open > 0 && alive()) throw new Error(`${open} messages are not confirmed`);
        },
        { timeoutMs: 20_000 },
      );
  }

  async function run(): Promise<void> {
    while (!stopping) {
      const connection = await open_(options.url);
      if (connection === undefined) {
        await pause(50);
        continue;
      }
      let alive = true;
      connection.on('error', () => {});
      connection.on('close', () => {
        alive = false;
      });
      try {
        const channel = await connection.createConfirmChannel();
        channel.on('error', () => {});
        channel.on('close', () => {
          alive = false;
        });
        await publishOn(channel, () => alive);
      } catch {
        // the connection went while it was being opened
      } finally {
        await connection.close().catch(() => {});
      }
    }
  }

  const running = run();
  return {
    confirmed: () => confirmed,
    async stop() {
      stopping = true;
      await running;
    },
  };
}

const open_ = (url: string): Promise<ChannelModel | undefined> =>
  connect(url, { timeout: 5_000 }).catch(() => undefined);

/** The web app publishes its events itself: flat, the body of /track. */
function uiMessage(random: Random): DomainMessage {
  const event = trackEvent(random);
  return { ...event, routingKey: uiRoutingKey(event) };
}
