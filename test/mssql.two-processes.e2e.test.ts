import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { SnapshotFrame } from '../live-dashboard/frames.ts';
import { type MssqlReader, openMssqlReader } from '../sinks/mssql/open.ts';
import { type Broker, startBroker } from './support/broker.ts';
import { eventually } from './support/eventually.ts';
import { brokerNames, told } from './support/faulty-setup.ts';
import { freePort } from './support/free-port.ts';
import { createLedger, type Ledger } from './support/ledger.ts';
import { expectPageEqualsRecount } from './support/live-equality.ts';
import { startAmqpLoad } from './support/load-amqp.ts';
import { startHttpLoad } from './support/load-http.ts';
import {
  createTestDatabase,
  dropDatabase,
  mssqlEnvironment,
  mssqlMissing,
  mssqlOptions,
} from './support/mssql.ts';
import { cleanUp, collectorKey, type PipelineProcess, startPipeline } from './support/pipeline-process.ts';
import { createRandom, type Random } from './support/random.ts';
import { bareEnvironment, buildFirst } from './support/run-command.ts';
import { inspect } from './support/verdict.ts';

/**
 * # Several processes, one warehouse
 * Two processes consume and track over one RabbitMQ and one SQL Server, and are killed at random moments; a third has
 * the page alone and reads what they commit. Every promise is kept once, and the page shows what a recount of Bronze
 * and the shoppers' own truth say.
 */
const title =
  mssqlMissing === undefined
    ? 'several processes, one SQL Server'
    : `several processes: skipped, ${mssqlMissing}`;

describe.skipIf(mssqlMissing !== undefined)(title, () => {
  let broker: Broker;
  let database = '';
  let reader: MssqlReader | undefined;
  const children = new Set<ChildProcess>();

  beforeAll(async () => {
    await buildFirst();
    broker = await startBroker();
  }, 600_000);
  afterAll(() => broker.dispose());
  afterEach(async () => {
    for (const child of children) child.kill('SIGKILL');
    children.clear();
    await cleanUp();
    await reader?.close();
    reader = undefined;
    if (database !== '') await dropDatabase(database);
    database = '';
  });

  const sql: PipelineProcess['sql'] = async (query) =>
    (await warehouse().query(query, { maxRows: 10_000_000 })).rows;

  function warehouse(): MssqlReader {
    if (reader === undefined) throw new Error('no database is open');
    return reader;
  }

  async function open(name: string) {
    database = await createTestDatabase();
    reader = await openMssqlReader(mssqlOptions(database));
    const names = await brokerNames(broker, name);
    return { ...names, env: { ...names.env, ...mssqlEnvironment(database) } };
  }

  /** A process that is killed and comes again. */
  function member(roles: string, env: Readonly<Record<string, string>>) {
    let running: PipelineProcess | undefined;
    return {
      running: () => running,
      async start(): Promise<PipelineProcess> {
        running = await startPipeline({ args: ['--roles', roles], env, until: 'ready' });
        return running;
      },
      async kill(): Promise<void> {
        const killed = running;
        running = undefined;
        killed?.kill('SIGKILL');
        expect((await killed?.exited)?.signal).toBe('SIGKILL');
      },
    };
  }
  type Member = ReturnType<typeof member>;

  const page = (env: Readonly<Record<string, string>>) =>
    startPipeline({ args: ['--roles', 'dashboard'], env });
  const live = async ({ dashboardUrl }: PipelineProcess): Promise<SnapshotFrame> =>
    (await (await fetch(`${dashboardUrl}/api/live`)).json()) as SnapshotFrame;

  /** What rows say of a page: what leaves none, marks of late cohorts and the last events are of each process. */
  const rowsSay = ({ funnels, orders, counters, deadLetterMinutes, newestEvent }: SnapshotFrame) => ({
    cohorts: funnels.map(({ cohorts }) =>
      cohorts
        .filter(({ reached }) => reached[0] !== 0)
        .map(({ at, reached, stillInTime }) => ({ at, reached, stillInTime })),
    ),
    orders,
    counters: Object.values(counters).map(({ natural: _, bySource, ...rest }) => ({
      ...rest,
      bySource: bySource.map(({ natural: __, ...one }) => one),
    })),
    deadLetterMinutes: deadLetterMinutes.filter(({ reasons }) => reasons.length > 0),
    newestEvent,
  });
  /** A page that was there from the beginning and one that begins now say the same, of one minute. */
  const expectAlike = (one: PipelineProcess, other: PipelineProcess): Promise<void> =>
    eventually(
      async () => {
        const [first, second] = await Promise.all([live(one), live(other)]);
        expect(Math.floor(first.now / 60_000)).toBe(Math.floor(second.now / 60_000));
        expect(rowsSay(first)).toEqual(rowsSay(second));
      },
      { timeoutMs: 60_000, everyMs: 250 },
    );

  async function allDrained(members: readonly Member[], queue: string): Promise<void> {
    let quiet = 0;
    await eventually(
      async () => {
        const messages = (await broker.queue(queue))?.messages;
        const inFlight = await Promise.all(
          members.map(async ({ running }) => (await running()?.metrics())?.value('kada_inflight_events')),
        );
        quiet = messages === 0 && inFlight.every((events) => events === 0) ? quiet + 1 : 0;
        if (quiet < 2) throw new Error(`${messages} messages in the queue, ${inFlight} events in flight`);
      },
      { timeoutMs: 120_000, everyMs: 50 },
    );
  }

  /** A moment for a kill: by what was promised, not by the clock. */
  async function somePromises(ledger: Ledger, count: number): Promise<void> {
    const before = ledger.count('202');
    await eventually(
      () => {
        if (ledger.count('202') - before < count) throw new Error(`too few promises: ${told(ledger)}`);
      },
      { timeoutMs: 120_000, everyMs: 1 },
    );
  }

  const pickOf = (members: readonly Member[], random: Random, n: number): readonly Member[] =>
    n % 4 === 3 ? members : [random.pick(members)];

  test('kills under mixed load, duplicates over both: every promise once, and the page equals a recount', async () => {
    const { exchange, queue, env } = await open('two');
    const random = createRandom(Number(process.env.TEST_SEED ?? 1_007));
    const ledger = createLedger();
    const third = await page(env);
    const first = member('consumer,tracking', env);
    const second = member('consumer,tracking,collector', env);
    const members = [first, second];
    await Promise.all(members.map(({ start }) => start()));

    // the same ids go to one and the other
    let turn = 0;
    const http = startHttpLoad({
      random: random.fork(),
      ledger,
      target: () => {
        turn += 1;
        return members[turn % 2]?.running() ?? members[(turn + 1) % 2]?.running();
      },
      singles: 4,
      batches: 2,
      collectors: 0,
    });
    const collected = startHttpLoad({
      random: random.fork(),
      ledger,
      target: second.running,
      singles: 0,
      batches: 0,
      collectors: 2,
    });
    const amqp = startAmqpLoad({ random: random.fork(), ledger, url: broker.url, exchange, restMs: 8 });

    for (let n = 0; n < 6; n += 1) {
      await somePromises(ledger, random.int(20, 80));
      const killed = pickOf(members, random, n);
      await Promise.all(killed.map(({ kill }) => kill()));
      await Promise.all(killed.map(({ start }) => start()));
    }
    await somePromises(ledger, 30);
    await Promise.all([http.stop(), collected.stop(), amqp.stop()]);
    await allDrained(members, queue);

    const verdict = await inspect(warehouse(), ledger, { isNumberedOnce: false });
    expect(verdict.problems).toEqual([]);
    expect(ledger.promisedRows()).toBeGreaterThan(300);
    expect(amqp.confirmed()).toBeGreaterThan(100);
    expect(ledger.count('500')).toBe(0);

    await expectPageEqualsRecount(third.dashboardUrl, sql);
    await expectAlike(third, await page(env));
    const { counters } = await live(third);
    expect(counters['24h'].bySource.reduce((sum, source) => sum + source.events, 0)).toBe(verdict.rows);
    expect(counters['24h'].deadLetters).toBe(verdict.letters);
    expect(counters['24h'].natural).toBeNull();
    expect((await third.metrics()).value('kada_live_lag_seconds')).toBeGreaterThanOrEqual(0);
  }, 900_000);

  test('a process with a page of its own shows its own events and the others\u2019, once', async () => {
    const opened = await open('own');
    // nobody consumes here
    const env = { ...opened.env, TRACKING_TRANSPORT: 'direct' };
    const own = await startPipeline({ args: ['--roles', 'tracking,dashboard'], env });
    const other = await startPipeline({ args: ['--roles', 'tracking'], env });
    const random = createRandom(3);
    const ledger = createLedger();
    const loads = [own, other].map((target) =>
      startHttpLoad({
        random: random.fork(),
        ledger,
        target: () => target,
        singles: 2,
        batches: 1,
        collectors: 0,
      }),
    );
    await somePromises(ledger, 60);
    await Promise.all(loads.map((load) => load.stop()));
    const { problems, rows } = await inspect(warehouse(), ledger, { isNumberedOnce: false });
    expect(problems).toEqual([]);
    await expectPageEqualsRecount(own.dashboardUrl, sql);
    await expectAlike(own, await page(env));
    const { counters } = await live(own);
    expect(counters['24h'].bySource.reduce((sum, source) => sum + source.events, 0)).toBe(rows);
  }, 300_000);

  test('shoppers whose truth is known, over both roads, with kills: a third process shows that truth', async () => {
    const { env, queue } = await open('truth');
    const ports = { TRACKING_API_PORT: String(await freePort()), COLLECTOR_PORT: String(await freePort()) };
    const third = await page(env);
    const first = member('consumer,tracking', { ...env, TRACKING_API_PORT: ports.TRACKING_API_PORT });
    const second = member('consumer,tracking,collector', env);
    await Promise.all([first.start(), second.start()]);
    const simulation = simulate(
      [
        '--shoppers',
        '150',
        '--sessions-per-minute',
        '1500',
        '--speed',
        '60',
        '--history',
        '100',
        '--via',
        'both',
      ],
      { ...env, ...ports },
    );
    const random = createRandom(Number(process.env.TEST_SEED ?? 7));
    for (const [entries, killed] of [
      [40, first],
      [110, second],
      [150, first],
    ] as const) {
      await eventually(
        async () =>
          expect((await shown(third)).funnels.purchase?.[0]).toBeGreaterThan(entries + random.int(0, 9)),
        { timeoutMs: 120_000 },
      );
      await killed.kill();
      await killed.start();
    }
    expect(await simulation.exited, simulation.stderr()).toBe(0);
    const { funnels, orders, revenue, unattributed } = JSON.parse(simulation.stdout());
    await allDrained([first, second], queue);
    const expected = { funnels, orders, revenue, unattributed };
    await eventually(async () => expect(await shown(third)).toEqual(expected), { timeoutMs: 60_000 });
    await expectPageEqualsRecount(third.dashboardUrl, sql);
    expect(await shown(await page(env))).toEqual(expected);
    expect(funnels.purchase.every((count: number) => count > 5)).toBe(true);
  }, 900_000);

  async function shown(running: PipelineProcess) {
    const frame = await live(running);
    const steps = (name: string) =>
      frame.funnels.find((funnel) => funnel.name === name)?.windows['24h'].map(({ sessions }) => sessions);
    return { funnels: { purchase: steps('purchase'), browse: steps('browse') }, ...frame.orders['24h'] };
  }

  function simulate(args: readonly string[], env: Readonly<Record<string, string>>) {
    const launcher = resolve(import.meta.dirname, '../pipeline/launch.mjs');
    const seed = process.env.TEST_SEED ?? '7';
    const child = spawn(
      process.execPath,
      [launcher, 'commands/simulate', ...args, '--seed', seed, '--patience', '600', '--json'],
      {
        cwd: '/',
        env: { ...bareEnvironment(), ...env, ANALYTICS_API_KEY: collectorKey, LOG_LEVEL: 'fatal' },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    children.add(child);
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk) => {
      out += String(chunk);
    });
    child.stderr.on('data', (chunk) => {
      err += String(chunk);
    });
    const exited = new Promise<number | null>((done) => child.once('close', done));
    return { stdout: () => out, stderr: () => err, exited };
  }
});
