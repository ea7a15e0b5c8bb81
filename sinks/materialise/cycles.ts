import { KadaError } from '../../ingest/errors.ts';
import type { EtlRun, SlicePlan, SliceResult, SqlSession } from './plan.ts';
import { failRuns, writeRun } from './runs.ts';
import { createRunSlice, type RunSlice } from './slice.ts';

/** The part of the Warehouse contract that the materialiser uses. */
export interface Cycles {
  materialise(plan: SlicePlan): Promise<SliceResult>;
  cancelMaterialise(): void;
  recordRun(run: EtlRun): Promise<void>;
  failDeadRuns(at: number): Promise<number>;
}

/** What an engine does for it. */
export interface CycleEngine {
  /** One transaction on the materialiser's own connection. */
  transaction<T>(use: (session: SqlSession) => Promise<T>): Promise<T>;
  /** Rejects while a slice of any process is under way, where the lock of cycles may be lost without its end. */
  alone?(session: SqlSession): Promise<void>;
  /** Ends the statement that runs now, where the engine can. */
  interrupt(): void;
  /** The marker that the plan may be taken up to, where the engine knows better than its caller. */
  visibleSeq?(session: SqlSession): Promise<number>;
  /** New rows that one transaction may take now; a COMMIT of more would keep those of events waiting. */
  rowsAtOnce?(): number;
}

export function createCycles(engine: CycleEngine): Cycles {
  let making: Promise<RunSlice> | undefined;
  let underWay: { cancelled: boolean } | undefined;

  async function materialise(plan: SlicePlan): Promise<SliceResult> {
    const slice = { cancelled: false };
    underWay = slice;
    try {
      making ??= createRunSlice();
      const runSlice = await making;
      return await engine.transaction(async (session) => {
        await engine.alone?.(session);
        const visible = (await engine.visibleSeq?.(session)) ?? plan.visibleSeq;
        const visibleSeq = Math.min(visible, plan.cycleEnd ?? visible);
        const maxRows = Math.min(plan.maxRows, engine.rowsAtOnce?.() ?? plan.maxRows);
        const result = await runSlice(stoppable(session, slice), { ...plan, visibleSeq, maxRows });
        goOn(slice);
        return result;
      });
    } finally {
      underWay = undefined;
    }
  }

  return {
    materialise,
    cancelMaterialise() {
      if (underWay === undefined) return;
      underWay.cancelled = true;
      engine.interrupt();
    },
    recordRun: (run) => engine.transaction((session) => writeRun(session, run)),
    failDeadRuns: (at) => engine.transaction((session) => failRuns(session, at)),
  };
}

function goOn(slice: { readonly cancelled: boolean }): void {
  if (slice.cancelled)
    throw new KadaError(
      'KADA_CYCLE_CANCELLED',
      'The cycle was stopped and rolled back: the next begins where it did',
    );
}

/** An interrupt only ends a statement that is running: before each it is asked for again. */
function stoppable(session: SqlSession, slice: { readonly cancelled: boolean }): SqlSession {
  return {
    execute: async (sql, parameters) => {
      goOn(slice);
      return session.execute(sql, parameters);
    },
    select: async (sql, parameters) => {
      goOn(slice);
      return session.select(sql, parameters);
    },
  };
}
