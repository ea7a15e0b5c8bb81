import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Broker, startBroker } from './support/broker.ts';
import { eventually } from './support/eventually.ts';
import { brokerNames } from './support/faulty-setup.ts';
import { freePort } from './support/free-port.ts';
import { cleanUp, createDataDir, type PipelineProcess, startPipeline } from './support/pipeline-process.ts';
import { buildFirst, type CommandRun, runCommand } from './support/run-command.ts';

/** `npm run load` as a user runs it, against a real pipeline, and against ones that break its promises. */
let broker: Broker;
beforeAll(async () => {
  await buildFirst();
  broker = await startBroker();
}, 60_000);
afterEach(cleanUp);
afterAll(() => broker.dispose());

const load = (
  target: PipelineProcess,
  args: readonly string[],
  dataDir = target.dataDir,
): Promise<CommandRun> =>
  runCommand('commands/load', ['--url', target.trackingUrl, ...args], { DATA_DIR: dataDir });

interface Figures {
  readonly acknowledged: number;
  readonly answers: Readonly<Record<string, number>>;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly latencyMs: Readonly<Record<string, number>>;
  readonly proof: { readonly ok: boolean; readonly missingInAll: number; readonly doubledInAll: number };
}
const figuresOf = ({ stdout }: CommandRun): Figures => JSON.parse(stdout) as Figures;

const stored = async (of: PipelineProcess): Promise<number> =>
  Number(
    (await of.sql("SELECT count(*) FROM bronze.page_view_events WHERE session_id LIKE 'load-%'"))[0]?.[0],
  );

test('sends its rate for its duration, prints a latency table, and proves what was acknowledged', async () => {
  const running = await startPipeline();
  const run = await load(running, ['--rate', '60', '--duration', '2']);
  expect(run).toMatchObject({ code: 0, stderr: '' });
  expect(run.stdout).toContain('60 requests a second of 1 event for 2 s, 6 connections');
  expect(run.stdout).toMatch(/ms to a 202\s+p50\s+p75\s+p90\s+p95\s+p99\s+p99\.9\s+max\n(\s+[\d.]+){7}\n/);
  const [, proven = ''] =
    /each of the ([\d,]+) acknowledged events is in Bronze exactly once/.exec(run.stdout) ?? [];
  // a machine that is slow sends less; nothing sends more
  expect(Number(proven)).toBeGreaterThan(0);
  expect(Number(proven)).toBeLessThanOrEqual(120);
  expect(await stored(running)).toBeGreaterThanOrEqual(Number(proven));
  expect(await stored(running)).toBeLessThanOrEqual(120);
});

test('in batches through a broker: what is only published is waited for', async () => {
  const { env } = await brokerNames(broker, 'load');
  const running = await startPipeline({ env });
  const run = await load(running, ['--rate', '500', '--batch', '50', '--duration', '2', '--json']);
  expect(run.code, run.stdout).toBe(0);
  const { acknowledged, outcomes, latencyMs, proof } = figuresOf(run);
  expect(acknowledged).toBeGreaterThan(0);
  expect(acknowledged % 50).toBe(0);
  expect((outcomes.published ?? 0) + (outcomes.stored ?? 0)).toBe(acknowledged);
  expect(outcomes.published).toBeGreaterThan(0);
  expect(latencyMs.p99).toBeGreaterThanOrEqual(latencyMs.p50 ?? 0);
  expect(proof).toMatchObject({ ok: true, missingInAll: 0, doubledInAll: 0 });
});

test('what was acknowledged by another warehouse than the one it reads is told as missing, and fails', async () => {
  const [sent, read] = await Promise.all([startPipeline(), startPipeline()]);
  const run = await load(
    sent,
    ['--rate', '20', '--duration', '1', '--patience', '1', '--json'],
    read.dataDir,
  );
  expect(run.code).toBe(1);
  expect(run.stderr).toContain('KADA_LOAD_NOT_PROVEN');
  const { acknowledged, proof } = figuresOf(run);
  expect(acknowledged).toBeGreaterThan(0);
  expect(proof).toMatchObject({ ok: false, missingInAll: acknowledged });
});

test('kill -9 and a restart in the middle: no promise is broken', { timeout: 240_000 }, async () => {
  const dataDir = await createDataDir();
  const env = { TRACKING_API_PORT: String(await freePort()) };
  const first = await startPipeline({ dataDir, env });
  const running = load(first, ['--rate', '200', '--duration', '8', '--json']);
  await eventually(async () => expect(await stored(first)).toBeGreaterThan(50));
  first.kill('SIGKILL');
  await first.exited;
  const second = await startPipeline({ dataDir, env });
  const run = await running;
  expect(run.code, run.stdout + run.stderr).toBe(0);
  expect(figuresOf(run).acknowledged).toBeGreaterThan(50);
  expect(await stored(second)).toBeGreaterThanOrEqual(figuresOf(run).acknowledged);
});

test.each([
  [['--rate', '0']],
  [['--duration', 'soon']],
  [['--batch', '501']],
  [['--url', 'http://203.0.113.9:9000']],
  [['--url', 'not an address']],
  [['extra']],
])('%j is wrong use', async (args) => {
  expect(await runCommand('commands/load', args)).toMatchObject({ code: 2, stdout: '' });
});

test('without a pipeline it says so at once', async () => {
  const none = await runCommand('commands/load', ['--url', `http://127.0.0.1:${await freePort()}`]);
  expect(none).toMatchObject({ code: 1, stdout: '' });
  expect(none.stderr).toContain('KADA_LOAD_NO_TARGET');
});
