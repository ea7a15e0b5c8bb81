import { once } from 'node:events';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { createHttpServer, type HttpServer } from '../ingest/http/server.ts';
import { eventually } from './support/eventually.ts';
import { createRefusals, send } from './support/http-door.ts';

const hasIpv6 = Object.values(networkInterfaces()).some((list) =>
  list?.some(({ address }) => address === '::1'),
);

let server: HttpServer | undefined;
afterEach(async () => {
  await server?.close();
});

async function open(overrides: Partial<Parameters<typeof createHttpServer>[0]> = {}) {
  const { counts, onRefused } = createRefusals();
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });
  server = createHttpServer({
    host: '127.0.0.1',
    port: 0,
    trustProxy: false,
    bodyLimit: 1_024,
    onRefused,
    log,
    ...overrides,
  });
  server.app.get('/boom', () => {
    throw new Error('secret detail');
  });
  const { url } = await server.listen();
  return { url, counts, lines };
}

describe('the shared server', () => {
  it('hides an unexpected error from the sender and logs it under the request id', async () => {
    const { url, counts, lines } = await open();
    const reply = await send(url, { path: '/boom', method: 'GET' });
    expect([reply.status, reply.json.error.code]).toEqual([500, 'internal']);
    expect(reply.text).not.toContain('secret');
    expect(counts.get('internal')).toBe(1);
    const [line] = lines.map((text) => JSON.parse(text));
    expect(line.err.message).toBe('secret detail');
    expect(line.requestId).toBe(reply.headers['x-request-id']);
  });

  it('drops connections beyond its bound and counts them', async () => {
    const { url, counts } = await open({ maxConnections: 1 });
    const port = Number(new URL(url).port);
    const first = connect(port, '127.0.0.1');
    await once(first, 'connect');
    await eventually(async () => {
      const second = connect(port, '127.0.0.1');
      second.on('error', () => undefined);
      await once(second, 'close');
      expect(counts.get('too_many_connections')).toBeGreaterThan(0);
    });
    first.destroy();
    await eventually(async () => {
      expect((await send(url, { path: '/boom', method: 'GET' })).status).toBe(500);
    });
  });

  it('closes sockets that send no whole headers within the time-out', async () => {
    const { url, counts } = await open({ requestTimeoutMs: 1_000 });
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    let got = '';
    socket.on('data', (chunk) => {
      got += chunk;
    });
    const closed = once(socket, 'close');
    socket.write('GET /boom HTTP/1.1\r\nhost:');
    await closed;
    expect(got).toMatch(/^HTTP\/1\.1 408 /);
    expect(counts.get('request_timeout')).toBe(1);
  });

  it('has the time-outs and bounds of the design', async () => {
    await open();
    const { requestTimeout, headersTimeout, maxConnections } = server!.app.server;
    expect([requestTimeout, headersTimeout, maxConnections]).toEqual([10_000, 10_000, 4_096]);
  });

  it.skipIf(!hasIpv6)('listens on IPv6 too and writes its address as a URL', async () => {
    const { url } = await open({ host: '::1' });
    expect(url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    expect((await send(url, { path: '/nothing', method: 'GET' })).status).toBe(404);
  });

  it('closes twice without an error, and unlistened', async () => {
    await open();
    await server!.close();
    await server!.close();
    const never = createHttpServer({
      host: '127.0.0.1',
      port: 0,
      trustProxy: false,
      bodyLimit: 1,
      onRefused: () => undefined,
      log: pino({ level: 'silent' }),
    });
    await never.close();
  });
});
