import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { SnapshotFrame } from '../live-dashboard/frames.ts';
import { type Broker, startBroker } from './support/broker.ts';
import { eventually } from './support/eventually.ts';
import { brokerNames } from './support/faulty-setup.ts';
import { freePort } from './support/free-port.ts';
import { expectLiveEqualsRecount } from './support/live-equality.ts';
import {
  cleanUp,
  collectorKey,
  createDataDir,
  type PipelineProcess,
  startPipeline,
} from './support/pipeline-process.ts';
import { bareEnvironment, buildFirst, runCommand } from './support/run-command.ts';

/** Shoppers with a known truth, kill -9 in the middle, and the live funnel equals that truth to the unit. */
let broker: Broker;
const children = new Set<ChildProcess>();
const launcher = resolve(import.meta.dirname, '../pipeline/launch.mjs');

beforeAll(async () => {
  await buildFirst();
  broker = await startBroker();
}, 60_000);
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
  await cleanUp();
});
afterAll(() => broker.dispose());

interface Child {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly exited: Promise<number | null>;
}

function start(entry: string, args: readonly string[], env: NodeJS.ProcessEnv): Child {
  const child = spawn(process.execPath, [launcher, entry, ...args], {
    cwd: '/',
    env: { ...bareEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  let [out, err] = ['', ''];
  child.stdout?.on('data', (chunk) => {
    out += String(chunk);
  });
  child.stderr?.on('data', (chunk) => {
    err += String(chunk);
  });
  const exited = new Promise<number | null>((done) => child.once('close', done));
  return { child, stdout: () => out, stderr: () => err, exited };
}

const live = async (running: { readonly dashboardUrl: string }): Promise<SnapshotFrame> =>
  (await (await fetch(`${running.dashboardUrl}/api/live`)).json()) as SnapshotFrame;

const shown = async (running: PipelineProcess) => {
  const frame = await live(running);
  const steps = (name: string) =>
    frame.funnels.find((funnel) => funnel.name === name)?.windows['24h'].map(({ sessions }) => sessions);
  return { funnels: { purchase: steps('purchase'), browse: steps('browse') }, ...frame.orders['24h'] };
};

const letters = async (running: PipelineProcess) =>
  Object.fromEntries(
    (await running.sql('SELECT reason, count(*) FROM ops.dead_letter_events GROUP BY 1')).map(
      ([reason, count]) => [String(reason), Number(count)],
    ),
  );

test.each(['http', 'rabbitmq', 'both'])(
  'over %s, with kill -9 in the middle: live equals the ground truth, before and after a restart',
  async (via) => {
    const dataDir = await createDataDir();
    const env = {
      TRACKING_API_PORT: String(await freePort()),
      COLLECTOR_PORT: String(await freePort()),
      ...(via === 'http' ? {} : (await brokerNames(broker, `simulate-${via}`)).env),
      ...(via === 'both' ? { TRACKING_TRANSPORT: 'direct' } : {}),
    };
    let running = await startPipeline({ dataDir, env });
    const arguments_ = ['--shoppers', '150', '--sessions-per-minute', '1500', '--speed', '60'];
    const simulation = start(
      'commands/simulate',
      [...arguments_, '--history', '200', '--seed', process.env.TEST_SEED ?? '7', '--via', via, '--json'],
      { ...env, ANALYTICS_API_KEY: collectorKey, LOG_LEVEL: 'fatal' },
    );

    // in the middle: the past is in, the shoppers of now are under way
    await eventually(async () => {
      expect((await shown(running)).funnels.purchase?.[0]).toBeGreaterThan(200);
    });
    running.kill('SIGKILL');
    await running.exited;
    expect(simulation.child.exitCode, simulation.stderr()).toBeNull();
    running = await startPipeline({ dataDir, env });

    const code = await simulation.exited;
    expect(code, simulation.stderr()).toBe(0);
    const truth = JSON.parse(simulation.stdout());
    const { funnels, orders, revenue, unattributed } = truth;
    const expected = { funnels, orders, revenue, unattributed };
    await eventually(async () => expect(await shown(running)).toEqual(expected));
    await eventually(async () => expect(await letters(running)).toEqual(truth.deadLetters));
    await expectLiveEqualsRecount(running);

    // it was a simulation of something
    expect(funnels.purchase.every((count: number) => count > 10)).toBe(true);
    expect(funnels.browse.every((count: number) => count > 3)).toBe(true);
    expect(unattributed).toBeGreaterThan(0);
    expect(revenue).toHaveLength(2);
    expect(truth.duplicates).toBeGreaterThan(10);
    if (via !== 'rabbitmq') expect(truth.sent.retries).toBeGreaterThan(0);

    await running.stop();
    running = await startPipeline({ dataDir, env });
    expect(await shown(running)).toEqual(expected);
  },
  90_000,
);

test('wrong use: a stable code, and exit 2', async () => {
  const key = { ANALYTICS_API_KEY: collectorKey };
  for (const [args, env, says] of [
    [['--nonsense'], key, '--nonsense'],
    [['--shoppers', '0'], key, '--shoppers'],
    [['--shoppers', 'many'], key, '--shoppers'],
    [['--speed', '-1'], key, 'speed'],
    [['--via', 'pigeon'], key, '--via'],
    [['more'], key, 'more'],
    [[], {}, 'ANALYTICS_API_KEY'],
    [['--via', 'rabbitmq'], key, 'RABBITMQ_URL'],
  ] as const) {
    const run = await runCommand('commands/simulate', args, env);
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toMatch(/^KADA_USAGE: /);
    expect(run.stderr).toContain(says);
  }
});

test('a key that the collector does not know ends it at once', async () => {
  const running = await startPipeline();
  const port = (url: string): string => new URL(url).port;
  const run = await runCommand('commands/simulate', ['--shoppers', '5', '--history', '100'], {
    TRACKING_API_PORT: port(running.trackingUrl),
    COLLECTOR_PORT: port(running.collectorUrl),
    ANALYTICS_API_KEY: 'another-key-0123456789',
  });
  expect(run.code).toBe(1);
  expect(run.stderr).toContain('KADA_SIMULATE_REFUSED');
});

test('the demo has settled cohorts soon after its start, its own folder, and ends by SIGTERM; again it goes on', async () => {
  const dataDir = await createDataDir();
  const free = { TRACKING_API_PORT: '0', COLLECTOR_PORT: '0', DASHBOARD_PORT: '0' };
  const begin = async (): Promise<{ readonly demo: Child; readonly dashboardUrl: string }> => {
    const demo = start('commands/demo', [], { ...free, DATA_DIR: dataDir, MIN_FREE_DISK_MB: '0' });
    const dashboardUrl = await eventually(() => {
      const url = /the demo is at (http:\S+)/.exec(demo.stdout())?.[1];
      if (url === undefined) throw new Error(demo.stdout() + demo.stderr());
      return url;
    });
    return { demo, dashboardUrl };
  };
  const purchase = async (dashboardUrl: string) =>
    (await live({ dashboardUrl })).funnels.find(({ name }) => name === 'purchase')?.windows['24h'] ?? [];

  const { demo, dashboardUrl } = await begin();
  expect(demo.stdout()).toContain(JSON.stringify(resolve(dataDir, 'demo')));
  await eventually(async () => {
    const [view, cart, , bought] = await purchase(dashboardUrl);
    expect(view?.sessions).toBeGreaterThan(1_700);
    expect(cart?.dropped).toBeGreaterThan(100);
    expect(bought?.sessions).toBeGreaterThan(100);
    expect(cart?.stillInTime).toBeGreaterThan(0);
  });
  demo.child.kill('SIGTERM');
  expect(await demo.exited, demo.stdout().slice(-2_000)).toBe(0);

  const again = await begin();
  await eventually(async () => {
    const [newest] = (await live(again)).recent;
    expect(newest?.outcome).toBeDefined();
  });
  expect((await purchase(again.dashboardUrl))[0]?.sessions).toBeLessThan(2_700);
  again.demo.child.kill('SIGTERM');
  expect(await again.demo.exited).toBe(0);
}, 90_000);
