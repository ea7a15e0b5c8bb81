import { sqlContains, sqlText } from './sql-text.ts';
import type { QueryResult, QueryValue } from './warehouse.ts';

/** Which dead letters are meant; all that is given must hold. Times are ms since 1970, by failed_at: from ≤ t < to. */
export interface LetterFilter {
  readonly ids?: readonly string[] | undefined;
  /** as a whole, or what stands before its colon: `validation_error` means all of them */
  readonly reason?: string | undefined;
  readonly source?: string | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** stands in the payload */
  readonly text?: string | undefined;
}

/** What is known of a pending letter without its payload. */
export interface LetterHead {
  readonly id: string;
  readonly reason: string;
  readonly source: string;
  readonly status: string;
  readonly resolution: string | null;
  readonly failedAt: string;
  /** characters */
  readonly size: number;
}

/** Where a page ended: the next one goes on behind it. */
export type LetterCursor = Pick<LetterHead, 'failedAt' | 'id'>;

export type LetterQuery = (sql: string, options: { readonly maxRows: number }) => Promise<QueryResult>;

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
const timeOf = (ms: number): string => quoted(new Date(ms).toISOString().slice(0, 23));
/** SQL Server orders a uuid by its last bytes: as text both engines order alike. */
const idText = 'LOWER(CAST(l.event_id AS VARCHAR(36)))';
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const idsIn = (ids: readonly string[]): string => {
  const known = ids.filter((id) => uuid.test(id));
  return known.length === 0 ? '1 = 0' : `l.event_id IN (${known.map(quoted).join(', ')})`;
};

const conditionsOf = (filter: LetterFilter): readonly string[] => {
  const { ids, reason, source, from, to, text } = filter;
  const conditions: string[] = [];
  if (ids !== undefined) conditions.push(idsIn(ids));
  if (reason !== undefined) {
    const before = `${reason}:`;
    conditions.push(
      `(l.reason = ${sqlText(reason)} OR LEFT(l.reason, ${before.length}) = ${sqlText(before)})`,
    );
  }
  if (source !== undefined) conditions.push(`l.source = ${sqlText(source)}`);
  if (from !== undefined) conditions.push(`l.failed_at >= ${timeOf(from)}`);
  if (to !== undefined) conditions.push(`l.failed_at < ${timeOf(to)}`);
  if (text !== undefined) conditions.push(sqlContains(['l.payload'], text));
  return conditions;
};

const textOf = (value: QueryValue | undefined): string =>
  value === null || value === undefined ? '' : String(value);

/** The records of a result, by column. */
export const recordsOf = ({ columns, rows }: QueryResult): readonly Readonly<Record<string, QueryValue>>[] =>
  rows.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index] ?? null])));

const headFields =
  'l.event_id, l.reason, l.source, l.status, l.resolution, l.failed_at, LEN(l.payload) AS size';

const headsOf = (result: QueryResult): readonly LetterHead[] =>
  recordsOf(result).map((row) => ({
    id: textOf(row.event_id),
    reason: textOf(row.reason),
    source: textOf(row.source),
    status: textOf(row.status),
    resolution: row.resolution === null || row.resolution === undefined ? null : String(row.resolution),
    failedAt: textOf(row.failed_at),
    size: Number(row.size ?? 0),
  }));

/** Pending letters, oldest first, at most `limit` behind the cursor. */
export async function pendingLetters(
  query: LetterQuery,
  filter: LetterFilter,
  after: LetterCursor | undefined,
  limit: number,
): Promise<readonly LetterHead[]> {
  const conditions = ["l.status = 'pending'", ...conditionsOf(filter)];
  if (after !== undefined) {
    const at = quoted(after.failedAt.slice(0, 23));
    conditions.push(`(l.failed_at > ${at} OR (l.failed_at = ${at} AND ${idText} > ${quoted(after.id)}))`);
  }
  return headsOf(
    await query(
      `SELECT ${headFields} FROM ops.dead_letter_events AS l WHERE ${conditions.join(' AND ')}
       ORDER BY l.failed_at, ${idText} OFFSET 0 ROWS FETCH NEXT ${limit} ROWS ONLY`,
      { maxRows: limit },
    ),
  );
}

export async function countPending(query: LetterQuery, filter: LetterFilter): Promise<number> {
  const conditions = ["l.status = 'pending'", ...conditionsOf(filter)];
  const { rows } = await query(
    `SELECT COUNT(*) FROM ops.dead_letter_events AS l WHERE ${conditions.join(' AND ')}`,
    { maxRows: 1 },
  );
  return Number(rows[0]?.[0] ?? 0);
}

/** Letters of any status. */
export const lettersById = async (
  query: LetterQuery,
  ids: readonly string[],
): Promise<readonly LetterHead[]> =>
  headsOf(
    await query(`SELECT ${headFields} FROM ops.dead_letter_events AS l WHERE ${idsIn(ids)}`, {
      maxRows: ids.length,
    }),
  );

/** Whole rows, by their columns' names. */
export const wholeLetters = async (
  query: LetterQuery,
  ids: readonly string[],
): Promise<readonly Readonly<Record<string, QueryValue>>[]> =>
  recordsOf(
    await query(
      `SELECT l.event_id, l.failed_at, l.received_at, l.source, l.stage, l.reason, l.detail, l.context, l.payload,
         l.attempts, l.seen, l.status, l.resolution
       FROM ops.dead_letter_events AS l WHERE ${idsIn(ids)}`,
      { maxRows: ids.length },
    ),
  );
