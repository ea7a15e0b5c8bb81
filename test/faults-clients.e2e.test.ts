import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { readControlFile } from '../pipeline/control/file.ts';
import { eventually } from './support/eventually.ts';
import { moreAnswers, stopAndJudge } from './support/faulty-setup.ts';
import { freePort } from './support/free-port.ts';
import { createHttpClient, pause } from './support/http-client.ts';
import { createLedger } from './support/ledger.ts';
import { trackEvent, wire } from './support/load-events.ts';
import { recordSingle, startHttpLoad } from './support/load-http.ts';
import {
  cleanUp,
  collectorKey,
  createDataDir,
  type PipelineProcess,
  startPipeline,
} from './support/pipeline-process.ts';
import { createRandom } from './support/random.ts';
import { startTcpProxy } from './support/tcp-proxy.ts';

/** Pages that do not read, are gone without a word, or all come at once; and senders that never finish a request. */
afterEach(cleanUp);

interface Page {
  readonly socket: WebSocket;
  readonly frames: { readonly kind: string; readonly seq: number }[];
  readonly closedWith: () => number | undefined;
}

function openPage(url: string): Page {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, { perMessageDeflate: false });
  const frames: { kind: string; seq: number }[] = [];
  let closedWith: number | undefined;
  socket.on('message', (data) => {
    const { kind, seq } = JSON.parse(String(data)) as { kind: string; seq: number };
    frames.push({ kind, seq });
  });
  socket.on('error', () => {});
  socket.on('close', (code) => {
    closedWith = code;
  });
  return { socket, frames, closedWith: () => closedWith };
}

const opened = (pages: readonly Page[]): Promise<void> =>
  eventually(
    () => {
      const without = pages.filter(({ frames }) => frames[0]?.kind !== 'snapshot').length;
      if (without > 0) throw new Error(`${without} of ${pages.length} pages have no snapshot`);
    },
    { timeoutMs: 60_000 },
  );

/** A page that follows misses nothing: each delta is the next one, or a snapshot starts anew. */
function expectUnbroken({ frames }: Page): void {
  for (const [index, { kind, seq }] of frames.entries()) {
    if (index > 0 && kind === 'delta') expect(seq).toBe((frames[index - 1]?.seq ?? 0) + 1);
  }
}

const pages = 500;

test(`${pages} pages reconnect at once after a kill, under load; some then never read, and some are gone without a word`, {
  timeout: 180_000,
}, async () => {
  const dataDir = await createDataDir();
  const env = { DASHBOARD_PORT: String(await freePort()) };
  let current: PipelineProcess | undefined = await startPipeline({ dataDir, env });
  const ledger = createLedger();
  const http = startHttpLoad({ random: createRandom(61), ledger, target: () => current });
  const first = Array.from({ length: pages }, () => openPage(current?.dashboardUrl ?? ''));
  await opened(first);
  expect((await current.metrics()).value('kada_ws_clients')).toBe(pages);

  const killed = current;
  current = undefined;
  killed.kill('SIGKILL');
  await killed.exited;
  await eventually(() => expect(first.filter(({ closedWith }) => closedWith() === undefined)).toEqual([]), {
    timeoutMs: 60_000,
  });
  const running = await startPipeline({ dataDir, env });
  current = running;

  const network = await startTcpProxy('127.0.0.1', Number(new URL(running.dashboardUrl).port));
  const gone = Array.from({ length: 20 }, () => openPage(`http://127.0.0.1:${network.port}`));
  await opened(gone);
  const again = Array.from({ length: pages - gone.length }, () => openPage(running.dashboardUrl));
  await opened(again);
  // one more than WS_MAX_CLIENTS is told so
  const tooMany = openPage(running.dashboardUrl);
  await eventually(() => expect(tooMany.closedWith()).toBeDefined());
  expect(tooMany.frames).toEqual([]);

  network.silence();
  const slow = again.slice(0, 40);
  const following = again.slice(40);
  for (const { socket } of slow) socket.pause();
  const before = following.map(({ frames }) => frames.length);
  await moreAnswers(ledger, '202', 100);
  await eventually(
    () =>
      following.forEach(({ frames }, n) => void expect(frames.length).toBeGreaterThan((before[n] ?? 0) + 8)),
    { timeoutMs: 60_000 },
  );
  for (const page of following) expectUnbroken(page);
  await http.stop();
  // it stops within its deadline whoever does not answer
  await stopAndJudge(running, ledger);
  await eventually(() => expect(following.filter(({ closedWith }) => closedWith() !== 1001)).toEqual([]));
  for (const { socket } of [...slow, ...gone]) socket.terminate();
  await network.close();
});

test('a slow-loris on each listener: each is cut off, and whoever sends a whole request is answered meanwhile', {
  timeout: 240_000,
}, async () => {
  const running = await startPipeline();
  const control = await readControlFile(running.dataDir);
  const doors = {
    tracking: running.trackingUrl,
    collector: running.collectorUrl,
    dashboard: running.dashboardUrl,
    control: control?.url ?? '',
  };
  const begun = performance.now();
  const trickling = Object.entries(doors).flatMap(([door, url]) => [
    ...Array.from({ length: 30 }, () =>
      trickle(door, url, 'POST /track HTTP/1.1\r\nHost: localhost\r\nX-Slow: '),
    ),
    // its body never comes whole
    ...Array.from({ length: 30 }, () =>
      trickle(
        door,
        url,
        'POST /track HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n{"',
      ),
    ),
  ]);
  await eventually(() => expect(trickling.filter(({ connected }) => !connected())).toEqual([]));

  const client = createHttpClient();
  const ledger = createLedger();
  const random = createRandom(67);
  while (trickling.some(({ closed }) => !closed())) {
    const event = trackEvent(random);
    recordSingle(ledger, event, await client.post(`${running.trackingUrl}/track`, wire(event)));
    const batch = await client.post(`${running.collectorUrl}/events`, '{}', {
      'x-analytics-key': collectorKey,
    });
    expect(batch).toMatchObject({ kind: 'answer', status: 422 });
    expect((await fetch(`${running.dashboardUrl}/readyz`)).status).toBe(200);
    expect(await running.sql('SELECT 1')).toEqual([[1]]);
    for (const { door, closed } of trickling) {
      // ten seconds and the time to look; Node by itself looks every 30 s
      if (!closed()) expect(performance.now() - begun, door).toBeLessThan(30_000);
    }
    await pause(200);
  }
  client.close();
  expect([...ledger.answers.keys()].filter((what) => !what.startsWith('202 '))).toEqual([]);
  expect(
    (await running.metrics()).value('kada_requests_refused_total', { reason: 'request_timeout' }),
  ).toBeGreaterThan(0);
  expect(await running.stop()).toEqual({ code: 0, signal: null });
});

interface Trickling {
  readonly door: string;
  readonly connected: () => boolean;
  readonly closed: () => boolean;
}

/** Sends a byte now and then for ever. */
function trickle(door: string, url: string, beginning: string): Trickling {
  let [connected, closed] = [false, false];
  const socket: Socket = connect(Number(new URL(url).port), '127.0.0.1', () => {
    connected = true;
    socket.write(beginning);
  });
  const timer = setInterval(() => socket.write('x'), 250);
  socket.on('data', () => {});
  socket.on('error', () => {});
  socket.on('close', () => {
    closed = true;
    clearInterval(timer);
  });
  return { door, connected: () => connected || closed, closed: () => closed };
}
