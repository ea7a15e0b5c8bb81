import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll } from 'vitest';

const launcher = resolve(import.meta.dirname, '../../pipeline/launch.mjs');

/** Without a `.env`. */
const folder = mkdtempSync(join(tmpdir(), 'kada-command-'));
// A worker of the test runner is ended without its exit handlers.
afterAll(() => rmSync(folder, { recursive: true, force: true }));

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

/** Builds once, so that the commands' own output is theirs alone. */
export async function buildFirst(): Promise<void> {
  const { code, stderr } = await runCommand('--build', []);
  if (code !== 0) throw new Error(`the build failed:\n${stderr}`);
}
