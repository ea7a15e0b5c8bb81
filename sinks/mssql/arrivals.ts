import { bronzeColumns } from '../bronze-columns.ts';
import type { ArrivalCount, ArrivalRange, DeadLetterCount, SourceProgress } from '../warehouse.ts';
import { time, whole } from './parameters.ts';
import type { Cell, Session } from './session.ts';

const fromAll = (columns: string, where = ''): string =>
  Object.keys(bronzeColumns)
    .map((table) => `SELECT ${columns} FROM bronze.${table} ${where}`)
    .join(' UNION ALL ');

const msOf = (column: string): string => `DATEDIFF_BIG(millisecond, '1970-01-01', ${column})`;
/** Start of the slice of received_at, ms. */
export const slice = `${msOf('received_at')} / @slice * @slice`;
const since = 'WHERE received_at >= @since';

/** Stored events by the time of their arrival; see `Warehouse`. */
export async function countArrivals(
  session: Session,
  {
    from,
    sliceMs,
    lateMs,
    upTo = Number.MAX_SAFE_INTEGER,
  }: ArrivalRange & { readonly lateMs: number; readonly upTo?: number },
): Promise<readonly ArrivalCount[]> {
  const late = `${msOf('event_timestamp')} < ${msOf('received_at')} - @late`;
  const rows = fromAll(
    `${slice} AS slice, source, canonical_type, is_bot, is_seed, CASE WHEN ${late} THEN 1 ELSE 0 END AS late`,
    `${since} AND row_version <= CAST(@up_to AS binary(8))`,
  );
  const found = await session.rows(
    `SELECT slice, source, canonical_type, is_bot, is_seed, COUNT_BIG(*), SUM(CAST(late AS bigint))
     FROM (${rows}) AS arrivals GROUP BY slice, source, canonical_type, is_bot, is_seed`,
    { since: time(from), slice: whole(sliceMs), late: whole(lateMs), up_to: whole(upTo) },
  );
  return found.rows.map(([at, source, type, bot, seed, events, lates]) => ({
    at: Number(at),
    // Written by this program, from the same closed lists.
    source: String(source) as ArrivalCount['source'],
    canonical_type: String(type) as ArrivalCount['canonical_type'],
    is_bot: bot === 1 ? 1 : 0,
    is_seed: seed === 1 ? 1 : 0,
    events: Number(events),
    late: Number(lates),
  }));
}

/** What a letter concerns. A context that is no JSON, written by another program, must not keep this one from starting. */
export const concernOfLetter =
  "JSON_VALUE(CASE WHEN ISJSON(context) = 1 THEN context ELSE N'{}' END, '$.concerns')";

/** Counts the letters of slices, for `letterCountOf`; parameters `@slice` (ms) and those of `where`. */
export const letterCounts = (where: string): string => `
SELECT slice, source, reason, concerns, COUNT_BIG(*)
FROM (SELECT ${slice} AS slice, source, reason, ${concernOfLetter} AS concerns
      FROM ops.dead_letter_events ${where}) AS letters
GROUP BY slice, source, reason, concerns`;

export const letterCountOf = ([at, source, reason, type, letters]: readonly Cell[]): DeadLetterCount => ({
  at: Number(at),
  source: String(source) as DeadLetterCount['source'],
  reason: String(reason),
  concerns: type === null || type === undefined ? null : String(type),
  letters: Number(letters),
});

/** Dead letters by the time of their arrival; see `Warehouse`. */
export async function countDeadLetters(
  session: Session,
  { from, sliceMs }: ArrivalRange,
): Promise<readonly DeadLetterCount[]> {
  const { rows } = await session.rows(letterCounts(since), { since: time(from), slice: whole(sliceMs) });
  return rows.map(letterCountOf);
}

/** The newest event time of each source; see `Warehouse`. */
export async function newestBySource(session: Session, from: number): Promise<readonly SourceProgress[]> {
  const reached =
    'source, CASE WHEN event_timestamp < received_at THEN event_timestamp ELSE received_at END AS reached';
  const { rows } = await session.rows(
    `SELECT source, ${msOf('MAX(reached)')} FROM (${fromAll(reached, 'WHERE event_timestamp >= @since')}) AS events
     GROUP BY source`,
    { since: time(from) },
  );
  return rows.map(([source, newest]) => ({
    source: String(source) as SourceProgress['source'],
    newest: Number(newest),
  }));
}
