import { setTimeout as delay } from 'node:timers/promises';
import pino from 'pino';
import { map, Subject, share, tap } from 'rxjs';
import type { Frame } from '../live-dashboard/frames.ts';
import { createDashboard } from '../live-dashboard/server/dashboard.ts';
import { createLiveView } from '../pipeline/live/live-view.ts';
import type { StoredEvent } from '../sinks/warehouse.ts';
import { browseFunnel, purchaseFunnel } from '../test/support/scripted-fold.ts';
import { startToEnd } from './child.ts';
import { foldShop, newFold } from './fold-run.ts';
import { createShop } from './shop-events.ts';
import { alone, type Bench, median, percentile } from './table.ts';

const framesARound = 40;
const warmUpFrames = 8;
const frameEveryMs = 250;
/** 1,000 events a second */
const eventsAFrame = 250;

export const frameFanOut: readonly Bench[] = [1, 100, 1_000].map(fanOut);

function fanOut(clients: number): Bench {
  const name = `frame fan-out, ${clients.toLocaleString('en')} ${clients === 1 ? 'client' : 'clients'}`;
  return {
    name,
    run: async (options) => ({
      name,
      what: 'the server makes a frame of 250 new events and sends it to all, 4 times a second',
      unit: 'ms of CPU a frame',
      ...(await alone(options, () => round(clients))),
    }),
  };
}

/** When a frame was made, by the machine's clock, and the CPU that the server took for it. */
interface MadeFrame {
  at: number;
  cpuMs: number;
}

async function round(clients: number) {
  const server = await startServer(clients);
  const { output } = await startToEnd('frame-clients.ts', [
    `${server.url.replace('http', 'ws')}/ws`,
    `${clients}`,
  ]);
  for (let n = 0; n < warmUpFrames + framesARound; n += 1) await server.nextFrame();
  await server.close();
  if (server.serialised() !== server.made.size) {
    throw new Error(`${server.made.size} frames were serialised ${server.serialised()} times`);
  }
  const received = new Map(
    (await output)
      .split('\n')
      .slice(1, -1)
      .map((line) => {
        const [seq = 0, at = 0, bytes = 0] = line.split(' ').map(Number);
        return [seq, { at, bytes }];
      }),
  );
  const frames = [...server.made].slice(warmUpFrames);
  const latencies = frames.map(([seq, { at }]) => {
    const last = received.get(seq);
    if (last === undefined) throw new Error(`not all clients got frame ${seq}`);
    return last.at - at;
  });
  return {
    ours: median(frames.map(([, { cpuMs }]) => cpuMs)),
    details: {
      'last client has it after ms, p50': median(latencies),
      p95: percentile(latencies, 0.95),
      'KB a frame': median([...received.values()].map(({ bytes }) => bytes)) / 1_024,
    },
  };
}

/** The real server, live view and fold; ticks come when they are asked for. */
async function startServer(clients: number) {
  const fold = await newFold();
  const from = Date.now() - 20 * 3_600_000;
  await foldShop(fold, createShop({ sessions: 20_000, from, to: Date.now() - 3_600_000 }));
  const batches = createShop({ sessions: 5_000, first: 20_000, from, to: from }).batches(eventsAFrame);
  const ticks = new Subject<void>();
  const made = new Map<number, MadeFrame>();
  let serialised = 0;
  const view = createLiveView({
    fold,
    funnels: [purchaseFunnel, browseFunnel],
    now: Date.now,
    countersSince: Date.now(),
    horizonMs: 24 * 3_600_000,
    maxSessions: 1_000_000,
    included: { bots: false, seeds: false },
    state: () => ({ kind: 'live' }),
    sources: () => [{ source: 'tracking', state: 'listening', detail: null, url: null }],
    warehouse: () => 'ready, DuckDB',
    queueDepth: () => 0,
    ticks$: ticks,
  });
  const frames$ = view.frames$.pipe(
    map((frame): Frame => Object.defineProperty(frame, 'toJSON', { value: toJson, enumerable: false })),
    tap(({ seq }) => made.set(seq, { at: Number(process.hrtime.bigint()) / 1e6, cpuMs: 0 })),
    share(),
  );
  const dashboard = createDashboard({
    host: '127.0.0.1',
    port: 0,
    allowedHosts: [],
    token: undefined,
    wsMaxClients: clients,
    snapshot: view.snapshot,
    frames$,
    readiness: () => ({ ready: true, degraded: false, missing: [] }),
    history: () => ({ query: undefined, beginCycle: undefined }),
    adminKey: undefined,
    metrics: async () => '',
    webRoot: undefined,
    roles: 'full',
    log: pino({ level: 'silent' }),
  });
  const { url } = await dashboard.listen();
  // the first frame of a view is whole; what follows are deltas
  takeBatch();
  ticks.next();
  made.clear();
  serialised = 0;

  /** JSON.stringify calls it once each time that it writes the frame. */
  function toJson(this: Frame): Frame {
    serialised += 1;
    return this;
  }

  /** What shoppers do, as if they did it just now. */
  function takeBatch(): void {
    const at = Date.now();
    const next = batches.next();
    const batch: readonly StoredEvent[] = next.done === true ? [] : next.value;
    const events = batch
      .filter(({ table }) => table !== 'business_events')
      .map((event) => ({ ...event, event_timestamp: at, received_at: at }));
    fold.apply(events, { now: at, cause: 'live' });
    view.observe({
      at,
      commitMs: 5,
      settled: events.map((event) => ({ via: 'tracking', outcome: 'stored', event })),
    });
  }

  async function nextFrame(): Promise<void> {
    takeBatch();
    const cpuBegan = process.cpuUsage();
    ticks.next();
    await delay(frameEveryMs);
    const { user, system } = process.cpuUsage(cpuBegan);
    const frame = [...made.values()].at(-1);
    if (frame !== undefined) frame.cpuMs = (user + system) / 1_000;
  }

  return { url, made, nextFrame, serialised: () => serialised, close: dashboard.close };
}
