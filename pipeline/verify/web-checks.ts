import { webTables } from '../../ingest/event.ts';
import type { Check } from './check.ts';

/** Bronze as the last cycle saw it. Without one the answer is NULL and nothing counts. */
export const marker = '(SELECT MAX(s.loaded_seq) FROM ops.etl_state AS s)';

const everyWebEvent = webTables
  .map(
    (table) =>
      `SELECT e.event_id, e.event_timestamp, e.canonical_type, e.is_bot, e.is_seed, e.ingest_seq
       FROM bronze.${table} AS e WHERE e.ingest_seq <= ${marker}`,
  )
  .join(' UNION ALL ');

/** Each web event of Bronze up to the marker is in Silver once, and says the same there. */
export const webChecks: readonly Check[] = [
  {
    name: 'each web event of Bronze is in silver.web_events, and says the same there',
    sql: `SELECT
        COALESCE(b.ingest_seq, w.ingest_seq) AS ingest_seq, b.event_id AS bronze_event_id, w.event_id AS silver_event_id,
        b.canonical_type AS bronze_type, w.canonical_type AS silver_type,
        b.event_timestamp AS bronze_timestamp, w.event_timestamp AS silver_timestamp
      FROM (${everyWebEvent}) AS b
      FULL OUTER JOIN ops.web_facts AS w ON w.ingest_seq = b.ingest_seq
      WHERE b.ingest_seq IS NULL OR w.ingest_seq IS NULL OR b.event_id <> w.event_id
        OR b.canonical_type <> w.canonical_type OR b.event_timestamp <> w.event_timestamp
        OR b.is_bot <> w.is_bot OR b.is_seed <> w.is_seed`,
  },
  {
    // Not by event_id: a keyed caller and a public one may use the same id, each in a scope of its own (events.md 5).
    name: 'each web event is in silver.web_events once',
    sql: 'SELECT w.ingest_seq, COUNT(*) AS times FROM ops.web_facts AS w GROUP BY w.ingest_seq HAVING COUNT(*) > 1',
  },
];
