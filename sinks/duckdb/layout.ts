import type { ApiRequestRow, BusinessRow, DbQueryRow, ItemRow, WebRow } from '../../ingest/event.ts';
import { type BronzeColumn, bronzeColumns, itemColumns } from '../bronze-columns.ts';
import { letterColumns } from '../letter-columns.ts';
import { type TrackedEvent, trackedCode, trackedColumns } from '../tracked-columns.ts';
import type { Batch, LetterChange } from '../warehouse.ts';

/**
 * A batch as its tables take it, column by column: what is appended, and what is sent to the thread that appends.
 * A message of columns costs a quarter of one of rows, whose names would be written and read with each of them.
 */
export interface LaidOutBatch {
  readonly id: string;
  /** ms */
  readonly at: number;
  /** of all its claims, events' and dead letters' */
  readonly fingerprints: readonly string[];
  readonly lots: readonly Lot[];
  readonly seenAgain: Batch['seenAgain'];
  readonly letterChanges: readonly LetterChange[];
  /** of its events; 0: it has none */
  readonly highestSeq: number;
}

/** The rows of one batch that go to one table, in the order of that table's columns. */
export interface Lot {
  readonly table: TableName;
  readonly rows: number;
  readonly columns: readonly Cells[];
}
export type Cell = string | number | null;
/** A value for each row, or one that all rows have. */
export type Cells = readonly Cell[] | Cell;

/** What stands in a column, without where it comes from; `prefix`: the first 64 bits of a hash. */
export interface TableColumn {
  readonly name: string;
  readonly type: BronzeColumn<never>['type'] | 'prefix';
  readonly required: boolean;
}
interface Table {
  readonly schema: 'bronze' | 'ops';
  readonly columns: readonly TableColumn[];
}

const ingestSeq: TableColumn = { name: 'ingest_seq', type: 'bigint', required: true };
const webTableCode: TableColumn = { name: 'web_table', type: 'smallint', required: true };

/** Every table that a commit can touch, with all its columns. */
export const tables = {
  tracked_log: { schema: 'bronze', columns: [...trackedColumns, ingestSeq, webTableCode] },
  event_fingerprints: {
    schema: 'ops',
    columns: [
      { name: 'fingerprint', type: 'text', required: true },
      { name: 'prefix', type: 'prefix', required: true },
      { name: 'content_hash', type: 'text', required: false },
      { name: 'event_id', type: 'uuid', required: true },
      { name: 'first_seen_at', type: 'timestamp', required: true },
      { name: 'source', type: 'text', required: true },
      { name: 'batch_id', type: 'uuid', required: true },
    ],
  },
  business_events: { schema: 'bronze', columns: [...bronzeColumns.business_events, ingestSeq] },
  business_event_items: { schema: 'bronze', columns: itemColumns },
  scroll_events: { schema: 'bronze', columns: [...bronzeColumns.scroll_events, ingestSeq] },
  form_events: { schema: 'bronze', columns: [...bronzeColumns.form_events, ingestSeq] },
  search_events: { schema: 'bronze', columns: [...bronzeColumns.search_events, ingestSeq] },
  api_request_logs: { schema: 'bronze', columns: [...bronzeColumns.api_request_logs, ingestSeq] },
  db_query_perf: { schema: 'bronze', columns: [...bronzeColumns.db_query_perf, ingestSeq] },
  dead_letter_events: { schema: 'ops', columns: letterColumns(0) },
} as const satisfies Record<string, Table>;
export type TableName = keyof typeof tables;

/** One value where all rows have the same: most columns of a batch are NULL, or say where it came from. */
const shortest = (cells: readonly Cell[]): Cells => {
  const [first] = cells;
  if (first === undefined) return cells;
  // 0 and -0 are not the same column.
  for (const cell of cells) if (!Object.is(cell, first)) return cells;
  return first;
};

const cellsOf = <Row>(column: BronzeColumn<Row>, rows: readonly Row[]): Cells => {
  const of: (row: Row) => Cell = column.of;
  // Pushed one by one: an array that was made with its length is sent as if it had gaps, each value with its key.
  const cells: Cell[] = [];
  for (const row of rows) cells.push(of(row));
  return shortest(cells);
};

/** The rows of one table, and their ingest_seq beside them. */
interface Pile<Row> {
  readonly rows: Row[];
  readonly seqs: number[];
}
const pile = <Row>(): Pile<Row> => ({ rows: [], seqs: [] });

/** @returns nothing when there is no row */
const lotOf = <Row>(
  table: TableName,
  columns: readonly BronzeColumn<Row>[],
  rows: readonly Row[],
  ...beside: readonly Cells[]
): readonly Lot[] =>
  rows.length === 0
    ? []
    : [{ table, rows: rows.length, columns: [...columns.map((column) => cellsOf(column, rows)), ...beside] }];

/** Throws KADA_ROW_INVALID for a value that its column cannot hold (tracked-columns.ts). */
export function layOut(batch: Batch): LaidOutBatch {
  const fingerprints: string[] = [];
  const hashes: Cell[] = [];
  const ids: string[] = [];
  const sources: string[] = [];
  const tracked = pile<TrackedEvent>();
  const codes: number[] = [];
  const scrolls = pile<WebRow>();
  const forms = pile<WebRow>();
  const searches = pile<WebRow>();
  const business = pile<BusinessRow>();
  const items: ItemRow[] = [];
  const requests = pile<ApiRequestRow>();
  const queries = pile<DbQueryRow>();
  let highestSeq = 0;
  const put = <Row>(to: Pile<Row>, row: Row, seq: number): void => {
    to.rows.push(row);
    to.seqs.push(seq);
  };

  for (const { event, ingestSeq: seq } of batch.events) {
    fingerprints.push(event.fingerprint);
    hashes.push(event.contentHash);
    ids.push(event.row.event_id);
    sources.push(event.row.source);
    if (seq > highestSeq) highestSeq = seq;
    switch (event.table) {
      case 'business_events':
        put(business, event.row, seq);
        for (const item of event.items) items.push(item);
        break;
      case 'api_request_logs':
        put(requests, event.row, seq);
        break;
      case 'db_query_perf':
        put(queries, event.row, seq);
        break;
      case 'scroll_events':
        put(scrolls, event.row, seq);
        break;
      case 'form_events':
        put(forms, event.row, seq);
        break;
      case 'search_events':
        put(searches, event.row, seq);
        break;
      default:
        put(tracked, event, seq);
        codes.push(trackedCode[event.table]);
    }
  }
  for (const letter of batch.deadLetters) {
    fingerprints.push(letter.fingerprint);
    // A letter says nothing that could be compared: its fingerprint already holds its whole payload.
    hashes.push(null);
    ids.push(letter.id);
    sources.push(letter.source);
  }
  const claims: Lot = {
    table: 'event_fingerprints',
    rows: fingerprints.length,
    columns: [fingerprints, fingerprints, hashes, ids, batch.at, shortest(sources), batch.id],
  };
  const bronze = bronzeColumns;
  return {
    id: batch.id,
    at: batch.at,
    fingerprints,
    lots: [
      ...lotOf('tracked_log', trackedColumns, tracked.rows, tracked.seqs, shortest(codes)),
      ...(fingerprints.length === 0 ? [] : [claims]),
      ...lotOf('business_events', bronze.business_events, business.rows, business.seqs),
      ...lotOf('business_event_items', itemColumns, items),
      ...lotOf('scroll_events', bronze.scroll_events, scrolls.rows, scrolls.seqs),
      ...lotOf('form_events', bronze.form_events, forms.rows, forms.seqs),
      ...lotOf('search_events', bronze.search_events, searches.rows, searches.seqs),
      ...lotOf('api_request_logs', bronze.api_request_logs, requests.rows, requests.seqs),
      ...lotOf('db_query_perf', bronze.db_query_perf, queries.rows, queries.seqs),
      ...lotOf('dead_letter_events', letterColumns(batch.at), batch.deadLetters),
    ],
    seenAgain: batch.seenAgain,
    letterChanges: batch.letterChanges ?? [],
    highestSeq,
  };
}
