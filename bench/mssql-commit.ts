import sql from 'mssql';
import type { AnalyticsEvent } from '../ingest/event.ts';
import { type BronzeColumn, bronzeColumns } from '../sinks/bronze-columns.ts';
import { openMssqlWarehouse } from '../sinks/mssql/open.ts';
import { pageView } from '../test/support/events.ts';
import { createTestDatabase, dropDatabase } from '../test/support/mssql-database.ts';
import { connectTo, mssqlMissing, mssqlOptions } from '../test/support/mssql-server.ts';
import { commitRate } from './commit.ts';
import { type Bench, sideBySide } from './table.ts';

const batchRows = 5_000;
const batchesARound = 4;
const warmUpBatches = 2;

export const mssqlCommit: Bench = {
  name: `mssql commit ${batchRows}`,
  missing: mssqlMissing,
  async run(options) {
    const database = await createTestDatabase();
    const warehouse = await openMssqlWarehouse({
      ...mssqlOptions(database),
      poolSize: 1,
      requestTimeoutMs: 300_000,
    });
    const raw = await openRaw(database);
    try {
      await commitRate(warehouse, batchRows, warmUpBatches);
      await raw.rate(warmUpBatches);
      const measured = await sideBySide(
        options,
        () => commitRate(warehouse, batchRows, batchesARound),
        () => raw.rate(batchesARound),
      );
      return {
        name: this.name,
        what: `claim and Bronze row of ${batchRows} page views in one transaction, one connection`,
        unit: 'rows/s',
        limitIs: 'a bulk insert of the same rows into a table like Bronze, without claims, one connection',
        ...measured,
      };
    } finally {
      await warehouse.close();
      await raw.close();
      await dropDatabase(database);
    }
  },
};

const pageViews = (): readonly AnalyticsEvent[] => Array.from({ length: batchRows }, () => pageView());

const typeOf = (column: BronzeColumn<never>): sql.ISqlType | (() => sql.ISqlType) => {
  switch (column.type) {
    case 'text':
    case 'id':
      return sql.NVarChar(column.length ?? sql.MAX);
    case 'uuid':
      return sql.UniqueIdentifier;
    case 'timestamp':
      return sql.DateTime2(3);
    case 'double':
      return sql.Float;
    case 'integer':
      return sql.Int;
    case 'smallint':
      return sql.SmallInt;
    default:
      throw new Error(`no page view has a column of type ${column.type}`);
  }
};

interface Raw {
  rate(batches: number): Promise<number>;
  close(): Promise<void>;
}

/** The limit: the driver's bulk insert into a table with the columns and indexes of bronze.page_view_events. */
async function openRaw(database: string): Promise<Raw> {
  const pool = await connectTo(database);
  const columns = bronzeColumns.page_view_events;
  await pool.request().batch('SELECT * INTO dbo.raw_page_views FROM bronze.page_view_events WHERE 1 = 0');
  await pool.request().batch('ALTER TABLE dbo.raw_page_views DROP COLUMN ingest_seq');
  for (const column of ['row_version', 'event_timestamp', 'session_id'])
    await pool.request().batch(`CREATE INDEX IX_raw_page_views_${column} ON dbo.raw_page_views (${column})`);

  async function rate(batches: number): Promise<number> {
    let ms = 0;
    for (let n = 0; n < batches; n += 1) {
      const table = new sql.Table('dbo.raw_page_views');
      for (const column of columns)
        table.columns.add(column.name, typeOf(column), { nullable: !column.required });
      const events = pageViews();
      const began = performance.now();
      for (const { row } of events)
        table.rows.add(
          ...columns.map((column) => {
            const value = column.of(row as never);
            return column.type === 'timestamp' && value !== null ? new Date(Number(value)) : value;
          }),
        );
      await pool.request().bulk(table);
      ms += performance.now() - began;
    }
    return (batches * batchRows) / (ms / 1_000);
  }
  return { rate, close: () => pool.close() };
}
