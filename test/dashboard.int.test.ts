import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { Subject } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import type { Frame, SnapshotFrame } from '../live-dashboard/frames.ts';
import { createDashboard, type DashboardOptions } from '../live-dashboard/server/dashboard.ts';
import { eventually } from './support/eventually.ts';
import { emptySnapshot } from './support/frames.ts';

const log = pino({ level: 'silent' });
const TOKEN = 'correct-horse-battery-staple';

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

async function start(options: Partial<DashboardOptions> = {}) {
  const frames$ = new Subject<Frame>();
  const state = { snapshot: emptySnapshot({ seq: 1 }) };
  const refusals: string[] = [];
  const frameResults = { sent: 0, skipped: 0, snapshot: 0 };
  const dashboard = createDashboard({
    host: '127.0.0.1',
    port: 0,
    allowedHosts: [],
    token: undefined,
    wsMaxClients: 10,
    snapshot: () => state.snapshot,
    frames$,
    readiness: () => ({ ready: true, degraded: false, missing: [] }),
    history: () => ({ query: undefined, beginCycle: undefined }),
    adminKey: undefined,
    metrics: async () => 'kada_up 1\n',
    webRoot: undefined,
    roles: 'full',
    onRefused: (reason) => refusals.push(reason),
    onFrames(result, count) {
      frameResults[result] += count;
    },
    log,
    ...options,
  });
  const { url } = await dashboard.listen();
  open.push(dashboard);
  return { dashboard, url, frames$, state, refusals, frameResults };
}

/** Plain HTTP, since fetch does not let a Host header through. */
function call(
  url: string,
  options: {
    readonly method?: string;
    readonly headers?: Record<string, string>;
    readonly body?: string;
  } = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const call = httpRequest(
      url,
      { method: options.method ?? 'GET', headers: options.headers ?? {} },
      (reply) => {
        let body = '';
        reply.setEncoding('utf8');
        reply.on('data', (chunk: string) => {
          body += chunk;
        });
        reply.on('end', () => resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body }));
      },
    );
    call.on('error', reject);
    call.end(options.body);
  });
}

/** A client that keeps what it hears. */
function listenTo(
  url: string,
  options: { readonly headers?: Record<string, string>; readonly autoPong?: boolean } = {},
) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, {
    headers: options.headers ?? {},
    autoPong: options.autoPong ?? true,
  });
  const heard: (Frame | { kind: 'pong'; now: number })[] = [];
  let closed: number | undefined;
  let refused: number | undefined;
  socket.on('message', (data) => heard.push(JSON.parse(data.toString())));
  socket.on('close', (code) => {
    closed = code;
  });
  socket.on('unexpected-response', (_request, reply) => {
    refused = reply.statusCode;
    socket.terminate();
  });
  socket.on('error', () => undefined);
  open.push({ close: () => socket.terminate() });
  return { socket, heard, closed: () => closed, refused: () => refused };
}

const delta = (seq: number, queueDepth: number): Frame => ({
  kind: 'delta',
  seq,
  now: 1,
  horizonStart: 0,
  queueDepth,
});

describe('the WebSocket', () => {
  it('brings a snapshot, then deltas in order, and a snapshot again to who missed one', async () => {
    const { url, frames$, state } = await start();
    const client = listenTo(url);
    await eventually(() => expect(client.heard).toEqual([state.snapshot]));
    frames$.next(delta(2, 7));
    frames$.next(delta(3, 8));
    await eventually(() => expect(client.heard.slice(1)).toEqual([delta(2, 7), delta(3, 8)]));
    state.snapshot = emptySnapshot({ seq: 3, queueDepth: 8 });
    client.socket.send(JSON.stringify({ kind: 'snapshot' }));
    await eventually(() => expect(client.heard.at(-1)).toEqual(state.snapshot));
    frames$.next(delta(4, 9));
    await eventually(() => expect(client.heard.at(-1)).toEqual(delta(4, 9)));
  });

  it('gives the same text to all clients', async () => {
    const { url, frames$, frameResults } = await start();
    const clients = [listenTo(url), listenTo(url), listenTo(url)];
    await eventually(() => expect(clients.every((client) => client.heard.length === 1)).toBe(true));
    frames$.next(delta(2, 7));
    await eventually(() => expect(clients.every((client) => client.heard.length === 2)).toBe(true));
    expect(frameResults).toMatchObject({ sent: 3, skipped: 0, snapshot: 3 });
  });

  it('answers a ping, so that a silent page knows it is not forgotten', async () => {
    const { url } = await start();
    const client = listenTo(url);
    await eventually(() => expect(client.heard).toHaveLength(1));
    client.socket.send('{"kind":"ping"}');
    await eventually(() => expect(client.heard.at(-1)).toMatchObject({ kind: 'pong' }));
  });

  it('lets a slow client skip frames and then sends it a snapshot', async () => {
    const { url, frames$, state, frameResults } = await start();
    const slow = listenTo(url);
    const quick = listenTo(url);
    await eventually(() => expect([slow.heard.length, quick.heard.length]).toEqual([1, 1]));
    slow.socket.pause();
    // what the kernel holds differs from machine to machine: go on until the server's own buffer is full
    let seq = 1;
    await eventually(async () => {
      const frame = {
        ...delta(++seq, seq),
        state: { kind: 'starting' as const, doing: 'x'.repeat(400_000) },
      };
      frames$.next(frame);
      await eventually(() => expect(quick.heard.at(-1)).toMatchObject({ seq }));
      expect(frameResults.skipped).toBeGreaterThan(2);
    });
    state.snapshot = emptySnapshot({ seq, queueDepth: 123 });
    slow.socket.resume();
    await eventually(() => expect(slow.heard.at(-1)).toMatchObject({ kind: 'snapshot', queueDepth: 123 }));
    frames$.next(delta(seq + 1, 5));
    await eventually(() => expect(slow.heard.at(-1)).toEqual(delta(seq + 1, 5)));
    // what came before the snapshot came in order, without the skipped ones at its end
    const before = slow.heard.slice(0, -2).map((frame) => ('seq' in frame ? frame.seq : -1));
    expect(before).toEqual(before.map((_, i) => i + 1));
    expect(before.length).toBeLessThan(seq);
  });

  it('is refused to a page of another origin, and open to a program', async () => {
    const { url, refusals } = await start();
    const foreign = listenTo(url, { headers: { origin: 'http://evil.example' } });
    const otherPort = listenTo(url, { headers: { origin: 'http://127.0.0.1:1' } });
    const opaque = listenTo(url, { headers: { origin: 'null' } });
    await eventually(() =>
      expect([foreign, otherPort, opaque].map((one) => one.refused())).toEqual([403, 403, 403]),
    );
    expect(refusals).toEqual(['origin', 'origin', 'origin']);
    const own = listenTo(url, { headers: { origin: url } });
    const program = listenTo(url);
    await eventually(() => expect([own.heard.length, program.heard.length]).toEqual([1, 1]));
  });

  it('is refused beyond WS_MAX_CLIENTS until a place is free', async () => {
    const { url, dashboard } = await start({ wsMaxClients: 1 });
    const first = listenTo(url);
    await eventually(() => expect(first.heard).toHaveLength(1));
    const second = listenTo(url);
    await eventually(() => expect(second.refused()).toBe(503));
    first.socket.close();
    await eventually(() => expect(dashboard.clients()).toBe(0));
    const third = listenTo(url);
    await eventually(() => expect(third.heard).toHaveLength(1));
  });

  it('is closed on messages that are too large or not of the protocol', async () => {
    const { url } = await start();
    const large = listenTo(url);
    const odd = listenTo(url);
    const broken = listenTo(url);
    await eventually(() => expect([large, odd, broken].map((one) => one.heard.length)).toEqual([1, 1, 1]));
    large.socket.send('x'.repeat(5_000));
    odd.socket.send('{"kind":"drop tables"}');
    broken.socket.send('{');
    await eventually(() =>
      expect([large, odd, broken].map((one) => one.closed())).toEqual([1009, 1008, 1008]),
    );
  });

  it('is closed with 1001 when the server stops', async () => {
    const { url, dashboard } = await start();
    const client = listenTo(url);
    await eventually(() => expect(client.heard).toHaveLength(1));
    await dashboard.close();
    await eventually(() => expect(client.closed()).toBe(1001));
    await expect(call(`${url}/livez`)).rejects.toThrow();
  });

  it('is cut off when the client no longer answers pings, and only then', async () => {
    const { url, dashboard } = await start({ pingEveryMs: 300 });
    const answering = listenTo(url);
    const gone = listenTo(url, { autoPong: false });
    await eventually(() => expect(gone.closed()).toBe(1006));
    expect(gone.heard).toHaveLength(1);
    expect([answering.closed(), dashboard.clients()]).toEqual([undefined, 1]);
  });

  it('is not compressed', async () => {
    const { url } = await start();
    const client = listenTo(url);
    await eventually(() => expect(client.heard).toHaveLength(1));
    expect(client.socket.extensions).toBe('');
  });
});

describe('the HTTP side', () => {
  it('gives the snapshot at /api/live, uncached', async () => {
    const { url, state } = await start();
    const reply = await call(`${url}/api/live`);
    expect(reply.status).toBe(200);
    expect(JSON.parse(reply.body)).toEqual(state.snapshot);
    expect(reply.headers['cache-control']).toBe('no-store');
  });

  it('tells liveness, readiness and metrics', async () => {
    let ready = false;
    const { url } = await start({
      readiness: () => ({ ready, degraded: ready, missing: ready ? ['rabbitmq'] : ['warehouse', 'rebuild'] }),
    });
    expect(await call(`${url}/livez`)).toMatchObject({ status: 200, body: '{"status":"ok"}' });
    expect(await call(`${url}/readyz`)).toMatchObject({
      status: 503,
      body: '{"ready":false,"degraded":false,"missing":["warehouse","rebuild"]}',
    });
    ready = true;
    expect(await call(`${url}/readyz`)).toMatchObject({
      status: 200,
      body: '{"ready":true,"degraded":true,"missing":["rabbitmq"]}',
    });
    const metrics = await call(`${url}/metrics`);
    expect(metrics).toMatchObject({ status: 200, body: 'kada_up 1\n' });
    expect(metrics.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
  });

  it('describes itself at /openapi.json', async () => {
    const { url } = await start();
    const document = JSON.parse((await call(`${url}/openapi.json`)).body) as { paths: object };
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining([
        '/api/live',
        '/api/gold/{table}',
        '/api/runs',
        '/ws',
        '/livez',
        '/readyz',
        '/metrics',
        '/login',
      ]),
    );
  });

  it.each([
    'evil.example',
    'evil.example:8501',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '10.1.2.3',
  ])('is not served under the name %s', async (host) => {
    const { url, refusals } = await start({ allowedHosts: ['dash.example'] });
    for (const path of ['/', '/api/live', '/metrics', '/login', '/nothing']) {
      const reply = await call(`${url}${path}`, { headers: { host } });
      expect(reply.status).toBe(421);
      expect(JSON.parse(reply.body).error.code).toBe('misdirected');
    }
    const socket = listenTo(url, { headers: { host, origin: `http://${host}` } });
    await eventually(() => expect(socket.refused()).toBe(421));
    expect(refusals).toContain('misdirected');
  });

  it.each(['localhost', 'LOCALHOST:99', '127.0.0.1:1', '[::1]:8501', 'dash.example', 'Dash.Example:443'])(
    'is served under the name %s',
    async (host) => {
      const { url } = await start({ allowedHosts: ['dash.example'] });
      expect((await call(`${url}/api/live`, { headers: { host } })).status).toBe(200);
    },
  );

  it('serves the built page under a strict policy, its assets for ever', async () => {
    const webRoot = await mkdtemp(join(tmpdir(), 'kada-web-'));
    open.push({ close: () => rm(webRoot, { recursive: true }) });
    await mkdir(join(webRoot, 'assets'));
    await writeFile(join(webRoot, 'index.html'), '<!doctype html><title>page</title>');
    await writeFile(join(webRoot, 'assets', 'index-abc.js'), 'export {}');
    const { url } = await start({ webRoot });
    const page = await call(`${url}/`);
    expect(page).toMatchObject({ status: 200, body: '<!doctype html><title>page</title>' });
    expect(page.headers['cache-control']).toBe('no-cache');
    const script = await call(`${url}/assets/index-abc.js`);
    expect(script.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    for (const reply of [page, script, await call(`${url}/api/live`), await call(`${url}/nothing`)]) {
      expect(reply.headers['content-security-policy']).toMatch(
        /^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:;/,
      );
      expect(reply.headers['content-security-policy']).not.toContain('unsafe');
      expect(reply.headers['x-content-type-options']).toBe('nosniff');
      expect(reply.headers['referrer-policy']).toBe('no-referrer');
    }
    for (const path of ['/nothing', '/../package.json', '/%2e%2e/package.json', '/assets/', '/assets/%00']) {
      const reply = await call(`${url}${path}`);
      expect(reply.status, path).toBeGreaterThanOrEqual(400);
      expect(reply.status, path).toBeLessThan(500);
      expect(JSON.parse(reply.body).error, path).toMatchObject({
        code: expect.any(String),
        message: expect.any(String),
      });
    }
  });

  it('answers other methods and unknown paths as JSON', async () => {
    const { url } = await start();
    expect((await call(`${url}/api/live`, { method: 'POST' })).status).toBe(405);
    const missing = await call(`${url}/api/nothing`);
    expect([missing.status, JSON.parse(missing.body).error.code]).toEqual([404, 'not_found']);
  });

  it('of a process without the dashboard role is only its probes', async () => {
    const { url } = await start({ roles: 'probes-only' });
    expect((await call(`${url}/livez`)).status).toBe(200);
    expect((await call(`${url}/readyz`)).status).toBe(200);
    expect((await call(`${url}/metrics`)).status).toBe(200);
    expect((await call(`${url}/api/live`)).status).toBe(404);
    const socket = listenTo(url);
    await eventually(() => expect(socket.refused()).toBe(404));
  });
});

describe('the token', () => {
  it.each(['0.0.0.0', '::', '192.168.1.5', 'dash.example', '127.evil.example'])(
    'is required when bound to %s',
    (host) => {
      const options = {
        host,
        port: 0,
        allowedHosts: [],
        wsMaxClients: 1,
        snapshot: (): SnapshotFrame => emptySnapshot(),
        frames$: new Subject<Frame>(),
        readiness: () => ({ ready: true, degraded: false, missing: [] }),
        history: () => ({ query: undefined, beginCycle: undefined }),
        adminKey: undefined,
        metrics: async () => '',
        webRoot: undefined,
        roles: 'full',
        log,
      } as const;
      expect(() => createDashboard({ ...options, token: undefined })).toThrow(
        expect.objectContaining({ code: 'KADA_DASHBOARD_TOKEN_REQUIRED' }),
      );
      expect(() => createDashboard({ ...options, token: TOKEN })).not.toThrow();
    },
  );

  it('covers everything but /livez', async () => {
    const { url } = await start({ token: TOKEN });
    expect((await call(`${url}/livez`)).status).toBe(200);
    for (const path of [
      '/',
      '/api/live',
      '/readyz',
      '/metrics',
      '/openapi.json',
      '/assets/x.js',
      '/nothing',
    ]) {
      const reply = await call(`${url}${path}`);
      expect([path, reply.status]).toEqual([path, 401]);
      expect(JSON.parse(reply.body).error.code).toBe('unauthorized');
    }
    const socket = listenTo(url);
    await eventually(() => expect(socket.refused()).toBe(401));
  });

  it('lets scrapers in as Bearer', async () => {
    const { url } = await start({ token: TOKEN });
    const get = (authorization: string) => call(`${url}/metrics`, { headers: { authorization } });
    expect((await get(`Bearer ${TOKEN}`)).status).toBe(200);
    for (const wrong of ['Bearer ', `Bearer ${TOKEN}x`, `Basic ${TOKEN}`, `Bearer ${TOKEN.toUpperCase()}`]) {
      expect((await get(wrong)).status).toBe(401);
    }
  });

  it('is changed for a cookie at /login', async () => {
    const { url } = await start({ token: TOKEN });
    const page = await call(`${url}/`, { headers: { accept: 'text/html' } });
    expect([page.status, page.headers.location]).toEqual([303, '/login']);
    const form = await call(`${url}/login`);
    expect(form.body).toContain('<form method="post" action="/login">');
    expect(form.body).not.toMatch(/<style|<script|style=|onload=/);
    expect((await call(`${url}/login.css`)).headers['content-type']).toMatch(/^text\/css/);

    const post = (body: string, type = 'application/x-www-form-urlencoded') =>
      call(`${url}/login`, { method: 'POST', headers: { 'content-type': type }, body });
    const wrong = await post('token=wrong');
    expect([wrong.status, wrong.headers['set-cookie']]).toEqual([401, undefined]);
    for (const body of ['{"token":["x"]}', '{}', '{"__proto__":{"token":"x"}}', 'null']) {
      expect((await post(body, 'application/json')).status).toBeLessThan(500);
    }

    const right = await post(`token=${encodeURIComponent(TOKEN)}`);
    expect([right.status, right.headers.location]).toEqual([303, '/']);
    const [cookie] = right.headers['set-cookie'] ?? [];
    expect(cookie).toMatch(/HttpOnly/);
    expect(cookie).toMatch(/SameSite=Strict/);
    expect(cookie).not.toContain(TOKEN);
    const session = cookie?.split(';')[0] ?? '';
    expect((await call(`${url}/api/live`, { headers: { cookie: session } })).status).toBe(200);
    const client = listenTo(url, { headers: { cookie: session, origin: url } });
    await eventually(() => expect(client.heard).toHaveLength(1));
    expect((await call(`${url}/api/live`, { headers: { cookie: `${session}x` } })).status).toBe(401);
  });

  it('cannot be guessed for long from one address', async () => {
    const { url } = await start({ token: TOKEN });
    const statuses: number[] = [];
    for (let i = 0; i < 25; i++) {
      const reply = await call(`${url}/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ token: `guess ${i}` }),
      });
      statuses.push(reply.status);
    }
    // the minute may turn once in between
    expect(statuses.filter((status) => status === 401).length).toBeLessThanOrEqual(20);
    expect(statuses).toContain(429);
  });
});
