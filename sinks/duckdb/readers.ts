import { type DuckDBConnection, type DuckDBDataChunk, LIST, listValue, VARCHAR } from '@duckdb/node-api';
import { webTables } from '../../ingest/event.ts';
import { trackedWebTables } from '../tracked-columns.ts';
import type { StoredEvent } from '../warehouse.ts';
import { readDoubles, readTexts, readUuids } from './chunk-reader.ts';

/** Orders asked for in one statement. */
const ordersAtOnce = 5_000;

const otherWebTables = webTables.filter((table) => !trackedWebTables.some((tracked) => tracked === table));

/** Every table of events as it stands in the file: each event is in one of them. */
export const eventTables: readonly string[] = [
  'tracked_log',
  ...otherWebTables,
  'business_events',
  'api_request_logs',
  'db_query_perf',
];

/** A whole number that stands in a statement as it is. */
export const literal = (ms: number): string => String(Math.trunc(ms));

// What the live view needs of a row: numbers are DOUBLE and texts VARCHAR, as chunk-reader.ts reads them.
const commonFields = `event_id, CAST(epoch_ms(event_timestamp) AS DOUBLE),
  CAST(epoch_ms(received_at) AS DOUBLE), session_id, user_id, source, canonical_type,
  CAST(is_bot AS DOUBLE), CAST(is_seed AS DOUBLE)`;
const noMoney = 'CAST(NULL AS DOUBLE), CAST(NULL AS VARCHAR), CAST(NULL AS VARCHAR)';

const seqField = 'CAST(ingest_seq AS DOUBLE)';
const businessCode = -1;
const noIds = 'CAST(NULL AS VARCHAR), CAST(NULL AS VARCHAR)';

/** The fields that `storedEvents` reads, by the table that has them. */
const webSelects: readonly string[] = [
  `SELECT CAST(web_table AS DOUBLE), ${commonFields}, page_path, product_id, order_id, ${noMoney}, ${seqField}
   FROM bronze.tracked_events`,
  ...otherWebTables.map(
    (table, index) =>
      `SELECT CAST(${trackedWebTables.length + index} AS DOUBLE), ${commonFields}, page_path, ${noIds}, ${noMoney},
         ${seqField} FROM bronze.${table}`,
  ),
];
const businessSelect = `SELECT CAST(${businessCode} AS DOUBLE), ${commonFields}, CAST(NULL AS VARCHAR), product_id,
  order_id, CAST(CAST(amount * 100 AS BIGINT) AS DOUBLE), currency, payment_method, ${seqField}
  FROM bronze.business_events`;

const logTables = ['api_request_logs', 'db_query_perf'] as const;
const tablesByCode: readonly StoredEvent['table'][] = [...trackedWebTables, ...otherWebTables, ...logTables];
const logSelects = logTables.map(
  (table) =>
    `SELECT CAST(${tablesByCode.indexOf(table)} AS DOUBLE), ${commonFields}, CAST(NULL AS VARCHAR), ${noIds}, ${noMoney},
       ${seqField} FROM bronze.${table}`,
);

/** Selects of every event, each to be followed by a WHERE. */
export const eventSelects: readonly string[] = [...webSelects, businessSelect, ...logSelects];

const webEventsSince = (from: number, upTo: number): string =>
  webSelects
    .map(
      (select) =>
        `${select} WHERE event_timestamp >= epoch_ms(${literal(from)}) AND ingest_seq <= ${literal(upTo)}`,
    )
    .join(' UNION ALL ');

export function storedEvents(chunk: DuckDBDataChunk): StoredEvent[] {
  const numbers = (column: number) => readDoubles(chunk, column);
  const texts = (column: number) => readTexts(chunk, column);
  const [codes, ids, times, received] = [numbers(0), readUuids(chunk, 1), numbers(2), numbers(3)];
  const [sessions, users, sources, types] = [texts(4), texts(5), texts(6), texts(7)];
  const [bots, seeds, paths, products, orders] = [numbers(8), numbers(9), texts(10), texts(11), texts(12)];
  const [amounts, currencies, methods, seqs] = [numbers(13), texts(14), texts(15), numbers(16)];
  return ids.map((id, row) => {
    const code = codes[row] ?? 0;
    return {
      table: code === businessCode ? 'business_events' : (tablesByCode[code] ?? 'page_view_events'),
      event_id: id ?? '',
      event_timestamp: times[row] ?? 0,
      received_at: received[row] ?? 0,
      session_id: sessions[row] ?? null,
      user_id: users[row] ?? null,
      // Written by this program, from the same closed lists.
      source: sources[row] as StoredEvent['source'],
      canonical_type: types[row] as StoredEvent['canonical_type'],
      is_bot: bots[row] === 1 ? 1 : 0,
      is_seed: seeds[row] === 1 ? 1 : 0,
      page_path: paths[row] ?? null,
      product_id: products[row] ?? null,
      order_id: orders[row] ?? null,
      amount: amounts[row] ?? null,
      currency: currencies[row] ?? null,
      payment_method: methods[row] ?? null,
      ingest_seq: seqs[row] ?? 0,
    };
  });
}

const byTime = (a: StoredEvent, b: StoredEvent): number => a.event_timestamp - b.event_timestamp;

/**
 * Web events with event_timestamp >= from (ms), in pages of up to 2,048, each in time order.
 * @param upTo none of a higher ingest_seq
 */
export async function* readWebEvents(
  connection: DuckDBConnection,
  from: number,
  upTo: number = Number.MAX_SAFE_INTEGER,
): AsyncGenerator<readonly StoredEvent[]> {
  const result = await connection.stream(webEventsSince(from, upTo));
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return;
    yield storedEvents(chunk).sort(byTime);
  }
}

const single = async (connection: DuckDBConnection, sql: string): Promise<number> =>
  Number((await (await connection.run(sql)).getRows())[0]?.[0] ?? 0);

export const countWebEvents = (connection: DuckDBConnection, from: number): Promise<number> =>
  single(
    connection,
    `SELECT sum(n) FROM (${['tracked_log', ...otherWebTables]
      .map(
        (table) =>
          `SELECT count(*) AS n FROM bronze.${table} WHERE event_timestamp >= epoch_ms(${literal(from)})`,
      )
      .join(' UNION ALL ')})`,
  );

/** The highest ingest_seq that stands in Bronze; 0 for an empty one. */
export const highestStoredSeq = (connection: DuckDBConnection): Promise<number> =>
  single(
    connection,
    `SELECT coalesce(max(seq), 0) FROM (${eventTables
      .map((table) => `SELECT max(ingest_seq) AS seq FROM bronze.${table}`)
      .join(' UNION ALL ')})`,
  );

/** Orders with a purchase candidate at or after `from` (ms). */
export async function ordersWithPurchaseSince(
  connection: DuckDBConnection,
  from: number,
): Promise<readonly string[]> {
  const result = await connection.run(
    `SELECT DISTINCT order_id FROM bronze.business_events
     WHERE canonical_type IN ('order_paid', 'order_created') AND order_id IS NOT NULL
       AND event_timestamp >= epoch_ms(${literal(from)})`,
  );
  return (await result.getRows()).map(([order]) => String(order));
}

/** All business events that name one of these orders, in time order. */
export async function readOrderEvents(
  connection: DuckDBConnection,
  orderIds: readonly string[],
): Promise<readonly StoredEvent[]> {
  const asked = [...new Set(orderIds)];
  const events: StoredEvent[] = [];
  for (let from = 0; from < asked.length; from += ordersAtOnce) {
    const result = await connection.run(
      `${businessSelect} WHERE order_id IN (SELECT unnest($1))`,
      [listValue(asked.slice(from, from + ordersAtOnce))],
      [LIST(VARCHAR)],
    );
    for (const chunk of await result.fetchAllChunks()) events.push(...storedEvents(chunk));
  }
  return events.sort(byTime);
}
