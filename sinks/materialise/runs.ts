import type { EtlRun, SqlSession } from './plan.ts';

/** Writes a run as it stands now, over what was written of it before. */
export async function writeRun(session: SqlSession, run: EtlRun): Promise<void> {
  const key = { run_id: { type: 'text', value: run.runId } } as const;
  await session.execute('DELETE FROM ops.etl_runs WHERE run_id = @run_id', key);
  await session.execute(
    `INSERT INTO ops.etl_runs (
       run_id, run_type, started_at, finished_at, as_of, status, rows_inserted, error_message
     ) VALUES (@run_id, @run_type, @started_at, @finished_at, @as_of, @status, @rows_inserted, @error_message)`,
    {
      ...key,
      run_type: { type: 'text', value: run.runType },
      started_at: { type: 'timestamp', value: run.startedAt },
      finished_at: { type: 'timestamp', value: run.finishedAt },
      as_of: { type: 'timestamp', value: run.asOf },
      status: { type: 'text', value: run.status },
      rows_inserted: { type: 'bigint', value: run.rowsInserted },
      error_message: { type: 'text', value: run.errorMessage },
    },
  );
}

/** Runs still `running` while the lock is ours were killed. @returns how many */
export const failRuns = (session: SqlSession, at: number): Promise<number> =>
  session.execute(
    `UPDATE ops.etl_runs SET status = 'failed', finished_at = @at_time, error_message = 'the process ended'
     WHERE status = 'running'`,
    { at_time: { type: 'timestamp', value: at } },
  );
