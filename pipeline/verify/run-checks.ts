import { type Check, uniqueKey } from './check.ts';

/** What must hold of the runs. */
export const runChecks: readonly Check[] = [
  uniqueKey('ops.etl_runs', ['run_id']),
  {
    name: 'one run is running at most',
    sql: `SELECT r.run_id, r.run_type, r.started_at FROM ops.etl_runs AS r
      WHERE r.status = 'running'
        AND (SELECT COUNT(*) FROM ops.etl_runs AS n WHERE n.status = 'running') > 1`,
  },
  {
    name: 'a run that ended says when, and one that failed says why',
    sql: `SELECT r.run_id, r.status, r.started_at, r.finished_at, r.error_message FROM ops.etl_runs AS r
      WHERE (r.status = 'running' AND r.finished_at IS NOT NULL)
        OR (r.status <> 'running' AND (r.finished_at IS NULL OR r.finished_at < r.started_at))
        OR (r.status IN ('failed', 'skipped') AND r.error_message IS NULL)`,
  },
  {
    name: 'there is one marker',
    sql: 'SELECT COUNT(*) AS markers FROM ops.etl_state AS s HAVING COUNT(*) > 1',
  },
];
