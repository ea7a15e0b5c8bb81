import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

/**
 * The launcher on a small project of its own: same folders, same configuration, its real tools.
 */
const project = resolve(import.meta.dirname, '..');
let root: string;

const write = (path: string, text: string): void => {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), text);
};
const sayHello = (greeting: string): void =>
  write(
    'pipeline/hello.ts',
    `import { readFileSync } from 'node:fs';
     const sql: string = readFileSync(new URL('../sql/duckdb/001.sql', import.meta.url), 'utf8');
     process.stdout.write(JSON.stringify({ greeting: '${greeting}', args: process.argv.slice(2), sql, pid: process.pid }));`,
  );

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kada-launch-'));
  for (const file of ['pipeline/launch.mjs', 'pipeline/build.mjs', 'tsconfig.json', 'tsconfig.build.json']) {
    cpSync(join(project, file), join(root, file), { recursive: true });
  }
  write('package.json', JSON.stringify({ type: 'module' }));
  write('sql/duckdb/001.sql', 'select 1');
  symlinkSync(join(project, 'node_modules'), join(root, 'node_modules'), 'dir');
  sayHello('good morning');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly pid: number | undefined;
}
const launch = (...args: string[]): Promise<Run> =>
  new Promise((done) => {
    const child = execFile(
      process.execPath,
      [join(root, 'pipeline', 'launch.mjs'), ...args],
      { cwd: tmpdir() },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : Number(error.code ?? -1);
        done({ code, stdout, stderr, pid: child.pid });
      },
    );
  });
const builds = (): string[] => readdirSync(join(root, 'dist'));

test('builds on the first launch, not on the second, and runs the entry in the same process', async () => {
  const first = await launch('hello', '--name', 'Kamala Perera');
  expect(first).toMatchObject({ code: 0 });
  expect(first.stderr).toContain('building');
  expect(JSON.parse(first.stdout)).toEqual({
    greeting: 'good morning',
    args: ['--name', 'Kamala Perera'],
    sql: 'select 1',
    pid: first.pid,
  });

  const second = await launch('hello');
  expect(second.stderr).toBe('');
  expect(JSON.parse(second.stdout)).toMatchObject({ greeting: 'good morning', args: [] });
});

test('changed code, SQL or settings of the compiler make the build stale; a changed date alone does not', async () => {
  await launch('--build');
  sayHello('good morning');
  expect((await launch('hello')).stderr).toBe('');

  sayHello('good evening');
  const code = await launch('hello');
  expect(code.stderr).toContain('building');
  expect(JSON.parse(code.stdout)).toMatchObject({ greeting: 'good evening' });

  write('sql/duckdb/001.sql', 'select 2');
  expect(JSON.parse((await launch('hello')).stdout)).toMatchObject({ sql: 'select 2' });

  sayHello('good morning');
  write('sql/duckdb/001.sql', 'select 1');
  const back = await launch('hello');
  expect(back.stderr).toBe('');
  expect(JSON.parse(back.stdout)).toMatchObject({ greeting: 'good morning', sql: 'select 1' });
});

test('a removed source is gone from the build', async () => {
  write('pipeline/extra.ts', `process.stdout.write('extra');`);
  expect(await launch('extra')).toMatchObject({ code: 0, stdout: 'extra' });
  rmSync(join(root, 'pipeline/extra.ts'));
  expect(await launch('extra')).toMatchObject({ code: 2, stdout: '' });
});

test('four launches at once all run, on one whole build', async () => {
  const runs = await Promise.all([launch('hello'), launch('hello'), launch('hello'), launch('hello')]);
  for (const run of runs) {
    expect(run).toMatchObject({ code: 0 });
    expect(JSON.parse(run.stdout)).toMatchObject({ greeting: 'good morning' });
  }
  expect(builds()).toHaveLength(1);
});

test('a build that fails exits 1 with the compiler’s words, leaves nothing behind, and the next one works', async () => {
  write('pipeline/broken.ts', `export const n: number = 'x';`);
  const failed = await launch('hello');
  expect(failed.code).toBe(1);
  expect(failed.stderr).toMatch(/broken\.ts.*TS2322/s);
  expect(failed.stdout).toBe('');
  expect(builds()).toEqual([]);

  rmSync(join(root, 'pipeline/broken.ts'));
  expect(await launch('hello')).toMatchObject({ code: 0 });
});

test('the exit code is the entry’s own', async () => {
  write('pipeline/three.ts', 'process.exit(3);');
  expect(await launch('three')).toMatchObject({ code: 3 });
});

test('wrong use exits 2', async () => {
  expect(await launch()).toMatchObject({ code: 2 });
  expect(await launch('nothing-of-that-name')).toMatchObject({ code: 2 });
});

test('missing dependencies are told', async () => {
  rmSync(join(root, 'node_modules'));
  const run = await launch('hello');
  expect(run.code).toBe(2);
  expect(run.stderr).toContain('npm ci');
});
