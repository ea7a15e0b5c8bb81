import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Settlement } from '../ingest/delivery.ts';
import type { Judged } from '../ingest/normalise.ts';
import { bronzeColumns } from '../sinks/bronze-columns.ts';
import { openDuckDbWarehouse } from '../sinks/duckdb/open.ts';
import type { QueryResult, QueryValue, Warehouse } from '../sinks/warehouse.ts';
import { openDeliveredPath } from './support/delivered-path.ts';
import { receivedAt } from './support/ingesting.ts';
import { mixedDeliveries, spoiledQuery } from './support/mixed-deliveries.ts';
import { dropTestDatabase, mssqlMissing, openTestDatabase } from './support/mssql.ts';
import { createRandom } from './support/random.ts';

/**
 * The same deliveries through the pipeline into DuckDB and into SQL Server: every row, letter, count, outcome and type
 * is the same on both. What each makes by itself is left out: ingest_seq, the ids of batches and letters, and the words
 * in which a store refuses a row.
 */
const deliveries = mixedDeliveries(createRandom(20_261_124), 3_000);
const atOnce = 50;
const commitClock = receivedAt + 60_000;

/** A row that validation would never let through, so that the store has something to refuse. */
const spoil = (judged: Judged): Judged => {
  if (judged.kind !== 'event' || judged.event.table !== 'search_events') return judged;
  const { event } = judged;
  if (event.row.query !== spoiledQuery) return judged;
  return { ...judged, event: { ...event, row: { ...event.row, results_count: 0.5 } } };
};

interface Fed {
  readonly warehouse: Warehouse;
  /** of each delivery, in their order */
  readonly settlements: readonly Settlement[];
  readonly folded: readonly string[];
}

async function feed(warehouse: Warehouse): Promise<Fed> {
  const path = await openDeliveredPath(warehouse, {
    now: () => commitClock,
    cacheSize: 100,
    limits: { events: 60, bytes: 8 * 1_048_576 },
    spoil,
  });
  const settlements: Settlement[] = [];
  for (let from = 0; from < deliveries.length; from += atOnce)
    settlements.push(...(await Promise.all(deliveries.slice(from, from + atOnce).map(path.deliver))));
  path.close();
  return { warehouse, settlements, folded: path.folded().map(({ row }) => row.event_id) };
}

const bronze = [...Object.keys(bronzeColumns), 'business_event_items'];
const own: ReadonlySet<string> = new Set(['ingest_seq', 'row_version']);

/** The rows of a query as records, in an order of their own. */
async function records(
  warehouse: Warehouse,
  sql: string,
  leaveOut: ReadonlySet<string> = own,
): Promise<readonly string[]> {
  const { columns, rows } = await warehouse.query(sql, { maxRows: 100_000 });
  const kept = columns.flatMap((name, at) => (leaveOut.has(name) ? [] : [[name, at] as const]));
  return rows
    .map((row) => JSON.stringify(Object.fromEntries(kept.map(([name, at]) => [name, row[at] ?? null]))))
    .sort();
}

const one = async (warehouse: Warehouse, sql: string): Promise<QueryValue> =>
  (await warehouse.query(sql)).rows[0]?.[0] ?? null;

/** SQL Server's names of types in DuckDB's words. */
const wordOf: Readonly<Record<string, string>> = {
  uniqueidentifier: 'UUID',
  nvarchar: 'VARCHAR',
  varchar: 'VARCHAR',
  datetime2: 'TIMESTAMP',
  float: 'DOUBLE',
  int: 'INTEGER',
  smallint: 'SMALLINT',
  bigint: 'BIGINT',
};
const typesSql = (schema: string, table: string): string =>
  `SELECT column_name, data_type, numeric_precision, numeric_scale FROM information_schema.columns
   WHERE table_schema = '${schema}' AND table_name = '${table}' ORDER BY ordinal_position`;
const typesOf = ({ rows }: QueryResult): readonly (readonly [QueryValue, string])[] =>
  rows
    .filter(([name]) => !own.has(String(name)))
    .map(([name = '', type = '', precision = '', scale = '']) => {
      const text = String(type);
      const decimal = text.toLowerCase().startsWith('decimal') ? `DECIMAL(${precision},${scale})` : undefined;
      return [name, decimal ?? wordOf[text] ?? text] as const;
    });

/** What was told, without what is made anew each time: the ids of letters. */
const told = (settlement: Settlement): unknown =>
  settlement.kind !== 'durable'
    ? settlement
    : settlement.outcomes.map(({ kind, eventId, ...rest }) => [
        kind,
        eventId,
        'reason' in rest ? rest.reason : undefined,
      ]);

describe.skipIf(mssqlMissing !== undefined)(
  mssqlMissing === undefined ? 'both engines' : `both engines: skipped, ${mssqlMissing}`,
  () => {
    let folder = '';
    let duckdb: Fed;
    let mssql: Fed;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'kada-both-'));
      duckdb = await feed(await openDuckDbWarehouse({ dataDir: folder, log: pino({ level: 'silent' }) }));
      mssql = await feed(await openTestDatabase(folder));
    }, 1_200_000);
    afterAll(async () => {
      await duckdb?.warehouse.close();
      await mssql?.warehouse.close();
      await dropTestDatabase(folder);
      await rm(folder, { recursive: true, force: true });
    });

    test('every table of Bronze, every reason and every outcome is among what was fed', async () => {
      for (const table of bronze)
        expect(
          Number(await one(duckdb.warehouse, `SELECT COUNT(*) FROM bronze.${table}`)),
          table,
        ).toBeGreaterThan(20);
      const { rows } = await duckdb.warehouse.query('SELECT DISTINCT reason FROM ops.dead_letter_events');
      const reasons = new Set(rows.map(([reason]) => String(reason).split(':')[0]));
      expect([...reasons].sort()).toEqual([
        'db_insert_failed',
        'event_id_conflict',
        'invalid_event_shape',
        'invalid_json',
        'missing_event_type',
        'timestamp_out_of_range',
        'too_large',
        'unknown_event_type',
        'validation_error',
      ]);
      const kinds = duckdb.settlements.flatMap((settlement) =>
        settlement.kind === 'durable' ? settlement.outcomes.map(({ kind }) => kind) : [settlement.kind],
      );
      expect([...new Set(kinds)].sort()).toEqual(['dead-lettered', 'duplicate', 'stored']);
    });

    test('every sender was told the same', () => {
      expect(mssql.settlements.map(told)).toEqual(duckdb.settlements.map(told));
    });

    test.each(bronze)('bronze.%s has the same rows', async (table) => {
      const sql = `SELECT * FROM bronze.${table}`;
      expect(await records(mssql.warehouse, sql)).toEqual(await records(duckdb.warehouse, sql));
    });

    test('the view of tracked pages has the same rows', async () => {
      const sql = 'SELECT * FROM bronze.tracked_events';
      expect(await records(mssql.warehouse, sql)).toEqual(await records(duckdb.warehouse, sql));
    });

    test.each([...bronze.map((table) => ['bronze', table]), ['ops', 'dead_letter_events']])(
      '%s.%s has the same columns of the same types',
      async (schema, table) => {
        const sql = typesSql(schema!, table!);
        const types = typesOf(await mssql.warehouse.query(sql));
        expect(types.length).toBeGreaterThan(5);
        expect(types).toEqual(typesOf(await duckdb.warehouse.query(sql)));
      },
    );

    test('the dead letters are the same', async () => {
      const letters = (warehouse: Warehouse, where: string, without: readonly string[]) =>
        records(
          warehouse,
          `SELECT * FROM ops.dead_letter_events WHERE ${where}`,
          // the server's own mark, by which a follower finds what changed
          new Set(['row_version', ...without]),
        );
      const judged = "reason <> 'db_insert_failed'";
      const refused = "reason = 'db_insert_failed'";
      expect(await letters(mssql.warehouse, judged, ['event_id'])).toEqual(
        await letters(duckdb.warehouse, judged, ['event_id']),
      );
      expect(await letters(mssql.warehouse, refused, ['event_id', 'detail'])).toEqual(
        await letters(duckdb.warehouse, refused, ['event_id', 'detail']),
      );
    });

    test('the claims are the same', async () => {
      const sql = (letters: boolean): string =>
        `SELECT fingerprint, content_hash, ${letters ? '' : 'event_id, '}first_seen_at, source
         FROM ops.event_fingerprints
         WHERE fingerprint ${letters ? '' : 'NOT '}IN (SELECT fingerprint FROM ops.dead_letter_events)`;
      for (const letters of [true, false])
        expect(await records(mssql.warehouse, sql(letters))).toEqual(
          await records(duckdb.warehouse, sql(letters)),
        );
    });

    test.each(['duckdb', 'mssql'] as const)('%s: the fold got what Bronze has, once', async (engine) => {
      const { warehouse, folded } = engine === 'duckdb' ? duckdb : mssql;
      const ids: string[] = [];
      for (const table of Object.keys(bronzeColumns)) {
        const { rows } = await warehouse.query(`SELECT CAST(event_id AS VARCHAR(36)) FROM bronze.${table}`, {
          maxRows: 100_000,
        });
        ids.push(...rows.map(([id]) => String(id).toLowerCase()));
      }
      expect([...folded].sort()).toEqual(ids.sort());
    });

    test('what the live view is restored from is the same', async () => {
      const range = { from: 0, sliceMs: 60_000 };
      const sorted = <T>(rows: readonly T[]): readonly string[] =>
        rows.map((row) => JSON.stringify(row)).sort();
      const read = async (warehouse: Warehouse) => {
        const web: unknown[] = [];
        for await (const page of warehouse.readWebEvents(0))
          web.push(...page.map((event) => ({ ...event, ingest_seq: 0 })));
        const orders = await warehouse.ordersWithPurchaseSince(0);
        return {
          web: sorted(web),
          count: await warehouse.countWebEvents(0),
          orders: [...orders].sort(),
          events: sorted(
            (await warehouse.readOrderEvents(orders)).map((event) => ({ ...event, ingest_seq: 0 })),
          ),
          arrivals: sorted(await warehouse.countArrivals({ ...range, lateMs: 3_600_000 })),
          letters: sorted(await warehouse.countDeadLetters(range)),
          newest: sorted(await warehouse.newestBySource(0)),
        };
      };
      const fromDuckDb = await read(duckdb.warehouse);
      expect(fromDuckDb.web.length).toBeGreaterThan(500);
      expect(fromDuckDb.events.length).toBeGreaterThan(100);
      expect(await read(mssql.warehouse)).toEqual(fromDuckDb);
    });

    test('the queries of README answer the same', async () => {
      const readme = await readFile(resolve(import.meta.dirname, '../README.md'), 'utf8');
      const queries = [...readme.matchAll(/npm run sql -- "(select (?!…)[^"]+)"/g)].map(([, sql]) => sql!);
      expect(queries.length).toBeGreaterThanOrEqual(8);
      for (const sql of queries) {
        const answer = await duckdb.warehouse.query(sql);
        const other = await mssql.warehouse.query(sql);
        expect(other.columns, sql).toEqual(answer.columns);
        // Newest letters: all have the commit's time here, and the words of a refusal are each engine's own.
        if (sql.includes('detail')) expect(other.rows.length).toBe(answer.rows.length);
        else expect(other.rows.map(String).sort(), sql).toEqual(answer.rows.map(String).sort());
      }
    });
  },
);
