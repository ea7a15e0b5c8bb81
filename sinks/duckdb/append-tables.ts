import type { DuckDBAppender, DuckDBConnection } from '@duckdb/node-api';
import type {
  ApiRequestRow,
  BusinessRow,
  DbQueryRow,
  DeadLetter,
  ItemRow,
  WebRow,
} from '../../ingest/event.ts';
import { bronzeColumns, itemColumns } from '../bronze-columns.ts';
import { type TrackedEvent, trackedCode, trackedColumns } from '../tracked-columns.ts';
import type { Batch } from '../warehouse.ts';
import { type BesideColumn, type ChunkWriter, createChunkWriter, type WriterColumn } from './chunk-writer.ts';

/** A row of ops.event_fingerprints. */
interface Claim {
  readonly fingerprint: string;
  readonly contentHash: string | null;
  readonly eventId: string;
  readonly source: string;
}

const claimColumns = (batch: () => Batch): readonly WriterColumn<Claim>[] => [
  { name: 'fingerprint', type: 'text', length: 64, required: true, of: (claim) => claim.fingerprint },
  { name: 'prefix', type: 'prefix', of: (claim) => claim.fingerprint },
  { name: 'content_hash', type: 'text', length: 64, required: false, of: (claim) => claim.contentHash },
  { name: 'event_id', type: 'uuid', required: true, of: (claim) => claim.eventId },
  { name: 'first_seen_at', type: 'timestamp', required: true, of: () => batch().at },
  { name: 'source', type: 'text', length: 50, required: true, of: (claim) => claim.source },
  { name: 'batch_id', type: 'uuid', required: true, of: () => batch().id },
];

const letterText = (
  name: string,
  of: (letter: DeadLetter) => string | null,
  required = true,
): WriterColumn<DeadLetter> => ({ name, type: 'text', length: undefined, required, of });
const letterTime = (
  name: string,
  of: (letter: DeadLetter) => number | null,
  required = true,
): WriterColumn<DeadLetter> => ({ name, type: 'timestamp', required, of });

const letterColumns = (batch: () => Batch): readonly WriterColumn<DeadLetter>[] => [
  { name: 'event_id', type: 'uuid', required: true, of: (letter) => letter.id },
  letterTime('failed_at', () => batch().at),
  letterTime('received_at', (letter) => letter.receivedAt),
  letterText('source', (letter) => letter.source),
  letterText('stage', (letter) => letter.stage),
  letterText('reason', (letter) => letter.reason),
  letterText('detail', (letter) => letter.detail),
  letterText('context', (letter) => letter.context),
  letterText('payload', (letter) => letter.payload),
  letterText('fingerprint', (letter) => letter.fingerprint),
  { name: 'attempts', type: 'integer', required: true, of: () => 0 },
  { name: 'seen', type: 'integer', required: true, of: () => 1 },
  letterTime('last_seen_at', () => batch().at),
  letterText('status', () => 'pending'),
  letterTime('resolved_at', () => null, false),
  letterText('resolution', () => null, false),
];

const ingestSeq: BesideColumn = { name: 'ingest_seq', type: 'bigint' };
const webTableCode: BesideColumn = { name: 'web_table', type: 'smallint' };

/** The rows of one batch that go to one table, with what stands beside them. */
interface Lot<Row> {
  readonly rows: Row[];
  readonly seqs: number[];
  readonly codes: number[];
}
const emptyLot = <Row>(): Lot<Row> => ({ rows: [], seqs: [], codes: [] });

/** A table, its writer, and the appender that is kept from batch to batch on one connection. */
interface Target<Row> {
  readonly schema: 'bronze' | 'ops';
  readonly table: string;
  readonly writer: ChunkWriter<Row>;
  appender: DuckDBAppender | undefined;
}

export interface TableAppenders {
  /**
   * Appends all rows of the batch to the tables that they belong to and returns how to flush exactly those.
   * Nothing stands in a table before that. Throws KADA_ROW_INVALID, or what DuckDB says.
   */
  append(connection: DuckDBConnection, batch: Batch): Promise<() => void>;
  /** Forgets the appenders and what they still hold: after a failure, or when the connection is gone. */
  discard(): void;
}

/** Appenders for every table that a commit can touch; a batch touches only those that it has rows for. */
export function createTableAppenders(): TableAppenders {
  let current: Batch = { id: '', events: [], deadLetters: [], seenAgain: [], at: 0 };
  const batchOf = (): Batch => current;

  const target = <Row>(
    schema: 'bronze' | 'ops',
    table: string,
    columns: readonly WriterColumn<Row>[],
    beside: readonly BesideColumn[] = [],
  ): Target<Row> => ({ schema, table, writer: createChunkWriter(columns, beside), appender: undefined });

  const claims = target<Claim>('ops', 'event_fingerprints', claimColumns(batchOf));
  const letters = target<DeadLetter>('ops', 'dead_letter_events', letterColumns(batchOf));
  const tracked = target<TrackedEvent>('bronze', 'tracked_log', trackedColumns, [ingestSeq, webTableCode]);
  const scrolls = target<WebRow>('bronze', 'scroll_events', bronzeColumns.scroll_events, [ingestSeq]);
  const forms = target<WebRow>('bronze', 'form_events', bronzeColumns.form_events, [ingestSeq]);
  const searches = target<WebRow>('bronze', 'search_events', bronzeColumns.search_events, [ingestSeq]);
  const business = target<BusinessRow>('bronze', 'business_events', bronzeColumns.business_events, [
    ingestSeq,
  ]);
  const items = target<ItemRow>('bronze', 'business_event_items', itemColumns);
  const requests = target<ApiRequestRow>('bronze', 'api_request_logs', bronzeColumns.api_request_logs, [
    ingestSeq,
  ]);
  const queries = target<DbQueryRow>('bronze', 'db_query_perf', bronzeColumns.db_query_perf, [ingestSeq]);
  const all = [claims, letters, tracked, scrolls, forms, searches, business, items, requests, queries];

  return {
    async append(connection, batch) {
      current = batch;
      const touched: DuckDBAppender[] = [];
      const write = async <Row>(to: Target<Row>, lot: Lot<Row>): Promise<void> => {
        if (lot.rows.length === 0) return;
        to.appender ??= await connection.createAppender(to.table, to.schema);
        touched.push(to.appender);
        to.writer.append(to.appender, lot.rows, lot.seqs, lot.codes);
      };

      const claimLot = emptyLot<Claim>();
      const trackedLot = emptyLot<TrackedEvent>();
      const scrollLot = emptyLot<WebRow>();
      const formLot = emptyLot<WebRow>();
      const searchLot = emptyLot<WebRow>();
      const businessLot = emptyLot<BusinessRow>();
      const itemLot = emptyLot<ItemRow>();
      const requestLot = emptyLot<ApiRequestRow>();
      const queryLot = emptyLot<DbQueryRow>();
      const put = <Row>(lot: Lot<Row>, row: Row, seq: number): void => {
        lot.rows.push(row);
        lot.seqs.push(seq);
      };

      for (const { event, ingestSeq: seq } of batch.events) {
        claimLot.rows.push({
          fingerprint: event.fingerprint,
          contentHash: event.contentHash,
          eventId: event.row.event_id,
          source: event.row.source,
        });
        switch (event.table) {
          case 'business_events':
            put(businessLot, event.row, seq);
            for (const item of event.items) itemLot.rows.push(item);
            break;
          case 'api_request_logs':
            put(requestLot, event.row, seq);
            break;
          case 'db_query_perf':
            put(queryLot, event.row, seq);
            break;
          case 'scroll_events':
            put(scrollLot, event.row, seq);
            break;
          case 'form_events':
            put(formLot, event.row, seq);
            break;
          case 'search_events':
            put(searchLot, event.row, seq);
            break;
          default:
            put(trackedLot, event, seq);
            trackedLot.codes.push(trackedCode[event.table]);
        }
      }
      for (const letter of batch.deadLetters)
        claimLot.rows.push({
          fingerprint: letter.fingerprint,
          // A letter says nothing that could be compared: its fingerprint already holds its whole payload.
          contentHash: null,
          eventId: letter.id,
          source: letter.source,
        });

      await write(tracked, trackedLot);
      await write(claims, claimLot);
      await write(business, businessLot);
      await write(items, itemLot);
      await write(scrolls, scrollLot);
      await write(forms, formLot);
      await write(searches, searchLot);
      await write(requests, requestLot);
      await write(queries, queryLot);
      await write(letters, { ...emptyLot<DeadLetter>(), rows: [...batch.deadLetters] });
      return () => {
        for (const appender of touched) appender.flushSync();
      };
    },

    discard() {
      for (const one of all) {
        const { appender } = one;
        one.appender = undefined;
        if (appender === undefined) continue;
        // An appender that closes writes what it still holds, and after an error it fails once more while doing so.
        try {
          appender.clear();
        } catch {
          // Nothing was held.
        }
        try {
          appender.closeSync();
        } catch {
          // The error that brought us here, told a second time.
        }
      }
    },
  };
}
