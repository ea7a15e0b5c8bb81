import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import pino from 'pino';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openDuckDbWarehouse } from '../sinks/duckdb/open.ts';
import { recordsOf } from '../sinks/letter-query.ts';
import type { QueryValue } from '../sinks/warehouse.ts';
import { type Broker, startBroker } from './support/broker.ts';
import { eventually } from './support/eventually.ts';
import { brokerNames, drained } from './support/faulty-setup.ts';
import { cleanUp, createDataDir, type PipelineProcess, startPipeline } from './support/pipeline-process.ts';
import { bareEnvironment, type CommandRun, runCommand } from './support/run-command.ts';

/**
 * The broker's own queue of dead letters, filled by a real consumer's rejects and by a time to live, drained through a
 * running pipeline that is killed, by a command that is killed, and without any pipeline.
 */
let broker: Broker;
beforeAll(async () => {
  broker = await startBroker();
});
afterEach(cleanUp);
afterAll(() => broker.dispose());

const id = (kind: number, n: number): string =>
  `${String(kind).padStart(8, '0')}-0000-4000-8000-${String(n).padStart(12, '0')}`;

interface Message {
  readonly key: string;
  readonly body: string;
}

/** Messages name their time: a second look knows when they died only to the second. */
const then = new Date(Date.now() - 60_000).toISOString();
const orderOf = (n: number, data: object = {}): string =>
  JSON.stringify({
    eventId: id(1, n),
    eventType: 'order.created',
    occurredAt: then,
    data: { orderId: `o-${n}`, userId: `u-${n}`, subtotal: 10, paymentMethod: 'COD', ...data },
  });
const repeated = (count: number, of: (n: number) => Message): readonly Message[] =>
  Array.from({ length: count }, (_, n) => of(n));
const broken: readonly Message[] = [
  ...repeated(60, (n) => ({ key: 'order.created', body: orderOf(n, { orderId: null }) })),
  ...repeated(60, (n) => ({ key: 'ui.click', body: `{"event_id": "${id(2, n)}",` })),
  ...repeated(60, (n) => ({
    key: 'ui.click',
    body: JSON.stringify({ event_id: id(3, n), event_type: 'ui.unheard_of', event_timestamp: then }),
  })),
  // One letter, seen three times, and three messages in the broker's queue.
  ...repeated(3, () => ({ key: 'order.created', body: '[]' })),
];
const expired: readonly Message[] = [
  ...repeated(30, (n) => ({ key: 'order.created', body: orderOf(1_000 + n) })),
  { key: 'order.created', body: 'no JSON' },
  { key: 'order.created', body: 'no JSON' },
];
const letters = 181;

const publish = (exchange: string, messages: readonly Message[]): Promise<void> =>
  broker.withChannel(async (channel) => {
    for (const { key, body } of messages)
      channel.publish(exchange, key, Buffer.from(body), {
        persistent: true,
        contentType: 'application/json',
      });
    await channel.close();
  });

/** A queue whose messages die of age, unseen by any consumer, into the same dead-letter queue. */
async function lose(name: string, dlq: string, messages: readonly Message[]): Promise<void> {
  await broker.declareExchange(`${name}.short`);
  await broker.declareQueue(`${name}.short`, {
    'x-message-ttl': 1,
    'x-dead-letter-exchange': 'analytics.dlx',
    'x-dead-letter-routing-key': dlq,
  });
  await broker.bind(`${name}.short`, `${name}.short`, '#');
  await publish(`${name}.short`, messages);
}

const waiting = async (queue: string): Promise<number> => (await broker.queue(queue))?.messages ?? -1;

const isWaiting = (queue: string, messages: number): Promise<void> =>
  eventually(async () => expect(await waiting(queue)).toBe(messages), { timeoutMs: 120_000 });

const drain = (env: NodeJS.ProcessEnv, ...args: string[]): Promise<CommandRun> =>
  runCommand('commands/replay', ['--drain-dlq', ...args], env);

function startDrain(env: NodeJS.ProcessEnv, ...args: string[]): ChildProcess & { text(): string } {
  const child = spawn(
    process.execPath,
    [resolve(import.meta.dirname, '../pipeline/launch.mjs'), 'commands/replay', '--drain-dlq', ...args],
    { env: { ...bareEnvironment(), ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let written = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      written += chunk.toString();
    });
  return Object.assign(child, { text: () => written });
}
const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((done) => {
    if (child.exitCode !== null || child.signalCode !== null) done(child.exitCode);
    else child.once('exit', done);
  });

const letterRows = `SELECT fingerprint, source, stage, reason, detail, payload, status, attempts, context
  FROM ops.dead_letter_events ORDER BY fingerprint`;
/** What a second look at the same message cannot know: whether it was delivered before. */
const comparable = (rows: readonly (readonly QueryValue[])[]): readonly unknown[] =>
  rows.map((row) => {
    const { redelivered: _redelivered, ...context } = JSON.parse(String(row.at(-1)));
    return [...row.slice(0, -1), context];
  });
const untouched = 'SELECT * FROM ops.dead_letter_events ORDER BY fingerprint';
const count = async (running: PipelineProcess, from: string): Promise<number> =>
  Number((await running.sql(`SELECT count(*) FROM ${from}`))[0]?.[0]);

test('every message of the queue is in the table or in Bronze once, through two kill -9', async () => {
  const { exchange, queue, env: names } = await brokerNames(broker, 'drain');
  const dlq = `${queue}.dead`;
  const copy = `${queue}.copy`;
  const env = { ...names, RABBITMQ_DLQ: dlq };
  const dataDir = await createDataDir();
  let running = await startPipeline({ dataDir, env });
  // The same dead messages once more, for a warehouse that knows none of them.
  await broker.declareQueue(copy);
  await broker.bind(copy, 'analytics.dlx', dlq);
  await publish(exchange, [...broken, { key: 'order.created', body: orderOf(5_000) }]);
  await drained(running, broker, queue);
  await isWaiting(dlq, broken.length);
  const before = await running.sql(untouched);
  expect(before).toHaveLength(letters);

  const asked = { ...env, DATA_DIR: dataDir };
  const known = await drain(asked, '--dry-run');
  expect(known, known.stderr).toMatchObject({ code: 0 });
  expect(known.stdout).toMatch(/invalid_json +has its letter +60\n/);
  expect(known.stdout).toMatch(/invalid_event_shape +has its letter +3\n/);
  expect(known.stdout).not.toContain('new letter');
  await isWaiting(dlq, broken.length);
  await lose(queue, dlq, expired);
  await isWaiting(dlq, broken.length + expired.length);
  const dry = await drain(asked, '--dry-run');
  expect(dry.stdout).toMatch(/a valid event +stored +30\n/);
  expect(dry.stdout).toMatch(/invalid_json +has its letter +61\ninvalid_json +new letter +1\n/);
  await isWaiting(dlq, broken.length + expired.length);
  expect(await running.sql(untouched)).toEqual(before);

  const killed = startDrain(asked, '--rate', '40');
  await eventually(async () => expect(await waiting(dlq)).toBeLessThanOrEqual(expired.length + 120), {
    timeoutMs: 120_000,
  });
  killed.kill('SIGKILL');
  await ended(killed);
  const again = startDrain(asked, '--rate', '40');
  await eventually(async () => expect(await waiting(dlq)).toBeLessThanOrEqual(expired.length + 40), {
    timeoutMs: 120_000,
  });
  running.kill('SIGKILL');
  await running.exited;
  running = await startPipeline({ dataDir, env });
  expect(await ended(again), again.text()).toBe(0);
  await isWaiting(dlq, 0);
  expect((await drain(asked)).stdout).toBe(`the queue "${dlq}" is empty\n`);

  const after = await running.sql(`${untouched.replace('ORDER', "WHERE payload <> 'no JSON' ORDER")}`);
  expect(after).toEqual(before);
  expect(await count(running, `ops.dead_letter_events WHERE payload = 'no JSON' AND seen = 1`)).toBe(1);
  expect(await count(running, 'ops.dead_letter_events')).toBe(letters + 1);
  expect(await count(running, "bronze.business_events WHERE source = 'rabbitmq'")).toBe(31);
  const all = await running.sql(letterRows);
  await running.stop();

  const other = await createDataDir();
  const log = pino({ level: 'silent' });
  await (await openDuckDbWarehouse({ dataDir: other, log })).close();
  const alone = await drain({ ...env, RABBITMQ_DLQ: copy, DATA_DIR: other });
  expect(alone, alone.stderr).toMatchObject({ code: 0 });
  expect(alone.stdout).toMatch(/invalid_event_shape +has its letter +2\n/);
  await isWaiting(copy, 0);
  const opened = await openDuckDbWarehouse({ dataDir: other, log });
  const made = await opened.query(letterRows);
  const [stored] = recordsOf(await opened.query('SELECT count(*) AS n FROM bronze.business_events'));
  await opened.close();
  expect(comparable(made.rows)).toEqual(comparable(all));
  expect(stored?.n).toBe(30);
}, 600_000);

test('what stands in the way is told: no queue is named, there is none, the broker is away', async () => {
  const dataDir = await createDataDir();
  await (await openDuckDbWarehouse({ dataDir, log: pino({ level: 'silent' }) })).close();
  const env = { DATA_DIR: dataDir, RABBITMQ_URL: broker.url };
  const unnamed = await drain(env);
  expect(unnamed).toMatchObject({ code: 2, stdout: '' });
  expect(unnamed.stderr).toContain('RABBITMQ_DLQ');
  const none = await drain({ ...env, RABBITMQ_DLQ: 'never.declared' });
  expect(none).toMatchObject({ code: 1, stdout: '' });
  expect(none.stderr).toContain('KADA_NO_DLQ');
  const away = await drain({ ...env, RABBITMQ_URL: 'amqp://u:secret@127.0.0.1:1', RABBITMQ_DLQ: 'x' });
  expect(away).toMatchObject({ code: 1, stdout: '' });
  expect(away.stderr).toContain('KADA_BROKER_AWAY');
  expect(away.stderr).not.toContain('secret');
  expect(await drain({ ...env, RABBITMQ_DLQ: 'x' }, '--reason', 'invalid_json')).toMatchObject({ code: 2 });
}, 180_000);
