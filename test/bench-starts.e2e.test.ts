import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

/* The measurements are no part of the tests; that they start outside the test runner is. */

const root = resolve(import.meta.dirname, '..');

const start = (script: string, ...args: string[]) =>
  new Promise<{ readonly code: unknown; readonly stdout: string; readonly stderr: string }>((done) => {
    execFile(process.execPath, ['--import', 'tsx', script, ...args], { cwd: root }, (error, stdout, stderr) =>
      done({ code: error === null ? 0 : error.code, stdout, stderr }),
    );
  });

test.each(['bench', 'soak'])('npm run %s starts, and explains itself', async (name) => {
  const help = await start(`bench/${name === 'bench' ? 'run' : name}.ts`, '--help');
  expect(help).toMatchObject({ code: 0, stderr: '' });
  expect(help.stdout).toContain(`npm run ${name}`);
  expect(help.stdout).toContain('Exit codes: 0');
});

test.each([
  ['an unknown row', ['--only', 'fold', '--only', 'folded'], '"folded"'],
  ['an unknown option', ['--nonsense'], '--nonsense'],
])('%s is wrong use of a bench', async (_what, args, named) => {
  const wrong = await start('bench/run.ts', ...args);
  expect(wrong).toMatchObject({ code: 2, stdout: '' });
  expect(wrong.stderr).toContain(named);
  expect(wrong.stderr).toContain('npm run bench --');
});
