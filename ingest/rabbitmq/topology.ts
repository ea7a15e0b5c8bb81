/** The exchange, the queue and what binds them (http.md, RabbitMQ): declared the same way by whoever connects. */
import type { Channel, ChannelModel } from 'amqplib';
import { KadaError, messageOf } from '../errors.ts';

export interface Topology {
  readonly exchange: string;
  readonly exchangeType: string;
  readonly queue: string;
  /** classic is declared without arguments, as the Python consumer does, so that both can share it */
  readonly queueType: 'classic' | 'quorum';
  readonly routingKeys: readonly string[];
  /** name of the dead-letter queue; undefined: dead-lettered messages are acked */
  readonly dlq: string | undefined;
}

export const DLX = 'analytics.dlx';

/**
 * Quorum queues count deliveries. Since 4.0 they throw a message away after 20 of them, and -1 says never. Before
 * 4.0 there is no limit, and -1 is taken as 0: a message that is given back once is gone (seen on 3.10).
 */
const FIRST_MAJOR_WITH_LIMIT = 4;

/** `x-…` arguments of the main queue; undefined when there are none. `serverMajor`: RabbitMQ's major version. */
export function queueArguments(
  topology: Topology,
  serverMajor: number,
): Record<string, string | number> | undefined {
  const unlimited = serverMajor >= FIRST_MAJOR_WITH_LIMIT ? { 'x-delivery-limit': -1 } : {};
  const quorum = topology.queueType === 'quorum' ? { 'x-queue-type': 'quorum', ...unlimited } : {};
  const deadLetters =
    topology.dlq === undefined
      ? {}
      : { 'x-dead-letter-exchange': DLX, 'x-dead-letter-routing-key': topology.dlq };
  const all = { ...quorum, ...deadLetters };
  return Object.keys(all).length === 0 ? undefined : all;
}

const inequivalent =
  /inequivalent arg '([^']+)' for (\w+) '([^']*)'.*?received (.+?) but current is (.+?)(?:"|$)/s;

const advice: Readonly<Record<string, string>> = {
  'x-queue-type': 'set RABBITMQ_QUEUE_TYPE to the type it has',
  'x-dead-letter-exchange': 'set or unset RABBITMQ_DLQ to match it',
  'x-dead-letter-routing-key': 'set RABBITMQ_DLQ to that name',
  'x-delivery-limit':
    'delete it while it is empty and let it be declared again (a limit would throw good messages away after crashes)',
  durable: 'it was declared without durable and would lose its messages: delete it while it is empty',
  type: 'set RABBITMQ_EXCHANGE_TYPE to the type it has',
};

/** A refused declaration in words: what differs and what to do. Any other error comes back as it is. */
export function explainRefusal(error: unknown): unknown {
  const text = messageOf(error);
  const match = inequivalent.exec(text);
  if (match === null) return error;
  const [, argument = '', kind = '', name = '', ours = '', theirs = ''] = match;
  const code = kind === 'exchange' ? 'KADA_EXCHANGE_ARGUMENTS' : 'KADA_QUEUE_ARGUMENTS';
  const hint = advice[argument] ?? 'declare it as it is';
  return new KadaError(
    code,
    `The ${kind} "${name}" exists with another "${argument}": it has ${theirs}, this process asks for ${ours}. ` +
      `Nothing was changed and nothing is consumed. Either ${hint}, or name another ${kind} in ` +
      `${kind === 'exchange' ? 'RABBITMQ_EXCHANGE' : 'RABBITMQ_QUEUE'}. Trying again until it fits.`,
    { cause: error },
  );
}

/**
 * Declares all of it, idempotently, on a channel of its own: a refusal closes the channel, and nobody else's work
 * may hang on that one. Resolves with the messages that wait in the queue; throws `KADA_QUEUE_ARGUMENTS` or
 * `KADA_EXCHANGE_ARGUMENTS` for a 406, else what amqplib throws.
 */
export async function declareTopology(model: ChannelModel, topology: Topology): Promise<number> {
  const channel = await model.createChannel();
  // the refused call rejects as well; without a listener the event would be an uncaught exception
  channel.on('error', () => {});
  try {
    return await declareOn(channel, topology, serverMajorOf(model));
  } catch (error) {
    throw explainRefusal(error);
  } finally {
    // on a channel that the refusal has closed this throws
    await Promise.resolve()
      .then(() => channel.close())
      .catch(() => {});
  }
}

function serverMajorOf(model: ChannelModel): number {
  return Number.parseInt(model.connection.serverProperties.version ?? '', 10) || 0;
}

async function declareOn(channel: Channel, topology: Topology, serverMajor: number): Promise<number> {
  const { exchange, exchangeType, queue, routingKeys, dlq } = topology;
  await channel.assertExchange(exchange, exchangeType, { durable: true });
  if (dlq !== undefined) {
    await channel.assertExchange(DLX, 'direct', { durable: true });
    await channel.assertQueue(dlq, { durable: true });
    await channel.bindQueue(dlq, DLX, dlq);
  }
  const given = queueArguments(topology, serverMajor);
  const { messageCount } = await channel.assertQueue(queue, {
    durable: true,
    ...(given === undefined ? {} : { arguments: given }),
  });
  for (const key of routingKeys) await channel.bindQueue(queue, exchange, key);
  return messageCount;
}

/** Does a binding of this pattern route this key? As RabbitMQ's topic exchange: `*` one word, `#` any number. */
export function topicMatches(pattern: string, key: string): boolean {
  return wordsMatch(words(pattern), 0, words(key), 0);
}

const words = (text: string): readonly string[] => (text === '' ? [] : text.split('.'));

function wordsMatch(pattern: readonly string[], p: number, key: readonly string[], k: number): boolean {
  const word = pattern[p];
  if (word === undefined) return k === key.length;
  if (word === '#') {
    for (let next = k; next <= key.length; next++) if (wordsMatch(pattern, p + 1, key, next)) return true;
    return false;
  }
  return k < key.length && (word === '*' || word === key[k]) && wordsMatch(pattern, p + 1, key, k + 1);
}

/** Would a message of this key reach the queue by the bindings that `declareTopology` makes? */
export function routes(topology: Topology, routingKey: string): boolean {
  switch (topology.exchangeType) {
    case 'topic':
      return topology.routingKeys.some((pattern) => topicMatches(pattern, routingKey));
    case 'direct':
      return topology.routingKeys.includes(routingKey);
    case 'fanout':
      return topology.routingKeys.length > 0;
    default:
      // headers and plug-in types: what they route by is not known here, so nothing is promised
      return false;
  }
}
