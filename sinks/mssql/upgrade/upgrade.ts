import type { EngineLog } from '../../warehouse.ts';
import type { Dedicated } from '../connections.ts';
import type { Session } from '../session.ts';
import { alignTable, cutToMs } from './align-table.ts';
import { fillOldRows } from './fill-rows.ts';
import { bronzeTables, targetTables } from './tables.ts';

/**
 * A database of the Python system becomes one of this program, in place (warehouse.md). Each step looks at what is
 * there and does what is missing, in a transaction of its own: interrupted, it goes on at the next start; run twice, the
 * second does nothing. Migrations follow and make what is new.
 *
 *   tables aligned ──▶ rows filled ──▶ claims and dead letters ──▶ silver and gold moved to python_old
 */

const exists = async (session: Session, table: string): Promise<boolean> =>
  (await session.rows(`SELECT OBJECT_ID(N'${table}', N'U')`)).rows[0]?.[0] !== null;

/** Tables that this program never made, and the Python system always did. */
export const isPythonWarehouse = async (session: Session): Promise<boolean> =>
  (await exists(session, 'ops.processed_events')) && (await exists(session, 'bronze.page_view_events'));

/** The old logs call their time [timestamp]; theirs stays beside ours. */
const logTables = ['bronze.api_request_logs', 'bronze.db_query_perf'] as const;

async function fillLogTimes(session: Session, table: string): Promise<void> {
  const { rows } = await session.rows(`SELECT COL_LENGTH(N'${table}', N'timestamp')`);
  if (rows[0]?.[0] === null || rows[0]?.[0] === undefined) return;
  await session.execute(
    `UPDATE ${table} SET event_timestamp = ${cutToMs('timestamp')} WHERE event_timestamp IS NULL`,
  );
}

/** The claim of events.md 5 for every event that the old consumer had processed. */
const claimsText = `
INSERT INTO ops.event_fingerprints (fingerprint, content_hash, event_id, first_seen_at, source, batch_id)
SELECT c.fingerprint, NULL, c.event_id, c.first_seen_at, c.source, NULL
FROM (
  SELECT p.event_id, p.first_seen_at, p.source,
    LOWER(CONVERT(varchar(64), HASHBYTES('SHA2_256', CAST(CONCAT(
      CASE WHEN LEFT(p.routing_key, 3) = 'ui.' THEN 'ui' ELSE 'domain' END, '|',
      LOWER(CAST(p.event_id AS varchar(36)))) AS varchar(64))), 2)) AS fingerprint
  FROM ops.processed_events AS p
) AS c
WHERE NOT EXISTS (
  SELECT 1 FROM ops.event_fingerprints AS f WHERE f.fingerprint = c.fingerprint COLLATE Latin1_General_100_BIN2
)`;

/** Old letters get what every letter has; their own claim is made of their id, so that none is taken for another. */
const lettersText = `
UPDATE ops.dead_letter_events
SET received_at = failed_at, last_seen_at = failed_at, attempts = 0, seen = 1, status = N'pending',
  stage = CASE WHEN reason = N'invalid_json' THEN N'decode' WHEN LEFT(reason, 10) = N'validation' THEN N'validate'
    ELSE N'write' END,
  detail = N'{}', context = N'{}',
  fingerprint = LOWER(CONVERT(varchar(64), HASHBYTES('SHA2_256', CAST(CONCAT(
    'dead|python|', LOWER(CAST(event_id AS varchar(36)))) AS varchar(64))), 2))
WHERE fingerprint IS NULL`;

const oldTables = `
SELECT s.name, t.name FROM sys.tables AS t INNER JOIN sys.schemas AS s ON s.schema_id = t.schema_id
WHERE s.name IN (N'silver', N'gold') ORDER BY s.name, t.name`;

async function moveOldTables(session: Session): Promise<void> {
  await session.batch("IF SCHEMA_ID(N'python_old') IS NULL EXEC (N'CREATE SCHEMA python_old')");
  const { rows } = await session.rows(oldTables);
  for (const [schema, table] of rows)
    await session.batch(`ALTER SCHEMA python_old TRANSFER [${String(schema)}].[${String(table)}]`);
}

const itemsTable = `
IF OBJECT_ID(N'bronze.business_event_items', N'U') IS NULL
BEGIN
    CREATE TABLE bronze.business_event_items (
        event_id uniqueidentifier NOT NULL,
        line_number int NOT NULL,
        order_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
        product_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
        quantity int NULL,
        unit_price decimal(12,2) NULL,
        line_total decimal(12,2) NULL
    );
    CREATE CLUSTERED INDEX IX_bronze_business_event_items_event_id ON bronze.business_event_items (event_id, line_number);
END`;

export async function upgradePythonWarehouse({ transaction }: Dedicated, log: EngineLog): Promise<void> {
  log.info({}, 'a database of the Python system: upgrading it in place, nothing is removed');
  for (const target of targetTables) {
    await transaction(async (session) => {
      if (await exists(session, target.name)) await alignTable(session, target);
    });
  }
  await transaction((session) => session.batch(itemsTable));
  for (const table of logTables) await transaction((session) => fillLogTimes(session, table));
  for (const table of bronzeTables) {
    if (!(await transaction((session) => exists(session, `bronze.${table}`)))) continue;
    const rows = await fillOldRows(table, transaction);
    if (rows > 0) log.info({ table, rows }, 'old rows filled');
  }
  await transaction(async (session) => {
    await session.execute(claimsText);
    await session.execute(lettersText);
  });
  await transaction(moveOldTables);
}
