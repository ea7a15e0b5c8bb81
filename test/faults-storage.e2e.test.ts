import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Broker, startBroker } from './support/broker.ts';
import { eventually } from './support/eventually.ts';
import { brokerNames, moreAnswers, stopAndJudge, told } from './support/faulty-setup.ts';
import { createHttpClient } from './support/http-client.ts';
import { createLedger } from './support/ledger.ts';
import { startAmqpLoad } from './support/load-amqp.ts';
import { trackEvent, wire } from './support/load-events.ts';
import { errorCode, recordSingle, startHttpLoad } from './support/load-http.ts';
import {
  cleanUp,
  collectorKey,
  createDataDir,
  type PipelineProcess,
  runToExit,
  startPipeline,
} from './support/pipeline-process.ts';
import { publishAll } from './support/rabbit.ts';
import { createRandom } from './support/random.ts';

/** A disk that is full, nearly full, or has lost what it was given; and a second process on the same file. */
let broker: Broker;
beforeAll(async () => {
  broker = await startBroker();
});
afterEach(cleanUp);
afterAll(() => broker.dispose());

const megabyte = 1_048_576;

test('the disk is full: told in the log and by 503, nothing acked is missing, and it goes on when there is room', {
  timeout: 240_000,
}, async () => {
  const { exchange, queue, env } = await brokerNames(broker, 'full');
  const dataDir = await createDataDir();
  const ledger = createLedger();
  const random = createRandom(23);
  const settings = { ...env, TRACKING_TRANSPORT: 'direct', HTTP_COMMIT_TIMEOUT_MS: '1000' };
  const full = await startPipeline({
    dataDir,
    env: { ...settings, SHUTDOWN_DEADLINE_MS: '2000' },
    maxFileBytes: 2 * megabyte,
  });
  let current: PipelineProcess | undefined = full;
  const http = startHttpLoad({ random: random.fork(), ledger, target: () => current, batchSize: 200 });
  const amqp = startAmqpLoad({ random: random.fork(), ledger, url: broker.url, exchange });

  await moreAnswers(ledger, '503 warehouse_away', 50);
  expect(ledger.count('202'), told(ledger)).toBeGreaterThan(30);
  const logged = full.logs.filter(({ level }) => typeof level === 'number' && level >= 50);
  expect(logged.map(({ msg }) => msg).join('\n')).toMatch(/warehouse is away/);
  expect((await fetch(`${full.dashboardUrl}/readyz`)).status).toBe(503);
  expect((await full.metrics()).value('kada_warehouse_up')).toBe(0);
  // what the broker was not acked waits there
  await moreAnswers(ledger, 'amqp confirmed', 100);
  full.kill('SIGTERM');
  const exit = await full.exited;
  expect([0, 1]).toContain(exit.code);
  current = undefined;

  const roomy = await startPipeline({ dataDir, env: settings });
  current = roomy;
  await moreAnswers(ledger, '202 stored', 100);
  await Promise.all([http.stop(), amqp.stop()]);
  await stopAndJudge(roomy, ledger, { broker, queue });
});

test('rule 18: less free disk than MIN_FREE_DISK_MB: every entrance answers 503 disk_low and the consumer pauses', async () => {
  const { exchange, queue, env } = await brokerNames(broker, 'low');
  const ledger = createLedger();
  const random = createRandom(29);
  // the queue stands already, as after a restart
  await broker.declareQueue(queue);
  await broker.bind(queue, exchange, 'order.*');
  const messages = 20;
  const orders = Array.from({ length: messages }, (_, n) => `{"order_id":"o-${n}"}`);
  await publishAll(broker, exchange, orders, 'order.paid', { persistent: true });
  await eventually(async () => expect((await broker.queue(queue))?.messages).toBe(messages));

  const low = await startPipeline({ env: { ...env, MIN_FREE_DISK_MB: '4294967295' }, until: 'ready' });
  const client = createHttpClient();
  const event = trackEvent(random);
  const asked = [
    await client.post(`${low.trackingUrl}/track`, wire(event)),
    await client.post(`${low.trackingUrl}/track/click`, wire(event)),
    await client.post(`${low.collectorUrl}/events`, wire(event), { 'x-analytics-key': collectorKey }),
  ];
  for (const answer of asked) {
    expect(answer).toMatchObject({ kind: 'answer', status: 503 });
    if (answer.kind !== 'answer') continue;
    expect(errorCode(answer.json)).toBe('disk_low');
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  }
  ledger.row(event.id, 'refused');
  expect((await low.metrics()).value('kada_requests_refused_total', { reason: 'disk_low' })).toBe(3);
  expect(low.logs.some(({ code }) => code === 'KADA_DISK_LOW')).toBe(true);
  expect(await broker.queue(queue)).toEqual({ messages, consumers: 0 });
  expect((await low.metrics()).value('kada_events_received_total')).toBe(0);
  expect(await low.stop()).toEqual({ code: 0, signal: null });

  // and with room on the disk all of it comes in
  const roomy = await startPipeline({ dataDir: low.dataDir, env });
  recordSingle(ledger, event, await client.post(`${roomy.trackingUrl}/track`, wire(event)));
  expect(ledger.count('202')).toBe(1);
  await eventually(async () =>
    expect((await roomy.metrics()).value('kada_events_stored_total', { table: 'business_events' })).toBe(
      messages,
    ),
  );
  client.close();
  expect(await roomy.stop()).toEqual({ code: 0, signal: null });
});

test('a second process on the same file exits 2, says who has it, and does not disturb the first', async () => {
  const first = await startPipeline();
  const second = await runToExit({ dataDir: first.dataDir });
  expect(second.code).toBe(2);
  expect(second.output).toContain(
    `one process owns warehouse.duckdb (pid ${first.pid}): use --roles a,b, or set DB_HOST`,
  );
  const ledger = createLedger();
  const client = createHttpClient();
  const event = trackEvent(createRandom(31));
  recordSingle(ledger, event, await client.post(`${first.trackingUrl}/track`, wire(event)));
  client.close();
  expect(ledger.count('202 stored')).toBe(1);
  // commands still find the first
  expect(await first.sql('SELECT count(*) FROM ops.event_fingerprints')).toEqual([[1]]);
  await stopAndJudge(first, ledger);
});

test('rule 17: a WAL that was cut off: refused with KADA_WAREHOUSE_BEHIND until --accept-loss says to go on', async () => {
  const dataDir = await createDataDir();
  const client = createHttpClient();
  const random = createRandom(37);
  const first = await startPipeline({ dataDir });
  const ids: string[] = [];
  for (let n = 0; n < 40; n++) {
    const event = trackEvent(random);
    ids.push(event.id);
    expect(await client.post(`${first.trackingUrl}/track`, wire(event))).toMatchObject({ status: 202 });
  }
  // the mark follows within a second
  await eventually(async () => expect(await markedSeq(dataDir)).toBe(ids.length));
  first.kill('SIGKILL');
  await first.exited;
  const wal = join(dataDir, 'warehouse.duckdb.wal');
  const { size } = await stat(wal);
  await truncate(wal, Math.floor(size / 2));

  const refused = await runToExit({ dataDir });
  expect(refused.code).toBe(1);
  expect(refused.output).toContain('KADA_WAREHOUSE_BEHIND');
  expect(refused.output).toContain('--accept-loss');
  // a refusal changes nothing: it is refused again
  expect((await runToExit({ dataDir })).output).toContain('KADA_WAREHOUSE_BEHIND');

  const accepted = await startPipeline({ dataDir, args: ['--accept-loss'] });
  const [[kept] = []] = await accepted.sql('SELECT count(*) FROM ops.event_fingerprints');
  expect(Number(kept)).toBeLessThan(ids.length);
  const ledger = createLedger();
  for (const id of ids) ledger.row(id, 'unknown');
  const event = trackEvent(random);
  recordSingle(ledger, event, await client.post(`${accepted.trackingUrl}/track`, wire(event)));
  client.close();
  // a number that was given before the loss is not given again
  expect(await accepted.sql(`SELECT max(ingest_seq) > ${ids.length} FROM bronze.tracked_events`)).toEqual([
    [true],
  ]);
  await stopAndJudge(accepted, ledger);
  const again = await startPipeline({ dataDir });
  expect(await again.stop()).toEqual({ code: 0, signal: null });
});

async function markedSeq(dataDir: string): Promise<unknown> {
  const mark: unknown = JSON.parse(await readFile(join(dataDir, 'warehouse.mark'), 'utf8'));
  return typeof mark === 'object' && mark !== null && 'seq' in mark ? mark.seq : undefined;
}

test('a WAL with 64 bad bytes: refused with a message that says what to do, as often as it is tried, and left as it is', {
  timeout: 300_000,
}, async () => {
  const dataDir = await createDataDir();
  const first = await startPipeline({ dataDir });
  const client = createHttpClient();
  const random = createRandom(43);
  for (let n = 0; n < 20; n++) {
    expect(await client.post(`${first.trackingUrl}/track`, wire(trackEvent(random)))).toMatchObject({
      status: 202,
    });
  }
  client.close();
  first.kill('SIGKILL');
  await first.exited;
  const wal = join(dataDir, 'warehouse.duckdb.wal');
  const bytes = await readFile(wal);
  const from = random.int(100, bytes.length - 100);
  bytes.forEach((byte, at) => {
    if (at >= from && at < from + 64) bytes[at] = byte ^ 0xff;
  });
  await writeFile(wal, bytes);
  const database = await readFile(join(dataDir, 'warehouse.duckdb'));

  for (const args of [[], ['--accept-loss']]) {
    const refused = await runToExit({ dataDir, args });
    expect(refused.code).toBe(1);
    expect(refused.output).toContain('KADA_WAREHOUSE_UNREADABLE');
    expect(refused.output).toContain('Corrupt WAL file');
    expect(refused.output).toContain('Nothing was changed; restore a backup');
  }
  expect((await readFile(wal)).equals(bytes)).toBe(true);
  expect((await readFile(join(dataDir, 'warehouse.duckdb'))).equals(database)).toBe(true);
});

const nobody = 65_534;
const isRoot = process.getuid?.() === 0;
/** root is bound by no file mode: somebody else must be able to start the pipeline */
const canBeBound =
  !isRoot ||
  spawnSync(process.execPath, ['-e', 'require("node:fs").readdirSync("node_modules")'], { uid: nobody })
    .status === 0;

test.skipIf(!canBeBound)(
  'a data directory that may only be read: told at start, and nothing is changed in it',
  {
    timeout: 300_000,
  },
  async () => {
    const dataDir = await createDataDir();
    const first = await startPipeline({ dataDir });
    const client = createHttpClient();
    expect(await client.post(`${first.trackingUrl}/track`, wire(trackEvent(createRandom(47))))).toMatchObject(
      { status: 202 },
    );
    client.close();
    expect(await first.stop()).toEqual({ code: 0, signal: null });
    const names = await readdir(dataDir);
    const before = await readFile(join(dataDir, 'warehouse.duckdb'));
    for (const name of names) await chmod(join(dataDir, name), 0o444);
    await chmod(dataDir, 0o555);

    const refused = await runToExit({ dataDir, ...(isRoot ? { uid: nobody } : {}) });
    expect(refused.code, refused.output).toBe(1);
    expect(refused.output).toMatch(/KADA_[A-Z_]+/);
    expect(refused.output).toMatch(/permission denied|read-only/i);
    expect(await readdir(dataDir)).toEqual(names);
    expect((await readFile(join(dataDir, 'warehouse.duckdb'))).equals(before)).toBe(true);

    await chmod(dataDir, 0o755);
    for (const name of names) await chmod(join(dataDir, name), 0o644);
    const again = await startPipeline({ dataDir });
    expect(await again.sql('SELECT count(*) FROM ops.event_fingerprints')).toEqual([[1]]);
    expect(await again.stop()).toEqual({ code: 0, signal: null });
  },
);

const hasStrace = spawnSync('strace', ['-V']).status === 0;

test.skipIf(!hasStrace)(
  'fsync fails under load: nothing is acked that is not stored, and it goes on when the disk does',
  {
    timeout: 300_000,
  },
  async () => {
    const { exchange, queue, env } = await brokerNames(broker, 'fsync');
    const ledger = createLedger();
    const random = createRandom(53);
    const running = await startPipeline({
      env: { ...env, TRACKING_TRANSPORT: 'direct', HTTP_COMMIT_TIMEOUT_MS: '1000' },
    });
    const http = startHttpLoad({ random: random.fork(), ledger, target: () => running });
    const amqp = startAmqpLoad({ random: random.fork(), ledger, url: broker.url, exchange });
    await moreAnswers(ledger, '202', 50);

    const failing = await failFsync(running.pipelinePid);
    try {
      await moreAnswers(ledger, '503', 20);
      await eventually(
        () => expect(running.logs.map(({ msg }) => msg).join('\n')).toMatch(/warehouse is away/),
        { timeoutMs: 60_000 },
      );
    } finally {
      await ended(failing);
    }
    await moreAnswers(ledger, '202 stored', 50);
    await Promise.all([http.stop(), amqp.stop()]);
    await stopAndJudge(running, ledger, { broker, queue });
  },
);

/** Every fsync of the process fails with EIO until strace is ended. */
async function failFsync(pid: number): Promise<ChildProcess> {
  const inject = 'inject=fsync,fdatasync:error=EIO';
  const strace = spawn(
    'strace',
    ['-f', '-e', 'trace=fsync,fdatasync', '-e', inject, '-o', '/dev/null', '-p', `${pid}`],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let told = '';
  strace.stderr?.on('data', (chunk) => {
    told += String(chunk);
  });
  await eventually(() => {
    if (!told.includes('attached')) throw new Error(`strace did not attach: ${told}`);
  });
  return strace;
}

async function ended(strace: ChildProcess): Promise<void> {
  const exited = once(strace, 'exit');
  strace.kill('SIGTERM');
  await exited;
}
