import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import { openDuckDbWarehouse } from '../sinks/duckdb/open.ts';
import { type Broker, startBroker } from './support/broker.ts';
import { buildFirst, type CommandRun, runCommand } from './support/run-command.ts';

/** The commands as a user runs them: processes of their own, a real warehouse, a real broker. */
let dataDir: string;
const holders: ChildProcess[] = [];

beforeAll(buildFirst);
const makeFolder = async (): Promise<void> => {
  dataDir = await mkdtemp(join(tmpdir(), 'kada-commands-'));
};
const clearFolder = async (): Promise<void> => {
  for (const holder of holders.splice(0)) {
    const ended = once(holder, 'exit');
    holder.stdin?.end();
    await ended;
  }
  await rm(dataDir, { recursive: true, force: true });
};

const run = (entry: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<CommandRun> =>
  runCommand(`commands/${entry}`, args, { DATA_DIR: dataDir, ...env });
const sql = (...args: string[]): Promise<CommandRun> => run('sql', args);

async function makeWarehouse(): Promise<void> {
  const warehouse = await openDuckDbWarehouse({ dataDir, log: pino({ level: 'silent' }) });
  await warehouse.close();
}
async function holdWarehouse(...mode: string[]): Promise<ChildProcess> {
  const child = join(import.meta.dirname, 'support/warehouse-child.ts');
  const holder = spawn(process.execPath, ['--import', 'tsx', child, dataDir, ...mode], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  holders.push(holder);
  await once(holder.stdout ?? holder, 'data');
  return holder;
}

describe('every command', () => {
  beforeAll(makeFolder);
  afterAll(clearFolder);
  const entries = Object.entries(manifest.scripts)
    .filter(([, script]) => script.startsWith('node pipeline/launch.mjs commands/'))
    .map(([name, script]) => [name, script.replace('node pipeline/launch.mjs commands/', '')] as const);

  test('is there', () => {
    expect(entries.map(([name]) => name).sort()).toEqual([
      'backup',
      'db:check',
      'db:create',
      'demo',
      'etl',
      'load',
      'prune',
      'publish-test-events',
      'replay',
      'seed',
      'simulate',
      'sql',
      'verify',
    ]);
  });
  test.each(entries)(
    '%s --help explains itself on stdout, whatever the configuration',
    async (name, entry) => {
      const help = await run(entry, ['--help'], { TRACKING_API_PORT: 'wrong' });
      expect(help).toMatchObject({ code: 0, stderr: '' });
      expect(help.stdout).toContain(`npm run ${name}`);
      expect(help.stdout).toContain('Exit codes: 0');
    },
  );
  test.each(entries)('%s with an unknown option is wrong use', async (name, entry) => {
    const wrong = await run(entry, ['--nonsense']);
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
    expect(wrong.stderr).toContain(`npm run ${name} -- --help`);
  });
  test.each(entries)('%s with a wrong configuration tells all of it and exits 2', async (_name, entry) => {
    const wrong = await run(entry, ['select 1'], { TRACKING_API_PORT: 'x', LOG_LEVEL: 'loud' });
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
    expect(wrong.stderr).toMatch(/TRACKING_API_PORT[\s\S]*LOG_LEVEL/);
  });
});

const query = `select * from (values
  (1, 1.5::double, 'එක, "two"', null, true),
  (-20, 0.25::double, '', e'tab\\tline\\n' || chr(27) || '[31m', false)) as v(n, d, "t,x", z, b) order by n desc`;
const expectedJson = [
  { n: 1, d: 1.5, 't,x': 'එක, "two"', z: null, b: true },
  { n: -20, d: 0.25, 't,x': '', z: 'tab\tline\n\u001b[31m', b: false },
];
const expectedCsv =
  'n,d,"t,x",z,b\r\n1,1.5,"එක, ""two""",,true\r\n-20,0.25,"","tab\tline\n\u001b[31m",false\r\n';

describe.each(['by opening the file', 'through the running process'])('sql, %s', (how) => {
  beforeAll(async () => {
    await makeFolder();
    await makeWarehouse();
    if (how === 'through the running process') await holdWarehouse();
  });
  afterAll(clearFolder);

  test('gives numbers as numbers in JSON, RFC 4180 in CSV, and an aligned table without control characters', async () => {
    const json = await sql(query, '--json');
    expect(json).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(json.stdout)).toEqual(expectedJson);

    expect(await sql('--csv', query)).toEqual({ code: 0, stderr: '', stdout: expectedCsv });

    const table = await sql(query);
    expect(table).toMatchObject({ code: 0, stderr: '' });
    expect(table.stdout).not.toContain('\u001b');
    expect(table.stdout.split('\n').slice(2)).toEqual([
      `  1   1.5  එක, "two"  ${'NULL'.padEnd(21)}  true`,
      '-20  0.25             tab\\tline\\n\\u001b[31m  false',
      '(2 rows)',
      '',
    ]);
  });

  test('an empty result is an empty array, a header alone, no rows', async () => {
    const empty = 'select 1 as n where false';
    expect((await sql(empty, '--json')).stdout).toBe('[]\n');
    expect((await sql(empty, '--csv')).stdout).toBe('n\r\n');
    expect((await sql(empty)).stdout).toBe('n\n-\n(0 rows)\n');
  });

  test('says when there are more rows', async () => {
    const cut = await sql('select * from range(5)', '--csv', '--max-rows', '2');
    expect(cut.stdout).toBe('range\r\n0\r\n1\r\n');
    expect(cut.stderr).toContain('more rows');
    expect((await sql('select * from range(5)', '--max-rows', '5')).stderr).toBe('');
  });

  test('a query that writes, or is none, fails with its code and changes nothing', async () => {
    const writing = await sql('delete from ops.warehouse');
    expect(writing).toMatchObject({ code: 1, stdout: '' });
    expect(writing.stderr).toContain('KADA_SQL_READ_ONLY');
    expect((await sql('select count(*) as n from ops.warehouse', '--csv')).stdout).toBe('n\r\n1\r\n');

    const nonsense = await sql('selekt 1');
    expect(nonsense).toMatchObject({ code: 1, stdout: '' });
    expect(nonsense.stderr).toMatch(/^KADA_/);
    const unknown = await sql('select * from bronze.nothing');
    expect(unknown).toMatchObject({ code: 1, stdout: '' });
    expect(unknown.stderr).toContain('nothing');
  });

  test('db:check', async () => {
    const check = await run('db-check', []);
    expect(check).toMatchObject({ code: 0, stderr: '' });
    expect(check.stdout).toContain(
      how === 'through the running process' ? `through process ${holders[0]?.pid}` : 'opened by this command',
    );
    const json = JSON.parse((await run('db-check', ['--json'])).stdout);
    expect(json).toMatchObject({ engine: 'duckdb', ok: true });
  });
});

describe('sql, wrong use', () => {
  beforeAll(makeFolder);
  afterAll(clearFolder);
  test.each([
    [[]],
    [['  ']],
    [['select 1', 'select 2']],
    [['select 1', '--json', '--csv']],
    [['select 1', '--max-rows', '0']],
    [['select 1', '--max-rows', 'many']],
  ])('%j', async (args) => {
    expect(await sql(...args)).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('without a warehouse', () => {
  beforeEach(makeFolder);
  afterEach(clearFolder);
  test('sql says so and makes none', async () => {
    const none = await sql('select 1');
    expect(none).toMatchObject({ code: 1, stdout: '' });
    expect(none.stderr).toContain('KADA_NO_WAREHOUSE');
    expect(await readdir(dataDir)).toEqual([]);
  });
  test('db:check says that npm start makes it', async () => {
    const check = await run('db-check', []);
    expect(check).toMatchObject({ code: 0 });
    expect(check.stdout).toContain('npm start');
    expect(await readdir(dataDir)).toEqual([]);
  });
  test('db:check tells a full disk', async () => {
    await makeWarehouse();
    const check = await run('db-check', [], { MIN_FREE_DISK_MB: '4000000000' });
    expect(check.code).toBe(1);
    expect(check.stdout).toMatch(/disk +FAILED/);
  });
});

describe('a process that', () => {
  beforeEach(makeFolder);
  afterEach(clearFolder);

  test('holds the file without a door is named, and nothing breaks', async () => {
    const holder = await holdWarehouse('no-door');
    const refused = await sql('select 1');
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('KADA_WAREHOUSE_LOCKED');
    expect(refused.stderr).toContain(String(holder.pid));
  });

  test('was killed leaves a control.json that is ignored; the file is opened', async () => {
    const holder = await holdWarehouse();
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    holders.splice(0);
    expect(await sql('select 1 as n', '--csv')).toEqual({ code: 0, stderr: '', stdout: 'n\r\n1\r\n' });
  });
});

describe('publish-test-events', () => {
  let broker: Broker;
  beforeAll(async () => {
    await makeFolder();
    broker = await startBroker();
  });
  afterAll(async () => {
    await broker?.dispose();
    await clearFolder();
  });

  const publish = (args: readonly string[], env: NodeJS.ProcessEnv): Promise<CommandRun> =>
    run('publish-test-events', args, env);

  test('without RABBITMQ_URL it says what is missing', async () => {
    const unset = await publish([], {});
    expect(unset).toMatchObject({ code: 2, stdout: '' });
    expect(unset.stderr).toContain('RABBITMQ_URL');
  });

  test.each([
    [['--quantity', '0']],
    [['--quantity', '1.5']],
    [['--session-id', ' ']],
    [['--session-id', 'x'.repeat(65)]],
    [['--page-url', '']],
    [['more']],
  ])('%j is wrong use', async (args) => {
    expect(await publish(args, { RABBITMQ_URL: broker.url })).toMatchObject({ code: 2, stdout: '' });
  });

  test('a broker that is away fails in plain words, without the password', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await new Promise((done) => server.close(done));
    const away = await publish([], { RABBITMQ_URL: `amqp://kada:hunter2hunter2@127.0.0.1:${port}` });
    expect(away).toMatchObject({ code: 1, stdout: '' });
    expect(away.stderr).toContain('KADA_BROKER_AWAY');
    expect(away.stderr).not.toContain('hunter2');
  });

  test('without a queue its events are unroutable, and it says so', async () => {
    const env = { RABBITMQ_URL: broker.url, RABBITMQ_EXCHANGE: 'nobody.listens' };
    const unroutable = await publish([], env);
    expect(unroutable.code).toBe(1);
    expect(unroutable.stderr).toContain('KADA_UNROUTABLE');
    expect(unroutable.stdout.match(/^unroutable /gm)).toHaveLength(4);
  });

  test('an exchange of another type is told', async () => {
    await broker.declareExchange('other.type', 'fanout');
    const refused = await publish([], { RABBITMQ_URL: broker.url, RABBITMQ_EXCHANGE: 'other.type' });
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('KADA_BROKER_REFUSED');
    expect(refused.stderr).toContain('inequivalent arg');
  });

  test('one shopper’s four events arrive as events.md 2 says', async () => {
    await broker.declareExchange('test.events');
    await broker.declareQueue('test.queue');
    await broker.bind('test.queue', 'test.events', 'ui.*');
    const args = ['--session-id', 's-1', '--page-url', 'http://localhost:3000/products/tea-1', '--json'];
    const published = await publish(
      [...args, '--product-id', 'tea-1', '--quantity', '3', '--user-id', 'u-1'],
      {
        RABBITMQ_URL: broker.url,
        RABBITMQ_EXCHANGE: 'test.events',
      },
    );
    expect(published).toMatchObject({ code: 0, stderr: '' });
    const told = JSON.parse(published.stdout);
    expect(told.session_id).toBe('s-1');
    expect(told.events.map((event: { status: string }) => event.status)).toEqual(Array(4).fill('published'));

    const messages = await broker.withChannel(async (channel) => {
      const got = [];
      for (;;) {
        const message = await channel.get('test.queue', { noAck: true });
        if (message === false) return got;
        got.push({
          key: message.fields.routingKey,
          properties: message.properties,
          body: JSON.parse(message.content.toString('utf8')),
        });
      }
    });
    expect(messages.map(({ key }) => key)).toEqual([
      'ui.page_view',
      'ui.click',
      'ui.add_to_cart',
      'ui.begin_checkout',
    ]);
    expect(messages.map(({ body }) => body.event_id)).toEqual(
      told.events.map((event: { event_id: string }) => event.event_id),
    );
    expect(new Set(messages.map(({ body }) => body.event_id)).size).toBe(4);
    for (const { key, properties, body } of messages) {
      expect(properties).toMatchObject({
        messageId: body.event_id,
        correlationId: 's-1',
        contentType: 'application/json',
        deliveryMode: 2,
      });
      expect(body).toMatchObject({
        event_type: key.replace('ui.', ''),
        service: 'web',
        session_id: 's-1',
        user_id: 'u-1',
        page_url: 'http://localhost:3000/products/tea-1',
      });
    }
    expect(messages[2]?.body).toMatchObject({ product_id: 'tea-1', quantity: 3 });
    const times = messages.map(({ body }) => Date.parse(body.event_timestamp));
    expect(times.toSorted((a, b) => a - b)).toEqual(times);
    expect(new Set(times).size).toBe(4);
  });
});
