import type { DuckDBConnection } from '@duckdb/node-api';
import type { ArrivalCount, ArrivalRange, DeadLetterCount, SourceProgress } from '../warehouse.ts';
import { readDoubles, readTexts } from './chunk-reader.ts';
import { eventTables, literal } from './readers.ts';

const fromAll = (columns: string, where = ''): string =>
  eventTables.map((table) => `SELECT ${columns} FROM bronze.${table} ${where}`).join(' UNION ALL ');

/** Start of the slice of a time, ms; `/` cuts (connections.ts). */
const sliceOf = (column: string, sliceMs: number): string =>
  `CAST(epoch_ms(${column}) / ${literal(sliceMs)} * ${literal(sliceMs)} AS DOUBLE)`;

const since = (from: number): string => `WHERE received_at >= epoch_ms(${literal(from)})`;

/** Stored events by the time of their arrival; see `Warehouse`. */
export async function countArrivals(
  connection: DuckDBConnection,
  {
    from,
    sliceMs,
    lateMs,
    upTo = Number.MAX_SAFE_INTEGER,
  }: ArrivalRange & { readonly lateMs: number; readonly upTo?: number },
): Promise<readonly ArrivalCount[]> {
  const late = `epoch_ms(event_timestamp) < epoch_ms(received_at) - ${literal(lateMs)}`;
  const rows = fromAll(
    `${sliceOf('received_at', sliceMs)} AS slice, source, canonical_type, is_bot, is_seed,
     CASE WHEN ${late} THEN 1 ELSE 0 END AS late`,
    `${since(from)} AND ingest_seq <= ${literal(upTo)}`,
  );
  const result = await connection.run(
    `SELECT slice, source, canonical_type, CAST(is_bot AS DOUBLE), CAST(is_seed AS DOUBLE),
       CAST(COUNT(*) AS DOUBLE), CAST(SUM(late) AS DOUBLE)
     FROM (${rows}) AS arrivals GROUP BY slice, source, canonical_type, is_bot, is_seed`,
  );
  return (await result.fetchAllChunks()).flatMap((chunk) => {
    const [at, bots, seeds] = [readDoubles(chunk, 0), readDoubles(chunk, 3), readDoubles(chunk, 4)];
    const [sources, types] = [readTexts(chunk, 1), readTexts(chunk, 2)];
    const [events, lates] = [readDoubles(chunk, 5), readDoubles(chunk, 6)];
    return at.map((slice, row) => ({
      at: slice ?? 0,
      // Written by this program, from the same closed lists.
      source: sources[row] as ArrivalCount['source'],
      canonical_type: types[row] as ArrivalCount['canonical_type'],
      is_bot: bots[row] === 1 ? 1 : 0,
      is_seed: seeds[row] === 1 ? 1 : 0,
      events: events[row] ?? 0,
      late: lates[row] ?? 0,
    }));
  });
}

/** Dead letters by the time of their arrival; see `Warehouse`. */
export async function countDeadLetters(
  connection: DuckDBConnection,
  { from, sliceMs }: ArrivalRange,
): Promise<readonly DeadLetterCount[]> {
  // A context that is no JSON, written by another program, must not keep this one from starting.
  const concerns = "CASE WHEN json_valid(context) THEN json_extract_string(context, '$.concerns') END";
  const result = await connection.run(
    `SELECT slice, source, reason, concerns, CAST(COUNT(*) AS DOUBLE)
     FROM (SELECT ${sliceOf('received_at', sliceMs)} AS slice, source, reason, ${concerns} AS concerns
           FROM ops.dead_letter_events ${since(from)}) AS letters
     GROUP BY slice, source, reason, concerns`,
  );
  return (await result.fetchAllChunks()).flatMap((chunk) => {
    const [at, counts] = [readDoubles(chunk, 0), readDoubles(chunk, 4)];
    const [sources, reasons, types] = [readTexts(chunk, 1), readTexts(chunk, 2), readTexts(chunk, 3)];
    return at.map((slice, row) => ({
      at: slice ?? 0,
      source: sources[row] as DeadLetterCount['source'],
      reason: reasons[row] ?? '',
      concerns: types[row] ?? null,
      letters: counts[row] ?? 0,
    }));
  });
}

/** The newest event time of each source; see `Warehouse`. */
export async function newestBySource(
  connection: DuckDBConnection,
  from: number,
): Promise<readonly SourceProgress[]> {
  const rows = fromAll(
    `source, CASE WHEN event_timestamp < received_at THEN event_timestamp ELSE received_at END AS reached`,
    `WHERE event_timestamp >= epoch_ms(${literal(from)})`,
  );
  const result = await connection.run(
    `SELECT source, CAST(epoch_ms(MAX(reached)) AS DOUBLE) FROM (${rows}) AS events GROUP BY source`,
  );
  return (await result.fetchAllChunks()).flatMap((chunk) => {
    const [sources, newest] = [readTexts(chunk, 0), readDoubles(chunk, 1)];
    return sources.map((source, row) => ({
      source: source as SourceProgress['source'],
      newest: newest[row] ?? 0,
    }));
  });
}
