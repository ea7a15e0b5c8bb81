import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KadaError } from '../ingest/errors.ts';
import { findControl } from '../pipeline/control/client.ts';
import { controlPath, readControlFile } from '../pipeline/control/file.ts';
import { type ControlServer, createControlServer } from '../pipeline/control/server.ts';
import type { Warehouse } from '../sinks/warehouse.ts';

/**
 * The control door over real HTTP. The warehouse behind it is a table of answers: what engines do with SQL is
 * theirs to prove, and the commands' own test goes through the whole.
 */
let dataDir: string;
const open: { close(): Promise<unknown> }[] = [];
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'kada-control-'));
});
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
  await rm(dataDir, { recursive: true, force: true });
});

const asked: { sql: string; maxRows: number | undefined }[] = [];
const warehouse: Pick<Warehouse, 'engine' | 'query' | 'ping'> = {
  engine: 'duckdb',
  ping: () => Promise.resolve(true),
  query(sql, options) {
    asked.push({ sql, maxRows: options?.maxRows });
    if (sql.startsWith('drop')) throw new KadaError('KADA_SQL_READ_ONLY', 'only reading is allowed');
    if (sql.startsWith('crash')) throw new Error('a fault of ours');
    const rows = [
      [1, 'එක', null],
      [2.5, 'two', true],
      [Number.NaN, '', false],
    ] as const;
    return Promise.resolve({ columns: ['n', 't', 'b'], rows: rows.slice(0, options?.maxRows) });
  },
};
const create = (): ControlServer => {
  const server = createControlServer({
    dataDir,
    warehouse,
    log: pino({ level: 'silent' }),
    handlers: { status: () => ({ roles: ['tracking'] }) },
  });
  open.push(server);
  return server;
};
const post = (url: string, token: string, body: string, type = 'application/json'): Promise<Response> =>
  fetch(`${url}/query`, {
    method: 'POST',
    body,
    headers: { authorization: `Bearer ${token}`, 'content-type': type },
  });

describe('control.json', () => {
  test('names pid, url and token, is for its owner only, and is gone after close', async () => {
    const server = create();
    const { url, token } = await server.listen();
    expect(JSON.parse(await readFile(controlPath(dataDir), 'utf8'))).toEqual({
      pid: process.pid,
      url,
      token,
    });
    if (process.platform !== 'win32') expect((await stat(controlPath(dataDir))).mode & 0o777).toBe(0o600);
    expect(await readdir(dataDir)).toEqual(['control.json']);
    await server.close();
    expect(await readdir(dataDir)).toEqual([]);
  });

  test('each start has a token of its own', async () => {
    const first = await create().listen();
    const second = await create().listen();
    expect(first.token).not.toBe(second.token);
    expect(first.token.length).toBeGreaterThanOrEqual(43);
  });

  test('a process that closes leaves the file of one that started after it', async () => {
    const first = create();
    await first.listen();
    const { token } = await create().listen();
    await first.close();
    expect((await readControlFile(dataDir))?.token).toBe(token);
  });
});

describe('the door', () => {
  test('answers status and queries with numbers, texts, NULLs and flags as they are', async () => {
    await create().listen();
    const control = await findControl(dataDir);
    expect(control?.pid).toBe(process.pid);
    expect(await control?.status()).toEqual({
      pid: process.pid,
      engine: 'duckdb',
      warehouse: 'ok',
      roles: ['tracking'],
    });
    expect(await control?.query('select 1')).toEqual({
      columns: ['n', 't', 'b'],
      rows: [
        [1, 'එක', null],
        [2.5, 'two', true],
        ['NaN', '', false],
      ],
      truncated: false,
    });
  });

  test('says when there are more rows than asked for, and asks the engine for one more only', async () => {
    await create().listen();
    const control = await findControl(dataDir);
    expect(await control?.query('select 2', { maxRows: 2 })).toMatchObject({
      truncated: true,
      rows: { length: 2 },
    });
    expect(asked.at(-1)).toEqual({ sql: 'select 2', maxRows: 3 });
    expect(await control?.query('select 3', { maxRows: 3 })).toMatchObject({ truncated: false });
  });

  test('hands a query’s own error on with its code', async () => {
    await create().listen();
    const control = await findControl(dataDir);
    await expect(control?.query('drop table x')).rejects.toMatchObject({
      code: 'KADA_SQL_READ_ONLY',
      message: 'only reading is allowed',
    });
    await expect(control?.query('crash')).rejects.toMatchObject({ code: 'KADA_CONTROL_FAILED' });
    expect(await control?.status()).toMatchObject({ warehouse: 'ok' });
  });

  test.each([undefined, 'Bearer ', 'Bearer wrong', 'Basic Zm9vOmJhcg=='])(
    'refuses %j with 401',
    async (given) => {
      const { url } = await create().listen();
      for (const [method, path] of [
        ['GET', '/status'],
        ['POST', '/query'],
        ['GET', '/nowhere'],
      ] as const) {
        const response = await fetch(url + path, {
          method,
          headers: given === undefined ? {} : { authorization: given },
        });
        expect(response.status).toBe(401);
      }
    },
  );

  test('refuses what is no JSON, too large or of another shape, and stores no prototype', async () => {
    const { url, token } = await create().listen();
    const before = asked.length;
    expect((await post(url, token, 'select 1', 'text/plain')).status).toBe(415);
    expect((await post(url, token, '{"sql":')).status).toBe(400);
    expect((await post(url, token, '{"sql":"x","__proto__":{"a":1}}')).status).toBe(400);
    expect((await post(url, token, '{"sql":"select 1","more":1}')).status).toBe(400);
    expect((await post(url, token, '{"sql":"select 1","maxRows":0}')).status).toBe(400);
    expect((await post(url, token, '{"sql":""}')).status).toBe(400);
    expect((await post(url, token, JSON.stringify({ sql: 'x'.repeat(300_000) }))).status).toBe(413);
    expect((await fetch(`${url}/nowhere`, { headers: { authorization: `Bearer ${token}` } })).status).toBe(
      404,
    );
    expect(asked.length).toBe(before);
  });
});

describe('a control.json that is not answered is ignored', () => {
  test('none there', async () => {
    expect(await findControl(dataDir)).toBeUndefined();
  });

  test.each([
    '',
    '{',
    '[]',
    '{"pid":1,"url":"http://example.com:80","token":"0123456789012345678901234567890123"}',
  ])('content %j', async (content) => {
    await writeFile(controlPath(dataDir), content);
    expect(await findControl(dataDir)).toBeUndefined();
  });

  test('left by a process that was killed', async () => {
    const fixture = join(import.meta.dirname, 'support/control-child.ts');
    const child = spawn(process.execPath, ['--import', 'tsx', fixture, dataDir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    expect((await findControl(dataDir))?.pid).toBe(child.pid);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await readControlFile(dataDir)).toBeDefined();
    expect(await findControl(dataDir)).toBeUndefined();
  });

  test('its port now belongs to another server', async () => {
    const stranger = createServer((_request, response) => response.end('{"pid":1,"warehouse":"ok"}'));
    stranger.listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    open.push({ close: () => new Promise((done) => stranger.close(done)) });
    const address = stranger.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const left = { pid: process.pid, url: `http://127.0.0.1:${port}`, token: 'x'.repeat(43) };
    await writeFile(controlPath(dataDir), JSON.stringify(left));
    expect(await findControl(dataDir)).toBeUndefined();
  });

  test('its port now belongs to the control of another data directory, which has another token', async () => {
    const { url } = await create().listen();
    const other = await mkdtemp(join(tmpdir(), 'kada-control-'));
    open.push({ close: () => rm(other, { recursive: true }) });
    const left = { pid: process.pid, url, token: 'x'.repeat(43) };
    await writeFile(controlPath(other), JSON.stringify(left));
    expect(await findControl(other)).toBeUndefined();
  });
});
