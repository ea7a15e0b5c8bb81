import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll } from 'vitest';

const launcher = resolve(import.meta.dirname, '../../pipeline/launch.mjs');

/** Without a `.env`. */
const folder = mkdtempSync(join(tmpdir(), 'kada-command-'));
// A worker of the test runner is ended without its exit handlers.
afterAll(() => {
  for (const child of started) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});
const started = new Set<ChildProcess>();

export interface CommandRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Nothing of the surroundings' settings: only what finds programs and the time zone under test. */
export const bareEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    ['PATH', 'Path', 'HOME', 'TZ', 'TEMP', 'TMP', 'TMPDIR', 'SystemRoot'].flatMap((name) =>
      process.env[name] === undefined ? [] : [[name, process.env[name]]],
    ),
  );

/** Runs `pipeline/<entry>.ts` as its npm script does, in a folder without a `.env`. */
export function runCommand(
  entry: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<CommandRun> {
  return new Promise((done) => {
    execFile(
      process.execPath,
      [launcher, entry, ...args],
      {
        cwd: folder,
        env: { ...bareEnvironment(), ...env },
        maxBuffer: 64 * 1024 * 1024,
      },
      (error, stdout, stderr) => {
        done({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, stdout, stderr });
      },
    );
  });
}

/** Starts one that does not end by itself; it is killed with the test file, if nothing ended it before. */
export function startCommand(
  entry: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): { readonly child: ChildProcess; readonly output: () => string; readonly exited: Promise<number | null> } {
  const child = spawn(process.execPath, [launcher, entry, ...args], {
    cwd: folder,
    env: { ...bareEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.add(child);
  let written = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk) => {
      written += String(chunk);
    });
  const exited = new Promise<number | null>((done) => child.once('close', done));
  return { child, output: () => written, exited };
}

/** Builds once, so that the commands' own output is theirs alone. */
export async function buildFirst(): Promise<void> {
  const { code, stderr } = await runCommand('--build', []);
  if (code !== 0) throw new Error(`the build failed:\n${stderr}`);
}
