import type { Logger } from 'pino';
import { EMPTY } from 'rxjs';
import { createDashboard } from '../live-dashboard/server/dashboard.ts';
import type { Warehouse } from '../sinks/warehouse.ts';
import { type CommitPath, createCommitPath } from './commit/path.ts';
import { batchLimits, breakerMs, commitRules } from './commit/rules.ts';
import type { Config } from './config.ts';
import { type Consuming, createConsuming } from './consuming.ts';
import { createControlServer } from './control/server.ts';
import { etlDefinitions } from './etl/definitions.ts';
import { createMaterialiser, type Materialiser } from './etl/materialiser.ts';
import { nextDue, periodically } from './etl/periodically.ts';
import { type FunnelDefinition, loadFunnels, stepEventTypes, stepRule } from './funnel/definitions.ts';
import { createFunnelFold } from './funnel/fold.ts';
import { createIntakeGate } from './intake-gate.ts';
import { type LiveFeed, liveSourceOf, startLiveFeed } from './live/feed.ts';
import type { FunnelDescription } from './live/fold-reader.ts';
import { createLiveView } from './live/live-view.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { defaultFunnelsFile, webRoot } from './paths.ts';
import { pipeline } from './pipeline.ts';
import { createLetterOffice, type LetterOffice } from './replay/office.ts';
import { pageActions } from './replay/page-actions.ts';
import { createSources, describeSources, type Sources } from './sources.ts';
import { createProcessState } from './state.ts';
import { createOrderLookUps } from './steps/fold.ts';
import { createValidation } from './validation.ts';
import { isEmbedded, openWarehouse } from './warehouse.ts';

export interface RunningProcess {
  readonly urls: {
    readonly dashboardUrl: string;
    readonly trackingUrl: string | undefined;
    readonly collectorUrl: string | undefined;
  };
  /** Stops in order (commit-protocol.md 14); the caller holds the deadline. */
  stop(): Promise<void>;
}

/** commit-protocol.md 12: a quarter of the HTTP places */
const maxMaybes = 1_250;
const giveBackAfterMs = 60_000;
const sweepEveryMs = 50;
const drainLookMs = 10;
const publisherCloseMs = 2_000;

/** Starts the roles of this process, in the order of commit-protocol.md 13. Rejects with what to do about it. */
export async function startProcess(config: Config, log: Logger): Promise<RunningProcess> {
  const now = Date.now;
  const horizonMs = config.live.horizonHours * 3_600_000;
  const funnels = await loadFunnels(config.live.funnelsFile ?? defaultFunnelsFile, config.live);
  const fold = createFunnelFold({
    funnels,
    horizonHours: config.live.horizonHours,
    maxSessions: config.live.maxSessions,
    showSeeds: config.live.showSeedData,
  });

  let opened: Warehouse | undefined;
  let path: CommitPath | undefined;
  let feed: LiveFeed | undefined;
  let materialiser: Materialiser | undefined;
  /** replays wait for readiness */
  let letters: LetterOffice | undefined;
  /** since when cycles run by themselves; undefined: not, or not yet */
  let cyclesSince: number | undefined;
  const report = () => ({
    timeZone: config.reportTimezone,
    showSeeds: config.live.showSeedData,
    funnels,
    nextCycleAt: cyclesSince === undefined ? null : nextDue(cyclesSince, config.etl.intervalMs, now()),
  });
  const state = createProcessState({
    away: () => path?.availability.away(),
    diskLow: () => gate.diskLow(),
    engine: () => opened?.engine,
    consumer: () => sources.rabbit?.state(),
    liveAsOf: () => feed?.asOf(),
    now,
  });
  const metrics = createMetrics({
    inflightEvents: () =>
      sources.admission.inflightEvents() + (sources.rabbit?.unsettled() ?? 0) + sources.replay.inflight(),
    funnelSessions: () => fold.stats().sessions,
    funnelBytes: () => fold.stats().bytesEstimate,
    funnelEvicted: fold.evictedSessions,
    filterBytes: () => opened?.filterBytes,
    liveLag: () => (feed === undefined ? undefined : (now() - feed.asOf()) / 1_000),
    wsClients: () => (config.roles.has('dashboard') ? dashboard.clients() : undefined),
    warehouseUp: () => path !== undefined && path.availability.away() === undefined,
    rabbitmqUp: () => sources.rabbit?.state().kind === 'consuming',
  });
  const gate = createIntakeGate({
    away: () => path?.availability.away(),
    dataDir: config.dataDir,
    minFreeDiskMb: config.minFreeDiskBytes / 1_048_576,
    now,
    log,
    onDisk: (low) => {
      if (low) void consuming.pause('disk_low');
      else consuming.resume('disk_low');
    },
  });
  const sources = createSources({ config, gate, health: state.health, onRefused: metrics.refused, now, log });
  const consuming = createConsuming(sources.rabbit);
  const live = createLiveView({
    fold,
    funnels: funnels.map(describeFunnel),
    now,
    countersSince: now(),
    horizonMs,
    maxSessions: config.live.maxSessions,
    rowsOnly: ![...config.roles].some((role) => role !== 'dashboard' && role !== 'etl'),
    included: { bots: false, seeds: config.live.showSeedData },
    state: state.shown,
    sources: () => describeSources(sources, urls, !isEmbedded(config)),
    warehouse: state.warehouse,
    queueDepth: () => sources.rabbit?.queueDepth() ?? null,
  });
  const dashboard = createDashboard({
    ...config.dashboard,
    wsMaxClients: config.dashboard.maxClients,
    snapshot: live.snapshot,
    frames$: live.frames$,
    readiness: state.readiness,
    history: () => ({ query: opened?.query, beginCycle: materialiser?.begin, report: report() }),
    deadLetters: () =>
      letters === undefined || opened === undefined ? undefined : pageActions(letters, opened),
    metrics: metrics.text,
    webRoot,
    roles: config.roles.has('dashboard') ? 'full' : 'probes-only',
    onRefused: (reason) => metrics.refused(reason, 1),
    onFrames: metrics.wsFrames,
    log,
  });

  const urls: { tracking: string | undefined; collector: string | undefined } = {
    tracking: undefined,
    collector: undefined,
  };
  const { url: dashboardUrl } = await dashboard.listen();
  log.info({ dashboardUrl }, `dashboard: ${dashboardUrl}`);

  const warehouse = await openWarehouse(config, log);
  opened = warehouse;
  const control = isEmbedded(config)
    ? createControlServer({
        dataDir: config.dataDir,
        warehouse,
        log,
        handlers: {
          status: () => ({ phase: state.phase().kind, dashboardUrl, ...urls }),
          beginCycle: (request) => materialiser?.begin(request).runId,
          cycle: (runId) => materialiser?.find(runId),
          letters: () => letters,
        },
      })
    : undefined;
  await control?.listen();
  if (isEmbedded(config)) await gate.watchDisk();

  path = await openPath(warehouse, config, metrics, consuming, sources, log, now);
  const liveSource = liveSourceOf(isEmbedded(config), config.roles.has('dashboard'));
  const orders = createOrderLookUps({ funnels: fold, warehouse, log });
  feed = await startLiveFeed({
    source: liveSource,
    fold,
    live,
    warehouse,
    orders,
    availability: path.availability,
    horizonMs,
    onProgress: (done, total) => state.enter({ kind: 'rebuilding', done, total }),
    now,
    log,
  });

  const { visibleSeq } = path;
  const cycles = createMaterialiser({
    warehouse,
    definitions: etlDefinitions(funnels, config.reportTimezone, config.live.showSeedData),
    enabled: config.etl,
    recentDays: config.etl.recentDays,
    visibleSeq,
    now,
    log,
    onRun: metrics.etlRun,
  });
  materialiser = cycles;
  const validation = createValidation({ storeIp: config.storeIp, mayKeep: sources.mayKeep, log });
  if (config.roles.has('etl')) cyclesSince = now();
  const subscription = pipeline({
    sources: [sources.tracking, sources.collector, sources.rabbit, sources.replay].filter(
      (source) => source !== undefined,
    ),
    validation,
    publishing: sources.publishing,
    path,
    funnels: fold,
    orders,
    live,
    metrics,
    followed$: liveSource === 'own-commits' ? undefined : (feed?.followed$ ?? EMPTY),
    cycles$: config.roles.has('etl') ? periodically(() => cycles.begin().finished, config.etl, now) : EMPTY,
    horizonMs,
    now,
    log,
  }).subscribe({ error: endProcess });
  const { committer } = path;
  const sweeper = setInterval(() => committer.sweep(now()), sweepEveryMs);
  urls.tracking = (await sources.tracking?.listen())?.url;
  urls.collector = (await sources.collector?.listen())?.url;
  state.enter({ kind: 'running', at: now() });
  letters = createLetterOffice({
    warehouse,
    judge: validation.judge,
    source: sources.replay,
    forgetClaims: path.forgetClaims,
    now,
    log,
  });

  /** Refuse, cancel, flush and settle, confirm, close: the order keeps every promise (commit-protocol.md 14). */
  async function stop(): Promise<void> {
    state.enter({ kind: 'stopping' });
    gate.stop();
    sources.tracking?.stopAccepting();
    sources.collector?.stopAccepting();
    sources.replay.stopAccepting();
    const cyclesStopped = cycles.stop();
    await sources.rabbit?.stop();
    await drained(() => sources.admission.inflightEvents() + committer.inFlight());
    await sources.publisher?.close(publisherCloseMs);
    await sources.rabbit?.close();
    await Promise.all([
      sources.tracking?.close(),
      sources.collector?.close(),
      control?.close(),
      dashboard.close(),
    ]);
    subscription.unsubscribe();
    clearInterval(sweeper);
    gate.close();
    await cyclesStopped;
    await warehouse.close();
  }

  return { urls: { dashboardUrl, trackingUrl: urls.tracking, collectorUrl: urls.collector }, stop };
}

async function openPath(
  warehouse: Warehouse,
  config: Config,
  metrics: Metrics,
  consuming: Consuming,
  sources: Sources,
  log: Logger,
  now: () => number,
): Promise<CommitPath> {
  return createCommitPath({
    warehouse,
    cacheSize: config.fingerprintCacheSize,
    warm: await warehouse.newestClaims(config.fingerprintCacheSize),
    rules: commitRules(sources.mayKeep),
    limits: batchLimits,
    maxMaybes,
    giveBackAfterMs,
    breakerMs,
    now,
    log,
    onCache: (hit) => metrics.fingerprintCache(hit ? 'hit' : 'miss', 1),
    onGiveBack: () => consuming.pause('warehouse_away'),
    onBack: () => consuming.resume('warehouse_away'),
  });
}

function describeFunnel({ name, title, windowSeconds, steps }: FunnelDefinition): FunnelDescription {
  return {
    name,
    title,
    windowSeconds,
    steps: steps.map((step) => ({ label: step.label, rule: stepRule(step), types: stepEventTypes(step) })),
  };
}

/** A stream that ended takes nothing in any more: as an uncaught error it ends the process, and what is unacked comes again. */
function endProcess(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}

/** Resolves when nothing is in flight any more; sources and committer have no common event for it. */
async function drained(inFlight: () => number): Promise<void> {
  while (inFlight() > 0) await new Promise((resolve) => setTimeout(resolve, drainLookMs));
}
