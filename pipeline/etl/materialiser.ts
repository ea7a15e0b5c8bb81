import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { KadaError, messageOf } from '../../ingest/errors.ts';
import type { Definitions, EtlRun } from '../../sinks/materialise/plan.ts';
import type { Warehouse } from '../../sinks/warehouse.ts';

/** The lock of cycles; the Python system's jobs hold it under the same name. */
export const etlLock = 'kada_mandiya_etl_lock';

/** What one cycle is asked for; what is left out is as the settings say. */
export interface CycleRequest {
  readonly full?: boolean | undefined;
  readonly silver?: boolean | undefined;
  readonly gold?: boolean | undefined;
  /** days up to as_of that are made anew whatever touched them */
  readonly recentDays?: number | undefined;
}

export interface MaterialiserOptions {
  readonly warehouse: Pick<
    Warehouse,
    'materialise' | 'cancelMaterialise' | 'recordRun' | 'failDeadRuns' | 'runExclusive'
  >;
  readonly definitions: Definitions;
  readonly enabled: { readonly silver: boolean; readonly gold: boolean };
  readonly recentDays: number;
  /** Bronze up to here is durable and whole (commit-protocol.md 16) */
  readonly visibleSeq: () => number;
  readonly now: () => number;
  readonly log: Logger;
  readonly onRun?: (run: EtlRun) => void;
}

export interface BegunCycle {
  readonly runId: string;
  /** Never rejects: what failed is told by the run's status. */
  readonly finished: Promise<EtlRun>;
}

export interface Materialiser {
  /** Begins one cycle under the lock. */
  begin(request?: CycleRequest): BegunCycle;
  /** the newest run of this process; undefined: none yet */
  newest(): EtlRun | undefined;
  /** A run of this process as it stands; undefined: it is none of the newest. */
  find(runId: string): EtlRun | undefined;
  /** Rolls back what is under way and begins nothing more. */
  stop(): Promise<void>;
}

/** As many new rows in one transaction: a longer one would keep the log from being folded into the file. */
const rowsInTransaction = 200_000;

/** runs that `find` knows */
const runsKept = 50;

/**
 * Cycles of the materialiser (warehouse.md). Each is a row of ops.etl_runs:
 *
 *   asked ── lock held elsewhere ──► skipped
 *     └── lock ours ──► running ── slice by slice, to where Bronze ended at its start ──► success
 *                          ├── an error, stopped, lock lost: what its slices committed stays whole ──► failed
 *                          └── killed ──► still `running`, marked failed by the next that holds the lock
 */
export function createMaterialiser(options: MaterialiserOptions): Materialiser {
  const { warehouse, now, log } = options;
  const runs = new Map<string, EtlRun>();
  let newest: EtlRun | undefined;
  let stopped = false;
  const underWay = new Set<Promise<unknown>>();

  async function tell(run: EtlRun): Promise<EtlRun> {
    newest = run;
    runs.set(run.runId, run);
    for (const oldest of runs.keys()) {
      if (runs.size <= runsKept) break;
      runs.delete(oldest);
    }
    options.onRun?.(run);
    try {
      await warehouse.recordRun(run);
    } catch (error) {
      log.warn(
        { run: run.runId, status: run.status, reason: messageOf(error) },
        'a run could not be written down',
      );
    }
    return run;
  }

  async function cycle(run: EtlRun, request: CycleRequest, signal: AbortSignal): Promise<EtlRun> {
    const cancel = (): void => warehouse.cancelMaterialise();
    signal.addEventListener('abort', cancel);
    let rowsInserted = 0;
    let { asOf } = run;
    try {
      await warehouse.failDeadRuns(now());
      await tell(run);
      let cycleEnd: number | undefined;
      for (let first = true; ; first = false) {
        // Between two slices there is nothing that could be cancelled.
        if (stopped || signal.aborted)
          throw new KadaError('KADA_CYCLE_CANCELLED', 'The cycle was stopped; the next goes on where it was');
        const slice = await warehouse.materialise({
          asOf: run.startedAt,
          definitions: options.definitions,
          silver: request.silver ?? options.enabled.silver,
          gold: request.gold ?? options.enabled.gold,
          full: first && request.full === true,
          recentDays: first ? (request.recentDays ?? options.recentDays) : 0,
          visibleSeq: options.visibleSeq(),
          maxRows: rowsInTransaction,
          ...(cycleEnd === undefined ? {} : { cycleEnd }),
        });
        rowsInserted += slice.rowsInserted;
        ({ cycleEnd } = slice);
        if (slice.more) continue;
        ({ asOf } = slice);
        break;
      }
      return await tell({ ...run, status: 'success', finishedAt: now(), asOf, rowsInserted });
    } catch (error) {
      const errorMessage = messageOf(error);
      if (!stopped) log.error({ run: run.runId, reason: errorMessage }, 'a cycle of Silver and Gold failed');
      return await tell({ ...run, status: 'failed', finishedAt: now(), asOf, rowsInserted, errorMessage });
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }

  async function run(begun: EtlRun, request: CycleRequest): Promise<EtlRun> {
    const { startedAt } = begun;
    if (stopped) return { ...begun, status: 'skipped', errorMessage: 'the process is stopping' };
    try {
      const locked = await warehouse.runExclusive(etlLock, (signal) => cycle(begun, request, signal));
      if (locked.ran) {
        const { status, rowsInserted, finishedAt } = locked.value;
        log.info(
          { run: begun.runId, status, rowsInserted, ms: (finishedAt ?? startedAt) - startedAt },
          'cycle',
        );
        return locked.value;
      }
      log.info({ run: begun.runId }, 'cycle skipped: another one runs');
      return await tell({
        ...begun,
        status: 'skipped',
        finishedAt: now(),
        errorMessage: 'another cycle runs',
      });
    } catch (error) {
      log.error({ run: begun.runId, reason: messageOf(error) }, 'a cycle of Silver and Gold failed');
      return await tell({ ...begun, status: 'failed', finishedAt: now(), errorMessage: messageOf(error) });
    }
  }

  return {
    begin(request = {}) {
      const startedAt = now();
      const begun: EtlRun = {
        runId: randomUUID(),
        runType: typeOf(request),
        startedAt,
        finishedAt: null,
        asOf: startedAt,
        status: 'running',
        rowsInserted: 0,
        errorMessage: null,
      };
      runs.set(begun.runId, begun);
      const finished = run(begun, request);
      underWay.add(finished);
      void finished.then(() => underWay.delete(finished));
      return { runId: begun.runId, finished };
    },
    newest: () => newest,
    find: (runId) => runs.get(runId),
    async stop() {
      stopped = true;
      warehouse.cancelMaterialise();
      await Promise.all(underWay);
    },
  };
}

function typeOf({ full, silver, gold }: CycleRequest): string {
  if (silver === false) return 'gold';
  if (gold === false) return 'silver';
  return full === true ? 'full' : 'incremental';
}
