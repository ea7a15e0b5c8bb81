import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { eventually } from './support/eventually.ts';

/** commit-protocol.md 14, the signals: a real process, real signals. */
const child = resolve(import.meta.dirname, 'support/lifecycle-child.ts');
const command = [process.execPath, '--import', 'tsx', child];
const started: ChildProcess[] = [];
afterEach(() => {
  for (const process of started.splice(0)) process.kill('SIGKILL');
});

interface Running {
  readonly process: ChildProcess;
  readonly out: () => string;
  readonly err: () => string;
  readonly exited: Promise<unknown>;
  /** with all its output read */
  readonly ended: Promise<readonly [number | null, NodeJS.Signals | null]>;
}

const run = (file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Running => {
  const { npm_lifecycle_event: _, ...inherited } = process.env;
  const running = spawn(file, args, { env: { ...inherited, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(running);
  const texts = { out: '', err: '' };
  running.stdout?.on('data', (data) => {
    texts.out += data;
  });
  running.stderr?.on('data', (data) => {
    texts.err += data;
  });
  const exited = once(running, 'exit');
  const ended = once(running, 'close').then(([code, signal]) => [code, signal] as const);
  return { process: running, out: () => texts.out, err: () => texts.err, exited, ended };
};
const start = async (mode: string, env: NodeJS.ProcessEnv = {}): Promise<Running> => {
  const running = run(command[0]!, [...command.slice(1), mode], env);
  await eventually(() => expect(running.out()).toContain('ready'));
  return running;
};
const stopCalled = (running: Running): Promise<void> =>
  eventually(() => expect(running.out()).toContain('stop '));

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s stops in order and exits 0', async (signal) => {
  const running = await start('well');
  running.process.kill(signal);
  expect(await running.ended).toEqual([0, null]);
  expect(running.out()).toContain(`stop ${signal}`);
});

test('a stop that outlives its deadline exits 1', async () => {
  const running = await start('hangs');
  running.process.kill('SIGTERM');
  expect(await running.ended).toEqual([1, null]);
  expect(running.err()).toContain('KADA_STOP_DEADLINE');
});

test('a stop that fails exits 1', async () => {
  const running = await start('fails');
  running.process.kill('SIGTERM');
  expect(await running.ended).toEqual([1, null]);
  expect(running.err()).toContain('the stop broke');
});

test('a second signal exits at once, and stop was called once', async () => {
  const running = await start('slow');
  running.process.kill('SIGTERM');
  await stopCalled(running);
  running.process.kill('SIGINT');
  expect(await running.ended).toEqual([1, null]);
  expect(running.out().match(/stop /g)).toHaveLength(1);
});

test.each(['rejects', 'throws'])('an error that nobody caught (%s) is logged and exits 1', async (mode) => {
  const running = run(command[0]!, [...command.slice(1), mode]);
  expect(await running.ended).toEqual([1, null]);
  expect(running.err()).toContain('KADA_UNCAUGHT');
  expect(running.err()).toContain('nobody caught me');
});

const orphan = async (env: NodeJS.ProcessEnv): Promise<Running> => {
  const script = `const {spawn} = require('node:child_process');
    spawn(process.argv[1], process.argv.slice(2), {stdio: 'inherit'});
    setInterval(() => {}, 1000);`;
  const parent = run(process.execPath, ['-e', script, ...command, 'well'], env);
  await eventually(() => expect(parent.out()).toContain('ready'));
  parent.process.kill('SIGKILL');
  await parent.exited;
  return parent;
};
const pidOf = (running: Running): number => Number(/ready (\d+)/.exec(running.out())?.[1]);
const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

test('started by npm, it stops in order when its parent is gone', async () => {
  const parent = await orphan({ npm_lifecycle_event: 'start' });
  await eventually(() => expect(parent.out()).toContain('stop parent-gone'));
  await eventually(() => expect(alive(pidOf(parent))).toBe(false));
});

test('not started by npm, it goes on when its parent is gone (nohup, setsid), and stops by a signal', async () => {
  const parent = await orphan({});
  await eventually(() => expect(parent.out()).toContain('orphaned for long'));
  process.kill(pidOf(parent), 'SIGTERM');
  await eventually(() => expect(alive(pidOf(parent))).toBe(false));
  expect(parent.out()).toContain('stop SIGTERM');
  expect(parent.out()).not.toContain('parent-gone');
});
