import pino from 'pino';
import { Subject } from 'rxjs';
import type { ServerState } from '../../live-dashboard/frames.ts';
import { createDashboard, type Dashboard } from '../../live-dashboard/server/dashboard.ts';
import type { FunnelDescription } from '../../pipeline/live/fold-reader.ts';
import { createLiveView, type LiveView, type SourceStatus } from '../../pipeline/live/live-view.ts';
import { browseFunnel, createScriptedFold, purchaseFunnel, type ScriptedFold } from './scripted-fold.ts';

export interface ScriptedDashboard {
  readonly url: string;
  readonly dashboard: Dashboard;
  readonly fold: ScriptedFold;
  readonly view: LiveView;
  /** what the live view reads at its next frame */
  readonly facts: { state: ServerState; queueDepth: number | null; sources: readonly SourceStatus[] };
  /** Sends a frame if something changed. */
  tick(): void;
}

export const sourcesListening: readonly SourceStatus[] = [
  { source: 'tracking', state: 'listening', detail: 'on 127.0.0.1:9123', url: 'http://127.0.0.1:9123' },
  { source: 'collector', state: 'listening', detail: 'on 127.0.0.1:8123', url: 'http://127.0.0.1:8123' },
  { source: 'rabbitmq', state: 'consuming', detail: 'queue analytics.business.events', url: null },
];

/** A real dashboard server over a real live view, whose fold says what the test wants; time is the real one. */
export async function startScriptedDashboard(
  webRoot: string,
  port = 0,
  funnels: readonly FunnelDescription[] = [purchaseFunnel, browseFunnel],
): Promise<ScriptedDashboard> {
  const fold = createScriptedFold(funnels);
  const ticks = new Subject<void>();
  const facts: ScriptedDashboard['facts'] = {
    state: { kind: 'live' },
    queueDepth: null,
    sources: sourcesListening,
  };
  const view = createLiveView({
    fold,
    funnels,
    now: Date.now,
    countersSince: Date.now(),
    horizonMs: 24 * 3_600_000,
    maxSessions: 1_000_000,
    included: { bots: false, seeds: false },
    state: () => facts.state,
    sources: () => facts.sources,
    warehouse: () => 'ready, DuckDB',
    queueDepth: () => facts.queueDepth,
    ticks$: ticks,
  });
  const dashboard = createDashboard({
    host: '127.0.0.1',
    port,
    allowedHosts: [],
    token: undefined,
    wsMaxClients: 20,
    snapshot: view.snapshot,
    frames$: view.frames$,
    readiness: () => ({ ready: true, degraded: false, missing: [] }),
    history: () => ({ query: async () => ({ columns: [], rows: [] }), beginCycle: undefined }),
    adminKey: undefined,
    metrics: async () => '',
    webRoot,
    roles: 'full',
    log: pino({ level: 'silent' }),
  });
  const { url } = await dashboard.listen();
  return { url, dashboard, fold, view, facts, tick: () => ticks.next() };
}
