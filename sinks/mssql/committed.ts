import { webTables } from '../../ingest/event.ts';
import type { CommittedPage, CommittedRange, NewLetter, StoredEvent } from '../warehouse.ts';
import { concernOfLetter, letterCountOf, letterCounts, slice } from './arrivals.ts';
import { time, whole } from './parameters.ts';
import { logFields, orderFields, storedEventOf, webFields } from './readers.ts';
import type { Cell, Session } from './session.ts';

/**
 * What any process committed after a marker (commit-protocol.md 16), in one round trip.
 *
 * Numbers are handed out before their transaction commits, so a page ends below the lowest that is still in use. The
 * bound is read by a statement of its own, before those that read rows: under row versioning a statement sees what
 * was committed when it began, and a bound that is read within it may be younger than that.
 *
 * Every table is read up to the same number. Where one has more rows than a page, that is the number of its last row
 * within it, with all rows that share it: nothing is lost on a server that gives the rows of a transaction one number.
 */

const tables: readonly { readonly table: StoredEvent['table']; readonly fields: string }[] = [
  ...webTables.map((table) => ({ table, fields: webFields(table) })),
  { table: 'business_events', fields: orderFields },
  { table: 'api_request_logs', fields: logFields },
  { table: 'db_query_perf', fields: logFields },
];

/** new letters that one page tells singly */
const lettersShown = 50;

const inRange = 'e.row_version > @from AND e.row_version <= @end';

/** The cells of `storedEventOf`, between the number of its table and what a page tells beside them. */
const rowsOf = ({ table, fields }: (typeof tables)[number], index: number): string => `
  SELECT ${index}, ${fields},
    CASE WHEN e.meta COLLATE Latin1_General_100_BIN2 LIKE N'%"replayed[_]at":%' THEN 1 ELSE 0 END,
    CASE WHEN e.is_bot = 1 THEN e.meta END
  FROM bronze.${table} AS e WHERE ${inRange}`;

/** Numbers are handed out before their transaction commits: up to this one none is in use any more. */
export const visible = 'CAST(MIN_ACTIVE_ROWVERSION() AS bigint) - 1';

const pageText = `
SET NOCOUNT ON;
DECLARE @given bigint = CAST(@@DBTS AS bigint);
DECLARE @visible bigint = ${visible};
IF @visible < @after SET @visible = @after;
DECLARE @from binary(8) = CAST(@after AS binary(8));
DECLARE @end binary(8) = CAST(@visible AS binary(8));
IF @visible > @after
BEGIN
${tables
  .map(
    ({ table }) => `
  SELECT @end = e.row_version FROM bronze.${table} AS e WHERE ${inRange}
  ORDER BY e.row_version OFFSET @last ROWS FETCH NEXT 1 ROWS ONLY;`,
  )
  .join('')}
END;
SELECT CAST(@end AS bigint), @given, @visible;
IF @visible > @after
BEGIN
${tables.map(rowsOf).join('\n  UNION ALL')};
SELECT TOP (${lettersShown}) source, reason, ${concernOfLetter}
FROM ops.dead_letter_events AS e
WHERE ${inRange} AND seen = 1 AND attempts = 0 AND status = N'pending'
ORDER BY e.row_version DESC;
SELECT DISTINCT ${slice} FROM ops.dead_letter_events AS e WHERE ${inRange} AND received_at >= @letters_from;
END;
`;

export async function visibleSeq(session: Session): Promise<number> {
  const { rows } = await session.rows(`SELECT ${visible}`);
  return Number(rows[0]?.[0] ?? 0);
}

export async function readCommitted(
  session: Session,
  { after, limit, letters }: CommittedRange,
): Promise<CommittedPage> {
  const [bounds, rows = [], newLetters = [], slices = []] = await session.results(pageText, {
    after: whole(after),
    last: whole(limit - 1),
    letters_from: time(letters.from),
    slice: whole(letters.sliceMs),
  });
  const [end, given, visible] = (bounds?.[0] ?? []).map(Number);
  const upTo = end ?? after;
  return {
    upTo,
    given: given ?? after,
    more: upTo < (visible ?? after),
    ...eventsOf(rows),
    newLetters: newLetters.map(newLetterOf),
    letters: await lettersOf(
      session,
      slices.map(([at]) => Number(at)),
      letters.sliceMs,
    ),
  };
}

function eventsOf(
  rows: readonly (readonly Cell[])[],
): Pick<CommittedPage, 'events' | 'replayed' | 'botMeta'> {
  const events: StoredEvent[] = [];
  const replayed: StoredEvent[] = [];
  let newestBot: { readonly seq: number; readonly meta: string } | undefined;
  for (const [index, ...cells] of rows) {
    const [isReplay, meta] = cells.slice(-2);
    const event = storedEventOf(tables[Number(index)]?.table ?? 'page_view_events', cells);
    (isReplay === 1 ? replayed : events).push(event);
    if (typeof meta === 'string' && (newestBot === undefined || event.ingest_seq >= newestBot.seq))
      newestBot = { seq: event.ingest_seq, meta };
  }
  return { events, replayed, botMeta: newestBot?.meta ?? null };
}

const newLetterOf = ([source, reason, concerns]: readonly Cell[]): NewLetter => ({
  // Written by this program, from the same closed lists.
  source: String(source) as NewLetter['source'],
  reason: String(reason) as NewLetter['reason'],
  concerns: concerns === null || concerns === undefined ? null : String(concerns),
});

/** Slices counted in one statement, as one stretch: a letter seldom comes long after those that it came with. */
const longestStretch = 60;

/** Counts these slices whole. What commits meanwhile is counted with them, and once more when its own turn comes. */
async function lettersOf(
  session: Session,
  slices: readonly number[],
  sliceMs: number,
): Promise<CommittedPage['letters']> {
  const wanted = new Set(slices);
  const counts: CommittedPage['letters'][number][] = [];
  for (const { from, until } of stretchesOf(
    [...wanted].sort((a, b) => a - b),
    sliceMs,
  )) {
    const { rows } = await session.rows(
      letterCounts('WHERE received_at >= @since AND received_at < @until'),
      {
        since: time(from),
        until: time(until),
        slice: whole(sliceMs),
      },
    );
    for (const count of rows.map(letterCountOf)) if (wanted.has(count.at)) counts.push(count);
  }
  return counts;
}

/** Neighbours are counted together. */
function stretchesOf(
  slices: readonly number[],
  sliceMs: number,
): readonly { readonly from: number; readonly until: number }[] {
  const stretches: { from: number; until: number }[] = [];
  for (const at of slices) {
    const last = stretches.at(-1);
    if (last !== undefined && at - last.from < longestStretch * sliceMs) last.until = at + sliceMs;
    else stretches.push({ from: at, until: at + sliceMs });
  }
  return stretches;
}
