import type { DuckDBConnection } from '@duckdb/node-api';
import type { CommittedPage, CommittedRange, StoredEvent } from '../warehouse.ts';
import { countDeadLetters } from './arrivals.ts';
import { readDoubles, readTexts } from './chunk-reader.ts';
import { eventSelects, eventTables, literal, storedEvents } from './readers.ts';

/** where `storedEvents` has ingest_seq, counted from 1 */
const seqColumn = 17;

/**
 * What was committed after a marker (commit-protocol.md 16). One commit is under way at a time and numbers go up with
 * them, so what stands in Bronze up to a number is all that ever will. Letters have no marker here: all slices are
 * told. One process owns the file and follows nobody; this is what the contract means on this engine.
 */
export async function readCommitted(
  connection: DuckDBConnection,
  { after, limit, letters }: CommittedRange,
  visible: number,
): Promise<CommittedPage> {
  const within = (upTo: number): string =>
    `WHERE ingest_seq > ${literal(after)} AND ingest_seq <= ${literal(upTo)}`;
  const selects = eventSelects.map((select) => `${select} ${within(visible)}`).join(' UNION ALL ');
  const result = await connection.run(`${selects} ORDER BY ${seqColumn} LIMIT ${literal(limit + 1)}`);
  const found = (await result.fetchAllChunks()).flatMap(storedEvents);
  const more = found.length > limit;
  const page = found.slice(0, limit);
  const upTo = more ? (page.at(-1)?.ingest_seq ?? after) : Math.max(after, visible);
  const { replays, botMeta } = await readMeta(connection, within(upTo));
  const isReplay = ({ ingest_seq }: StoredEvent): boolean => replays.has(ingest_seq);
  return {
    upTo,
    given: Math.max(after, visible),
    more,
    events: page.filter((event) => !isReplay(event)),
    replayed: page.filter(isReplay),
    botMeta,
    newLetters: [],
    letters: await countDeadLetters(connection, letters),
  };
}

/** Of rows, which ones a replay brought, and what the newest robot's says. */
async function readMeta(
  connection: DuckDBConnection,
  where: string,
): Promise<{ readonly replays: ReadonlySet<number>; readonly botMeta: string | null }> {
  const isReplay = `meta LIKE '%"replayed_at":%'`;
  const rows = eventTables
    .map((table) => `SELECT ingest_seq, is_bot, ${isReplay} AS replay, meta FROM bronze.${table} ${where}`)
    .join(' UNION ALL ');
  const result = await connection.run(
    `SELECT CAST(ingest_seq AS DOUBLE), CAST(replay AS DOUBLE), CASE WHEN is_bot = 1 THEN meta END
     FROM (${rows}) AS marked WHERE replay OR is_bot = 1 ORDER BY ingest_seq`,
  );
  const replays = new Set<number>();
  let botMeta: string | null = null;
  for (const chunk of await result.fetchAllChunks()) {
    const [seqs, isReplays, metas] = [readDoubles(chunk, 0), readDoubles(chunk, 1), readTexts(chunk, 2)];
    for (const [row, seq] of seqs.entries()) {
      if (isReplays[row] === 1) replays.add(seq ?? 0);
      botMeta = metas[row] ?? botMeta;
    }
  }
  return { replays, botMeta };
}
