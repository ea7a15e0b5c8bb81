import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type sql from 'mssql';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createConnections } from '../sinks/mssql/connections.ts';
import { openMssqlWarehouse } from '../sinks/mssql/open.ts';
import { batchesOf } from '../sinks/mssql/statements.ts';
import type { Warehouse } from '../sinks/warehouse.ts';
import { at, batchOf, dbEvent, dbRow } from './support/bronze-rows.ts';
import { bytesOf, openDeliveredPath } from './support/delivered-path.ts';
import { amqpOrigin } from './support/ingesting.ts';
import { connectTo, dropDatabase, mssqlMissing, mssqlOptions, newDatabaseName } from './support/mssql.ts';
import { altersCollations, withoutIndexes } from './support/plain-server.ts';

/**
 * A database of the Python system, as test/fixtures/python-warehouse.sql builds one, becomes one of this program, in
 * place: run twice, killed in the middle at every kind of step, and begun by two processes at once.
 */
const script = readFileSync(new URL('fixtures/python-warehouse.sql', import.meta.url), 'utf8');
const childFile = fileURLToPath(new URL('support/upgrade-child.ts', import.meta.url));

interface Child {
  readonly process: ChildProcess;
  /** the next line that it writes; undefined: it has ended */
  line(): Promise<string | undefined>;
  readonly exited: Promise<number | null>;
}

const children = new Set<ChildProcess>();
function upgrade(database: string, stopAt?: number): Child {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', childFile, database, ...(stopAt === undefined ? [] : [String(stopAt)])],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  children.add(child);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    process: child,
    async line() {
      const next = await lines.next();
      return next.done === true ? undefined : next.value;
    },
    exited: new Promise((done) => child.once('exit', done)),
  };
}

interface Done {
  readonly applied: readonly string[];
  readonly version: number;
  /** statements that changed something */
  readonly changes: number;
}
const done = async (child: Child): Promise<Done> => {
  const line = await child.line();
  expect(await child.exited).toBe(0);
  return JSON.parse(line ?? 'null') as Done;
};

/** Rows that the fixture has. */
const oldRows = {
  page_view_events: 5,
  click_events: 4,
  cart_events: 3,
  checkout_events: 3,
  scroll_events: 3,
  search_events: 3,
  form_events: 3,
  business_events: 6,
  api_request_logs: 3,
  db_query_perf: 3,
} as const;

describe.skipIf(mssqlMissing !== undefined)(
  mssqlMissing === undefined ? 'upgrade in place' : `upgrade in place: skipped, ${mssqlMissing}`,
  { timeout: 600_000 },
  () => {
    const databases: string[] = [];

    async function oldDatabase(): Promise<string> {
      const database = newDatabaseName();
      const master = await connectTo('master');
      await master.request().batch(`CREATE DATABASE [${database}]`);
      await master.close();
      databases.push(database);
      const connections = createConnections({ ...mssqlOptions(database), requestTimeoutMs: 120_000 });
      await connections.open();
      await connections.run(async (session) => {
        const text = (await altersCollations(session)) ? script : withoutIndexes(script);
        for (const batch of batchesOf(text)) await session.batch(batch);
      });
      await connections.close();
      return database;
    }
    afterEach(() => {
      for (const child of children) child.kill('SIGKILL');
      children.clear();
    });
    afterAll(async () => {
      for (const database of databases) await dropDatabase(database);
    });

    const all = async (pool: sql.ConnectionPool, text: string): Promise<Record<string, unknown>[]> => [
      ...(await pool.request().query<Record<string, unknown>>(text)).recordset,
    ];

    /** Everything in the tables that go on, in a form that two upgrades can be compared by. */
    async function contents(database: string): Promise<Record<string, unknown>> {
      const pool = await connectTo(database);
      try {
        const found: Record<string, unknown> = {};
        const tables = [
          ...Object.keys(oldRows).map((name) => `bronze.${name}`),
          'bronze.order_events',
          'bronze.business_event_items',
          'ops.event_fingerprints',
          'ops.dead_letter_events',
        ];
        // The server numbers rows as it writes them, so two upgrades number alike only by chance.
        for (const table of tables)
          found[table] = (await all(pool, `SELECT * FROM ${table}`))
            .map(({ row_version: _version, ingest_seq: _seq, ...row }) =>
              JSON.stringify(Object.fromEntries(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)))),
            )
            .sort();
        found.tables = await all(
          pool,
          `SELECT s.name AS s, t.name AS t FROM sys.tables AS t INNER JOIN sys.schemas AS s ON s.schema_id = t.schema_id
           WHERE s.name IN ('bronze', 'ops', 'silver', 'gold', 'python_old') ORDER BY s.name, t.name`,
        );
        return found;
      } finally {
        await pool.close();
      }
    }

    describe('one that ran through', () => {
      let database = '';
      let first: Done;
      let pool: sql.ConnectionPool;
      let warehouse: Warehouse;
      beforeAll(async () => {
        database = await oldDatabase();
        first = await done(upgrade(database));
        pool = await connectTo(database);
        warehouse = await openMssqlWarehouse(mssqlOptions(database));
      }, 600_000);
      afterAll(async () => {
        await warehouse?.close();
        await pool?.close();
      });

      test('every migration is applied, and the second time there is nothing to do', async () => {
        expect(first.applied.length).toBe(first.version);
        const before = await contents(database);
        const again = await done(upgrade(database));
        expect(again).toMatchObject({ applied: [], version: first.version });
        expect(await contents(database)).toEqual(before);
      });

      test.each(Object.entries(oldRows))('bronze.%s keeps its %i rows, each whole', async (table, count) => {
        const rows = await all(pool, `SELECT * FROM bronze.${table}`);
        expect(rows).toHaveLength(count);
        for (const row of rows) {
          for (const name of [
            'event_timestamp',
            'received_at',
            'canonical_type',
            'source',
            'payload',
            'meta',
          ])
            expect(row[name], `${table}.${name}`).not.toBeNull();
          expect((row.event_timestamp as Date).getUTCFullYear()).toBe(2026);
          expect((row.received_at as Date).getUTCFullYear()).toBe(2026);
          expect(row.is_bot).toBe(0);
        }
      });

      test('the old logs keep [timestamp], and say the same in event_timestamp', async () => {
        for (const table of ['api_request_logs', 'db_query_perf'])
          for (const row of await all(
            pool,
            `SELECT [timestamp] AS old, event_timestamp FROM bronze.${table}`,
          ))
            expect(row.event_timestamp).toEqual(row.old);
        const [event] = [dbEvent(dbRow())];
        expect(await warehouse.commit(batchOf([event]))).toMatchObject({ kind: 'committed' });
        const [row] = await all(
          pool,
          `SELECT [timestamp] AS old FROM bronze.db_query_perf WHERE event_id = '${event.row.event_id}'`,
        );
        expect(row?.old).toEqual(new Date(at));
      });

      test('what the payload says stands in the typed columns', async () => {
        const views = await all(
          pool,
          'SELECT LOWER(CAST(event_id AS varchar(36))) AS id, page_path, product_id, user_id, load_time_ms, properties, is_seed FROM bronze.page_view_events ORDER BY event_timestamp',
        );
        const of = (id: string) => views.find((row) => String(row.id).endsWith(id));
        // The url had lost its letters, the body had kept them.
        expect(of('5c0000000002')).toMatchObject({ page_path: '/products/තේ-කොළ' });
        expect(of('5c0000000003')).toMatchObject({
          page_path: '/products/3f2504e0-4f89-41d3-9a0c-0305e82c3301',
          product_id: '3f2504e0-4f89-41d3-9a0c-0305e82c3301',
        });
        expect(of('5c0000000004')).toMatchObject({
          user_id: 'c9a646d3-9c61-4cb7-bfcd-ee2522c8f633',
          // it was sent as a property, and still is one
          load_time_ms: null,
          properties: expect.stringContaining('"load_time_ms":640'),
        });
        expect(of('5c0000000005')).toMatchObject({ is_seed: 1 });
        const orders = await all(
          pool,
          'SELECT canonical_type, order_id, amount, is_seed FROM bronze.business_events ORDER BY event_timestamp',
        );
        expect(orders.map(({ canonical_type }) => canonical_type).sort()).toEqual([
          'order_created',
          'order_paid',
          'order_paid',
          'order_paid',
          'order_paid',
          'review_created',
        ]);
        expect(
          orders.filter(({ order_id }) => order_id === '6f9619ff-8b86-4d01-b42d-00cf4fc964ff').length,
        ).toBeGreaterThanOrEqual(4);
      });

      test('times below a millisecond are cut', async () => {
        const [row] = await all(
          pool,
          "SELECT event_timestamp FROM bronze.page_view_events WHERE event_id = 'd0b6c1e2-0004-4F10-9a00-5c0000000004'",
        );
        expect(row?.event_timestamp).toEqual(new Date('2026-01-23T10:03:00.001Z'));
      });

      test('an event that the old consumer had processed is a duplicate when it comes again', async () => {
        const [old] = await all(
          pool,
          "SELECT payload FROM bronze.business_events WHERE event_id = '0d4f5f0e-2f6c-4a53-9a0f-5b1f0c7d9e11'",
        );
        const path = await openDeliveredPath(warehouse);
        const settled = await path.deliver({
          origin: amqpOrigin('order.created'),
          messages: [bytesOf(String(old?.payload))],
          receivedAt: Date.UTC(2026, 0, 24),
        });
        path.close();
        expect(settled).toMatchObject({ kind: 'durable', outcomes: [{ kind: 'duplicate' }] });
      });

      test('old silver and gold stand in python_old with their rows, order_events and dq_checks as they were', async () => {
        expect(await all(pool, 'SELECT COUNT(*) AS n FROM python_old.sessions')).toEqual([{ n: 2 }]);
        expect(await all(pool, 'SELECT COUNT(*) AS n FROM python_old.funnel_daily')).toEqual([{ n: 2 }]);
        expect(await all(pool, 'SELECT COUNT(*) AS n FROM bronze.order_events')).toEqual([{ n: 3 }]);
        expect(await all(pool, 'SELECT COUNT(*) AS n FROM ops.dq_checks')).toEqual([{ n: 0 }]);
        expect(await all(pool, 'SELECT COUNT(*) AS n FROM silver.sessions')).toEqual([{ n: 0 }]);
      });

      test('old dead letters can be listed, each with a claim of its own', async () => {
        const rows = await all(
          pool,
          'SELECT stage, status, attempts, seen, fingerprint FROM ops.dead_letter_events ORDER BY failed_at',
        );
        expect(rows.map(({ stage }) => stage)).toEqual(['decode', 'validate', 'write', 'write', 'write']);
        expect(new Set(rows.map(({ fingerprint }) => fingerprint)).size).toBe(5);
        for (const row of rows) expect(row).toMatchObject({ status: 'pending', attempts: 0, seen: 1 });
      });
    });

    test('killed in the middle of one kind of step after the other, it goes on where it was', async () => {
      const whole = await oldDatabase();
      const { changes } = await done(upgrade(whole));
      const wanted = await contents(whole);
      const database = await oldDatabase();
      // At the first change, within the tables, the rows, and the migrations; each from where the last one died.
      for (const part of [0, 0.2, 0.4, 0.6, 0.9]) {
        const child = upgrade(database, 1 + Math.floor(part * changes));
        const line = await child.line();
        if (line !== 'stopped') continue;
        child.process.kill('SIGKILL');
        await child.exited;
      }
      await done(upgrade(database));
      expect(await contents(database)).toEqual(wanted);
    });

    test('two at once: one upgrades, the other waits and has nothing to do', async () => {
      const database = await oldDatabase();
      const both = await Promise.all([upgrade(database), upgrade(database)].map(done));
      expect(both.map(({ applied }) => applied.length).sort()).toEqual([0, both[0]?.version]);
      const pool = await connectTo(database);
      for (const [table, count] of Object.entries(oldRows))
        expect(await all(pool, `SELECT COUNT(*) AS n FROM bronze.${table}`)).toEqual([{ n: count }]);
      await pool.close();
    });
  },
);
