import { type BronzeTable, type ItemRow, webTables } from '../../ingest/event.ts';
import {
  type ApiRequest,
  type Bronze,
  type BusinessEvent,
  type DbQuery,
  type LetterRow,
  type WebEvent,
  webEventOf,
} from './recount-bronze.ts';
import { type Difference, differences, type PlainRow, queriedRows } from './recount-rows.ts';
import { shapeOf, type TableName, tableNames } from './recount-tables.ts';

/** Reads of a warehouse what the recount wants, and what it is compared with, in pages, on either engine. */

export interface Answer {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}
/** Answers one statement with its rows, perhaps not with the last of them: Warehouse.query, a control client. */
export type Ask = (sql: string) => Promise<Answer>;

const common =
  'event_id, event_timestamp, received_at, session_id, user_id, canonical_type, is_bot, is_seed, ingest_seq';
const ownColumns: Readonly<Record<BronzeTable, string>> = {
  page_view_events:
    'page_path, product_id, utm_source, utm_medium, utm_campaign, time_on_prev_page_seconds, load_time_ms',
  click_events: 'page_path, product_id, element_id',
  cart_events: 'page_path, product_id, element_id',
  checkout_events: 'page_path, order_id, element_id',
  scroll_events: 'page_path, scroll_depth_pct',
  form_events: 'page_path',
  search_events: 'page_path',
  business_events:
    'service, event_type, order_id, product_id, review_id, amount, currency, payment_method, status, rating, provider',
  api_request_logs: 'service, status_code, response_time_ms',
  db_query_perf: 'service',
};

const noOwn = {
  page_path: null,
  product_id: null,
  element_id: null,
  order_id: null,
  utm_source: null,
  utm_medium: null,
  utm_campaign: null,
  time_on_prev_page_seconds: null,
  load_time_ms: null,
  scroll_depth_pct: null,
};

/** What every page is walked by. */
interface Walked {
  readonly ingest_seq: number;
}

const times = ['event_timestamp', 'received_at', 'failed_at'];
const moneys = ['amount', 'unit_price', 'line_total'];

function readValue(column: string, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (times.includes(column)) {
    if (typeof value === 'number') return value;
    return value instanceof Date ? value.getTime() : Date.parse(String(value));
  }
  if (moneys.includes(column)) return Math.round(Number(value) * 100);
  return column === 'event_id' ? String(value).toLowerCase() : value;
}

/** The rows as objects; which columns they have is the query's word. */
const recordsOf = <T>({ columns, rows }: Answer): readonly T[] =>
  rows.map(
    (row) => Object.fromEntries(columns.map((column, index) => [column, readValue(column, row[index])])) as T,
  );

/** All rows of Bronze and the dead letters. Nothing may be committed meanwhile. */
export async function readBronze(ask: Ask, pageRows = 50_000): Promise<Bronze> {
  const web: WebEvent[] = [];
  for (const table of webTables) {
    for (const row of await rowsOf<Omit<WebEvent, 'table'>>(table)) {
      web.push(webEventOf(table, { ...noOwn, ...row }));
    }
  }
  const items: ItemRow[] = [];
  const business = await rowsOf<BusinessEvent>('business_events', async (after, last) => {
    const lines = await allOf<ItemRow>(
      `SELECT i.event_id, i.line_number, i.order_id, i.product_id, i.quantity, i.unit_price, i.line_total
       FROM bronze.business_event_items AS i
       JOIN bronze.business_events AS b ON b.event_id = i.event_id
       WHERE b.ingest_seq > ${after} AND b.ingest_seq <= ${last} ORDER BY b.ingest_seq, i.line_number`,
    );
    for (const line of lines) items.push(line);
  });
  return {
    web,
    business,
    items,
    requests: await rowsOf<ApiRequest>('api_request_logs'),
    queries: await rowsOf<DbQuery>('db_query_perf'),
    letters: await allOf<LetterRow>(
      'SELECT failed_at, source FROM ops.dead_letter_events ORDER BY fingerprint',
    ),
  };

  /** @param onPage told which numbers the page holds: above `after`, up to `last` */
  async function rowsOf<T>(
    table: BronzeTable,
    onPage?: (after: number, last: number) => Promise<void>,
  ): Promise<T[]> {
    const found: T[] = [];
    let after = 0;
    for (;;) {
      const rows = recordsOf<T & Walked>(
        await ask(
          `SELECT ${common}, ${ownColumns[table]} FROM bronze.${table} WHERE ingest_seq > ${after}
           ORDER BY ingest_seq OFFSET 0 ROWS FETCH NEXT ${pageRows} ROWS ONLY`,
        ),
      );
      const last = rows.at(-1)?.ingest_seq;
      if (last === undefined) return found;
      for (const row of rows) found.push(row);
      await onPage?.(after, last);
      after = last;
    }
  }

  /** @param select with its ORDER BY; an answer may be cut, so pages go on until one is empty */
  async function allOf<T>(select: string): Promise<readonly T[]> {
    const found: T[] = [];
    for (;;) {
      const page = await ask(`${select} OFFSET ${found.length} ROWS FETCH NEXT ${pageRows} ROWS ONLY`);
      if (page.rows.length === 0) return found;
      for (const row of recordsOf<T>(page)) found.push(row);
    }
  }
}

/** A Silver or Gold table in the form in which rows are compared. */
export async function readTable(ask: Ask, table: TableName, pageRows = 50_000): Promise<readonly PlainRow[]> {
  const { key, columns } = shapeOf(table);
  const rows: (readonly unknown[])[] = [];
  let named: readonly string[] = Object.keys(columns);
  for (;;) {
    const page = await ask(
      `SELECT ${Object.keys(columns).join(', ')} FROM ${table}
       ORDER BY ${key.join(', ')} OFFSET ${rows.length} ROWS FETCH NEXT ${pageRows} ROWS ONLY`,
    );
    named = page.columns.length === 0 ? named : page.columns;
    if (page.rows.length === 0) return queriedRows(table, named, rows);
    for (const row of page.rows) rows.push(row);
  }
}

/** Where Silver and Gold, as they stand, differ from the recount: by table, those that do not agree. */
export async function differencesFrom(
  recounted: Readonly<Record<TableName, readonly PlainRow[]>>,
  ask: Ask,
  tables: readonly TableName[] = tableNames,
): Promise<Partial<Record<TableName, readonly Difference[]>>> {
  const found: Partial<Record<TableName, readonly Difference[]>> = {};
  for (const table of tables) {
    const unlike = differences(table, recounted[table], await readTable(ask, table));
    if (unlike.length > 0) found[table] = unlike;
  }
  return found;
}
