import type { BronzeTable, DeadLetter } from '../../../ingest/event.ts';
import { type BronzeColumn, bronzeColumns } from '../../bronze-columns.ts';
import { letterColumns } from '../../letter-columns.ts';
import type { TargetTable } from './align-table.ts';

/** The tables of the Python system that go on as tables of today (warehouse.md). */
type Column = BronzeColumn<never>;
const nothing = (): null => null;
const required = (column: Column): Column => ({ ...column, required: true });
const text = (name: string, length: number | undefined): Column => ({
  name,
  type: 'text',
  length,
  required: false,
  of: nothing,
});
const uuid = (name: string): Column => ({ name, type: 'uuid', required: false, of: nothing });
const number = (name: string, type: 'timestamp' | 'bigint'): Column => ({
  name,
  type,
  required: false,
  of: nothing,
});

const bronzeIndexes = (table: BronzeTable): TargetTable['indexes'] => {
  const named = (column: string, clustered = false) => ({
    name: `IX_bronze_${table}_${column}`,
    on: column,
    clustered,
  });
  const always = [named('row_version', true), named('event_timestamp')];
  if (table === 'business_events') return [...always, named('order_id'), named('review_id')];
  if (table === 'api_request_logs' || table === 'db_query_perf') return always;
  return [...always, named('session_id')];
};

export const bronzeTables = Object.keys(bronzeColumns) as readonly BronzeTable[];

const bronzeTarget = (table: BronzeTable): TargetTable => ({
  name: `bronze.${table}`,
  columns: bronzeColumns[table],
  numbered: true,
  keepsKey: false,
  indexes: bronzeIndexes(table),
});

const letters: readonly BronzeColumn<DeadLetter>[] = letterColumns(0);

export const targetTables: readonly TargetTable[] = [
  ...bronzeTables.map(bronzeTarget),
  {
    name: 'ops.event_fingerprints',
    columns: [
      required(text('fingerprint', 64)),
      text('content_hash', 64),
      uuid('event_id'),
      required(number('first_seen_at', 'timestamp')),
      text('source', 50),
      uuid('batch_id'),
    ],
    numbered: false,
    keepsKey: true,
    indexes: [],
  },
  { name: 'ops.dead_letter_events', columns: letters, numbered: false, keepsKey: true, indexes: [] },
  {
    name: 'ops.etl_runs',
    columns: [
      required(uuid('run_id')),
      text('run_type', 50),
      required(number('started_at', 'timestamp')),
      number('finished_at', 'timestamp'),
      number('as_of', 'timestamp'),
      text('status', 20),
      number('rows_inserted', 'bigint'),
      text('error_message', undefined),
    ],
    numbered: false,
    keepsKey: true,
    indexes: [],
  },
];
