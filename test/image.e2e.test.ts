import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** What deploy/Dockerfile puts into the image, laid out in a folder and run as the image runs it. */
const root = resolve(import.meta.dirname, '..');
const run = promisify(execFile);
const token = 'image-test-token-0123456789';
let folder = '';
let app = '';
let child: ChildProcess | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kada-image-'));
  app = join(folder, 'app');
  const { stderr } = await run(process.execPath, ['pipeline/launch.mjs', '--build'], { cwd: root });
  await cp(/^built: (.+)$/m.exec(stderr)?.[1] ?? '', app, { recursive: true });
  await symlink(join(root, 'node_modules'), join(app, 'node_modules'));
  await cp(join(root, 'package.json'), join(app, 'package.json'));
  await mkdir(join(app, 'deploy'));
  await cp(join(root, 'deploy/healthcheck.mjs'), join(app, 'deploy/healthcheck.mjs'));
});

afterAll(async () => {
  child?.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

interface Health {
  readonly code: number;
  readonly says: string;
}

const health = (port: string, as: string): Promise<Health> =>
  run(process.execPath, ['deploy/healthcheck.mjs'], {
    cwd: app,
    env: { PATH: process.env.PATH, DASHBOARD_PORT: port, DASHBOARD_TOKEN: as },
  }).then(
    ({ stdout }) => ({ code: 0, says: stdout }),
    (error: { readonly code: number; readonly stdout: string }) => ({ code: error.code, says: error.stdout }),
  );

test('the image starts, is healthy by its token alone, and stops in order at SIGTERM', async () => {
  const started = spawn(process.execPath, ['pipeline/main.js'], {
    cwd: app,
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      DATA_DIR: join(folder, 'data'),
      TRACKING_API_PORT: '0',
      COLLECTOR_PORT: '0',
      DASHBOARD_PORT: '0',
      DASHBOARD_TOKEN: token,
      MIN_FREE_DISK_MB: '0',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child = started;
  const exited = new Promise<number | null>((done) => started.once('exit', done));
  let port = '';
  for await (const line of createInterface(started.stdout)) {
    const said = JSON.parse(line) as { readonly msg?: string; readonly dashboardUrl?: string };
    if (said.dashboardUrl !== undefined) port = new URL(said.dashboardUrl).port;
    if (said.msg === 'ready') break;
  }
  started.stdout.resume();

  expect(await health(port, token)).toMatchObject({ code: 0, says: expect.stringMatching(/^200 /) });
  expect(await health(port, 'another-token-0123456789')).toMatchObject({
    code: 1,
    says: expect.stringMatching(/^401 /),
  });

  started.kill('SIGTERM');
  expect(await exited).toBe(0);
  expect(await health(port, token)).toMatchObject({
    code: 1,
    says: expect.stringMatching(/does not answer/),
  });
});
