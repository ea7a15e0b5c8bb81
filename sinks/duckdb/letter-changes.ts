import { type DuckDBConnection, LIST, listValue, VARCHAR } from '@duckdb/node-api';
import { KadaError } from '../../ingest/errors.ts';
import { type LetterChange, letterResolvedCode } from '../warehouse.ts';
import type { LaidOutBatch } from './layout.ts';

type Of<Kind extends LetterChange['kind']> = Extract<LetterChange, { readonly kind: Kind }>;

async function resolve(
  connection: DuckDBConnection,
  changes: readonly (Of<'stored'> | Of<'duplicate'>)[],
  at: number,
): Promise<number> {
  if (changes.length === 0) return 0;
  const { rowsChanged } = await connection.run(
    `UPDATE ops.dead_letter_events AS letter
     SET status = 'replayed', attempts = letter.attempts + 1, resolved_at = epoch_ms(CAST($3 AS BIGINT)),
       resolution = change.resolution
     FROM (SELECT CAST(unnest($1) AS UUID) AS id, unnest($2) AS resolution) AS change
     WHERE letter.event_id = change.id AND letter.status = 'pending'`,
    [
      listValue(changes.map(({ letterId }) => letterId)),
      listValue(changes.map(({ resolution }) => resolution)),
      BigInt(at),
    ],
    [LIST(VARCHAR), LIST(VARCHAR)],
  );
  return rowsChanged;
}

async function failAgain(connection: DuckDBConnection, changes: readonly Of<'failed'>[]): Promise<void> {
  if (changes.length === 0) return;
  await connection.run(
    `UPDATE ops.dead_letter_events AS letter
     SET attempts = letter.attempts + 1, stage = change.stage, reason = change.reason, detail = change.detail
     FROM (SELECT CAST(unnest($1) AS UUID) AS id, unnest($2) AS stage, unnest($3) AS reason, unnest($4) AS detail)
       AS change
     WHERE letter.event_id = change.id AND letter.status = 'pending'`,
    [
      listValue(changes.map(({ letterId }) => letterId)),
      listValue(changes.map(({ stage }) => stage)),
      listValue(changes.map(({ reason }) => reason)),
      listValue(changes.map(({ detail }) => detail)),
    ],
    [LIST(VARCHAR), LIST(VARCHAR), LIST(VARCHAR), LIST(VARCHAR)],
  );
}

/**
 * Resolves and fails replayed letters within the batch's transaction. Throws `letterResolvedCode` when one whose
 * event the batch stores is not pending any more: then nothing of the batch may be stored.
 */
export async function changeLetters(
  connection: DuckDBConnection,
  { letterChanges, at }: LaidOutBatch,
): Promise<void> {
  const stored = letterChanges.filter((change) => change.kind === 'stored');
  // DuckDB counts an update for each match, also of one row.
  const letters = new Set(stored.map(({ letterId }) => letterId)).size;
  if (letters < stored.length || (await resolve(connection, stored, at)) < letters)
    throw new KadaError(letterResolvedCode, 'a replayed letter was resolved meanwhile');
  const duplicates = letterChanges.filter((change) => change.kind === 'duplicate');
  await resolve(connection, duplicates, at);
  await failAgain(
    connection,
    letterChanges.filter((change) => change.kind === 'failed'),
  );
}
