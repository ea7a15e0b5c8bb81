import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { settings } from '../../pipeline/config/settings.ts';
import { findControl } from '../../pipeline/control/client.ts';
import type { QueryValue } from '../../sinks/warehouse.ts';
import { eventually } from './eventually.ts';
import { type MetricValues, parseMetrics } from './metric-values.ts';

const root = resolve(import.meta.dirname, '../..');

export interface StartOptions {
  /** default: a fresh temporary folder, removed by `cleanUp` */
  readonly dataDir?: string;
  /** settings; every one that is not named here or among the defaults is unset, whatever a `.env` says */
  readonly env?: Readonly<Record<string, string>>;
  /** arguments of `npm start --` */
  readonly args?: readonly string[];
  /** `npm`: `pid` is npm's own, `pipelinePid` that of the process below it */
  readonly via?: 'node' | 'npm';
  /** what must be seen before the promise resolves: /readyz 200 (default), the log line `ready`, or nothing */
  readonly until?: 'readyz' | 'ready' | 'started';
  /** bytes that any of its files may grow to: the disk is full there */
  readonly maxFileBytes?: number;
  readonly nodeOptions?: string;
  /** a user whom file modes bind, where the tests themselves run as root */
  readonly uid?: number;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string };

export interface PipelineProcess {
  /** of the child that was started: node, or npm */
  readonly pid: number;
  /** of the pipeline itself, as it logs it */
  readonly pipelinePid: number;
  readonly dataDir: string;
  readonly trackingUrl: string;
  readonly collectorUrl: string;
  readonly dashboardUrl: string;
  /** To `pid`. False when it is gone already. */
  kill(signal: NodeJS.Signals): boolean;
  /** with all its output read */
  readonly exited: Promise<Exit>;
  readonly hasExited: () => boolean;
  /** SIGTERM, then its exit; SIGKILL after 20 s */
  stop(): Promise<Exit>;
  readonly logs: readonly LogLine[];
  /** everything it wrote, stdout and stderr as they came */
  readonly output: () => string;
  /** Rows of a read-only query through the running process. */
  sql(query: string): Promise<readonly (readonly QueryValue[])[]>;
  metrics(): Promise<MetricValues>;
}

/** A key that the collector of every started process accepts, unless `env` says otherwise. */
export const collectorKey = 'test-collector-key-0123456789';

const started = new Set<() => Promise<void>>();
const folders = new Set<string>();
let built: Promise<unknown> | undefined;

const build = (): Promise<unknown> => {
  built ??= promisify(execFile)(process.execPath, [join(root, 'pipeline/launch.mjs'), '--build'], {
    cwd: root,
    timeout: 120_000,
  });
  return built;
};

/** A fresh data directory, removed by `cleanUp`. */
export async function createDataDir(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kada-pipeline-'));
  folders.add(folder);
  return folder;
}

/** Ends every process that was started and removes the folders; for `afterEach` or `afterAll`. */
export async function cleanUp(): Promise<void> {
  await Promise.all([...started].map((end) => end()));
  for (const folder of folders) {
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
  folders.clear();
}

function environment(options: StartOptions, dataDir: string): NodeJS.ProcessEnv {
  const unset = Object.fromEntries(Object.keys(settings).map((name) => [name, '']));
  const inherited = Object.fromEntries(
    ['PATH', 'HOME', 'TZ', 'TMPDIR', 'LANG', 'SystemRoot'].flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
  return {
    ...inherited,
    ...unset,
    DATA_DIR: dataDir,
    TRACKING_API_PORT: '0',
    COLLECTOR_PORT: '0',
    DASHBOARD_PORT: '0',
    ANALYTICS_API_KEY: collectorKey,
    // tests must not depend on how full the machine's disk is
    MIN_FREE_DISK_MB: '0',
    DUCKDB_MEMORY_LIMIT: '512MB',
    ...(options.nodeOptions === undefined ? {} : { NODE_OPTIONS: options.nodeOptions }),
    ...options.env,
  };
}

function commandOf(options: StartOptions): readonly [string, ...string[]] {
  const args = options.args ?? [];
  const command: readonly [string, ...string[]] =
    options.via === 'npm'
      ? ['npm', 'start', '--silent', '--', ...args]
      : [process.execPath, join(root, 'pipeline/launch.mjs'), 'main', ...args];
  if (options.maxFileBytes === undefined) return command;
  // POSIX counts in 512 bytes; without the trap the kernel would kill the process instead of failing the write
  const limit = `ulimit -f ${Math.ceil(options.maxFileBytes / 512)} && trap '' XFSZ && exec "$@"`;
  return ['sh', '-c', limit, 'sh', ...command];
}

/**
 * Kills the child's whole process group when this process ends, however it ends; told `done` when the child has.
 */
function guard(child: ChildProcess): void {
  const guardian = spawn('sh', ['-c', `read -r told; [ "$told" = done ] || kill -9 -- -${child.pid}`], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guardian.unref();
  const stdin = guardian.stdin;
  stdin.on('error', () => {});
  if ('unref' in stdin && typeof stdin.unref === 'function') stdin.unref();
  child.once('exit', () => stdin.end('done\n'));
}

interface Child {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly logs: LogLine[];
  readonly output: () => string;
  readonly exited: Promise<Exit>;
  readonly hasExited: () => boolean;
}

async function launch(options: StartOptions, dataDir: string): Promise<Child> {
  await build();
  const [file, ...args] = commandOf(options);
  const child = spawn(file, args, {
    cwd: root,
    env: environment(options, dataDir),
    // a group of its own: a signal to npm's pid is then a signal to npm alone, and the guard can end them all
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.uid === undefined ? {} : { uid: options.uid }),
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${file} could not be started`);
  guard(child);
  const logs: LogLine[] = [];
  let text = '';
  createInterface({ input: child.stdout }).on('line', (line) => {
    text += `${line}\n`;
    const parsed = parseLogLine(line);
    if (parsed !== undefined) logs.push(parsed);
  });
  child.stderr.on('data', (chunk) => {
    text += chunk;
  });
  let gone = false;
  const exited = new Promise<Exit>((done) => {
    child.once('exit', () => {
      gone = true;
    });
    child.once('close', (code, signal) => done({ code, signal }));
  });
  started.add(async function end() {
    killGroup(pid);
    await exited;
    started.delete(end);
  });
  return { child, pid, logs, output: () => text, exited, hasExited: () => gone };
}

/** Starts the built pipeline as `npm start` does, and waits until it is ready. Rejects when it exits before. */
export async function startPipeline(options: StartOptions = {}): Promise<PipelineProcess> {
  const dataDir = options.dataDir ?? (await createDataDir());
  const child = await launch(options, dataDir);
  const until = options.until ?? 'readyz';
  let urls = { trackingUrl: '', collectorUrl: '', dashboardUrl: '', pipelinePid: child.pid };
  if (until !== 'started') {
    urls = await whileRunning(child, () => {
      const ready = child.logs.find(({ msg }) => msg === 'ready');
      if (ready === undefined) throw new Error('it has not logged that it is ready');
      return {
        trackingUrl: textOf(ready.trackingUrl),
        collectorUrl: textOf(ready.collectorUrl),
        dashboardUrl: textOf(ready.dashboardUrl),
        pipelinePid: typeof ready.pid === 'number' ? ready.pid : child.pid,
      };
    });
  }
  if (until === 'readyz') {
    await whileRunning(child, async () => {
      const answer = await fetch(`${urls.dashboardUrl}/readyz`);
      const body = await answer.text();
      if (answer.status !== 200) throw new Error(`/readyz says ${answer.status} ${body}`);
    });
  }

  const kill = (signal: NodeJS.Signals): boolean => sendSignal(child.pid, signal);
  async function stop(): Promise<Exit> {
    kill('SIGTERM');
    const late = setTimeout(() => killGroup(child.pid), 20_000);
    const exit = await child.exited;
    clearTimeout(late);
    return exit;
  }
  async function sql(query: string): Promise<readonly (readonly QueryValue[])[]> {
    const control = await findControl(dataDir);
    if (control === undefined) throw new Error(`no running process answers for ${dataDir}`);
    const { rows, truncated } = await control.query(query);
    if (truncated) throw new Error(`more rows than one query gives: ${query}`);
    return rows;
  }
  async function metrics(): Promise<MetricValues> {
    return parseMetrics(await (await fetch(`${urls.dashboardUrl}/metrics`)).text());
  }
  const { pid, exited, hasExited, logs, output } = child;
  return { pid, dataDir, ...urls, kill, exited, hasExited, stop, logs, output, sql, metrics };
}

/** For a start that must fail: its exit and everything it wrote. */
export async function runToExit(options: StartOptions): Promise<Exit & { readonly output: string }> {
  const dataDir = options.dataDir ?? (await createDataDir());
  const child = await launch(options, dataDir);
  const late = setTimeout(() => killGroup(child.pid), 120_000);
  const exit = await child.exited;
  clearTimeout(late);
  return { ...exit, output: child.output() };
}

/** As `eventually`, but an exit of the process ends the wait with everything it wrote. */
async function whileRunning<T>(child: Child, check: () => T | Promise<T>): Promise<T> {
  type Seen = { readonly value: T } | { readonly exited: Exit };
  const seen = await eventually<Seen>(
    async () => (child.hasExited() ? { exited: await child.exited } : { value: await check() }),
    { timeoutMs: 120_000 },
  ).catch((error: unknown) => {
    throw new Error(`the pipeline is not ready: ${String(error)}\n${tail(child.output())}`);
  });
  if ('value' in seen) return seen.value;
  throw new Error(`the pipeline ended with ${JSON.stringify(seen.exited)}:\n${tail(child.output())}`);
}

const tail = (text: string): string => text.slice(-4_000);
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

function parseLogLine(line: string): LogLine | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return isLogLine(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isLogLine = (value: unknown): value is LogLine =>
  typeof value === 'object' && value !== null && 'msg' in value && typeof value.msg === 'string';

function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // it is gone already
  }
}
