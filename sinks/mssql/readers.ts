import { type WebTable, webTables } from '../../ingest/event.ts';
import { bronzeColumns } from '../bronze-columns.ts';
import type { StoredEvent } from '../warehouse.ts';
import { longText, time, uuid, whole } from './parameters.ts';
import type { Cell, Session } from './session.ts';

/** Rows of one page: each page is a statement of its own, so that no reader holds a connection or a version open. */
const pageRows = 5_000;
/** Orders asked for in one statement. */
const ordersAtOnce = 5_000;

const has = (table: WebTable, name: string): boolean =>
  bronzeColumns[table].some((column) => column.name === name);

// What the live view needs of a row; storedEventOf reads the cells in this order.
const common = `e.event_id, e.event_timestamp, e.received_at, e.session_id, e.user_id, e.source, e.canonical_type,
  e.is_bot, e.is_seed`;
const noMoney = 'CAST(NULL AS decimal(12,2)), CAST(NULL AS nvarchar(10)), CAST(NULL AS nvarchar(32))';
export const webFields = (table: WebTable): string => {
  const idOrNull = (name: string): string => (has(table, name) ? `e.${name}` : 'CAST(NULL AS nvarchar(64))');
  return `${common}, e.page_path, ${idOrNull('product_id')}, ${idOrNull('order_id')}, ${noMoney}, e.ingest_seq`;
};
export const orderFields = `${common}, CAST(NULL AS nvarchar(400)), e.product_id, e.order_id, e.amount, e.currency,
  e.payment_method, e.ingest_seq`;
/** of api_request_logs and db_query_perf */
export const logFields = `${common}, CAST(NULL AS nvarchar(400)), CAST(NULL AS nvarchar(64)),
  CAST(NULL AS nvarchar(64)), ${noMoney}, e.ingest_seq`;

const msOf = (cell: Cell | undefined): number => (cell instanceof Date ? Math.floor(cell.getTime()) : 0);
const textOf = (cell: Cell | undefined): string | null =>
  cell === null || cell === undefined ? null : String(cell);

export function storedEventOf(table: StoredEvent['table'], cells: readonly Cell[]): StoredEvent {
  const [id, at, received, session, user, source, type, bot, seed, path, product, order, ...rest] = cells;
  const [amount, currency, method, seq] = rest;
  return {
    table,
    event_id: String(id),
    event_timestamp: msOf(at),
    received_at: msOf(received),
    session_id: textOf(session),
    user_id: textOf(user),
    // Written by this program, from the same closed lists.
    source: String(source) as StoredEvent['source'],
    canonical_type: String(type) as StoredEvent['canonical_type'],
    is_bot: bot === 1 ? 1 : 0,
    is_seed: seed === 1 ? 1 : 0,
    page_path: textOf(path),
    product_id: textOf(product),
    order_id: textOf(order),
    // Up to twelve digits: the nearest double of them, times a hundred, is nearest to the whole number that is meant.
    amount: typeof amount === 'number' ? Math.round(amount * 100) : null,
    currency: textOf(currency),
    payment_method: textOf(method),
    ingest_seq: Number(seq),
  };
}

const byTime = (a: StoredEvent, b: StoredEvent): number => a.event_timestamp - b.event_timestamp;

/**
 * `run`: gives a session for one page. Web events with event_timestamp >= from (ms), each page in time order.
 * @param upTo none of a higher ingest_seq
 */
export async function* readWebEvents(
  run: <T>(use: (session: Session) => Promise<T>) => Promise<T>,
  from: number,
  upTo: number = Number.MAX_SAFE_INTEGER,
): AsyncGenerator<readonly StoredEvent[]> {
  for (const table of webTables) {
    const first = `SELECT ${webFields(table)} FROM bronze.${table} AS e
      WHERE e.event_timestamp >= @from AND e.row_version <= CAST(@up_to AS binary(8))`;
    const next = `${first} AND (e.event_timestamp > @from
      OR e.event_id > @after OR (e.event_id = @after AND e.ingest_seq > @seq))`;
    const page = (text: string): string =>
      `${text} ORDER BY e.event_timestamp, e.event_id, e.ingest_seq OFFSET 0 ROWS FETCH NEXT ${pageRows} ROWS ONLY`;
    let last: StoredEvent | undefined;
    do {
      const after = last;
      const { rows } = await run((session) =>
        after === undefined
          ? session.rows(page(first), { from: time(from), up_to: whole(upTo) })
          : session.rows(page(next), {
              from: time(after.event_timestamp),
              after: uuid(after.event_id),
              seq: whole(after.ingest_seq),
              up_to: whole(upTo),
            }),
      );
      const events = rows.map((cells) => storedEventOf(table, cells));
      if (events.length > 0) yield events;
      last = events.length < pageRows ? undefined : events.at(-1);
    } while (last !== undefined);
  }
}

const single = async (session: Session, text: string, from: number): Promise<number> =>
  Number((await session.rows(text, { from: time(from) })).rows[0]?.[0] ?? 0);

const unionOf = (tables: readonly string[], select: (table: string) => string): string =>
  tables.map(select).join(' UNION ALL ');

export const countWebEvents = (session: Session, from: number): Promise<number> =>
  single(
    session,
    `SELECT SUM(t.n) FROM (${unionOf(
      webTables,
      (table) => `SELECT COUNT_BIG(*) AS n FROM bronze.${table} WHERE event_timestamp >= @from`,
    )}) AS t`,
    from,
  );

/** The highest ingest_seq that stands in Bronze; 0 for an empty one. */
export async function highestStoredSeq(session: Session): Promise<number> {
  const { rows } = await session.rows(
    `SELECT MAX(t.seq) FROM (${unionOf(
      Object.keys(bronzeColumns),
      (table) => `SELECT CAST(MAX(row_version) AS bigint) AS seq FROM bronze.${table}`,
    )}) AS t`,
  );
  return Number(rows[0]?.[0] ?? 0);
}

/** Orders with a purchase candidate at or after `from` (ms). */
export async function ordersWithPurchaseSince(session: Session, from: number): Promise<readonly string[]> {
  const { rows } = await session.rows(
    `SELECT DISTINCT order_id FROM bronze.business_events
     WHERE canonical_type IN (N'order_paid', N'order_created') AND order_id IS NOT NULL
       AND event_timestamp >= @from`,
    { from: time(from) },
  );
  return rows.map(([order]) => String(order));
}

/** All business events that name one of these orders, in time order. */
export async function readOrderEvents(
  session: Session,
  orderIds: readonly string[],
): Promise<readonly StoredEvent[]> {
  // A longer one stands in no row, and OPENJSON would cut it to one that does.
  const asked = [...new Set(orderIds)].filter((id) => id.length <= 64);
  const events: StoredEvent[] = [];
  for (let from = 0; from < asked.length; from += ordersAtOnce) {
    const { rows } = await session.rows(
      `SELECT ${orderFields}
       FROM OPENJSON(@orders) WITH (order_id nvarchar(64) '$') AS o
       INNER JOIN bronze.business_events AS e ON e.order_id = o.order_id COLLATE Latin1_General_100_BIN2`,
      { orders: longText(JSON.stringify(asked.slice(from, from + ordersAtOnce))) },
    );
    for (const cells of rows) events.push(storedEventOf('business_events', cells));
  }
  return events.sort(byTime);
}
