import { type DuckDBConnection, LIST, listValue, VARCHAR } from '@duckdb/node-api';
import { type Keeping, nothingPruned, type Pruned, type PruneLimits } from '../retention.ts';
import type { Connections } from './connections.ts';

/** Rows of one delete: commits wait for it, and no longer. */
const rowsAtOnce = 50_000;

const inTransaction = async <T>(connection: DuckDBConnection, work: () => Promise<T>): Promise<T> => {
  await connection.run('BEGIN TRANSACTION');
  try {
    const value = await work();
    await connection.run('COMMIT');
    return value;
  } catch (error) {
    await connection.run('ROLLBACK').catch(() => undefined);
    throw error;
  }
};

const whole = (ms: number): string => String(Math.trunc(ms));

const oldLetters = (before: number): string =>
  `FROM ops.dead_letter_events WHERE failed_at < epoch_ms(${whole(before)})
   AND last_seen_at < epoch_ms(${whole(before)})`;

/** Of events alone: a letter that stands keeps its claim, else the same one would come in twice. */
const oldClaims = (before: number): string =>
  `FROM ops.event_fingerprints AS claim WHERE first_seen_at < epoch_ms(${whole(before)})
   AND NOT EXISTS (SELECT 1 FROM ops.dead_letter_events AS letter WHERE letter.fingerprint = claim.fingerprint)`;

const count = async (connection: DuckDBConnection, from: string): Promise<number> =>
  Number((await (await connection.run(`SELECT count(*) ${from}`)).getRows())[0]?.[0] ?? 0);

const claimsOf = (letters: string): string =>
  `FROM ops.event_fingerprints WHERE (fingerprint, event_id) IN (SELECT (fingerprint, event_id) ${letters})`;

async function countPrunable(connection: DuckDBConnection, limits: PruneLimits): Promise<Pruned> {
  const { lettersBefore, claimsBefore } = limits;
  return {
    letters: lettersBefore === undefined ? 0 : await count(connection, oldLetters(lettersBefore)),
    letterClaims:
      lettersBefore === undefined ? 0 : await count(connection, claimsOf(oldLetters(lettersBefore))),
    claims: claimsBefore === undefined ? 0 : await count(connection, oldClaims(claimsBefore)),
  };
}

/** The oldest letters with their claims, in one transaction. */
const pruneLetters = (connection: DuckDBConnection, before: number): Promise<Pruned> =>
  inTransaction(connection, async () => {
    const some = `${oldLetters(before)} ORDER BY rowid LIMIT ${rowsAtOnce}`;
    const claims = await connection.run(`DELETE ${claimsOf(some)}`);
    const letters = await connection.run(
      `DELETE FROM ops.dead_letter_events WHERE rowid IN (SELECT rowid ${some})`,
    );
    return { ...nothingPruned, letters: letters.rowsChanged, letterClaims: claims.rowsChanged };
  });

const pruneClaims = async (connection: DuckDBConnection, before: number): Promise<Pruned> => {
  const { rowsChanged } = await connection.run(
    `DELETE FROM ops.event_fingerprints
     WHERE rowid IN (SELECT claim.rowid ${oldClaims(before)} LIMIT ${rowsAtOnce})`,
  );
  return { ...nothingPruned, claims: rowsChanged };
};

const discard = (connection: DuckDBConnection, ids: readonly string[], why: string, at: number) =>
  connection.run(
    `UPDATE ops.dead_letter_events
     SET status = 'discarded', resolved_at = epoch_ms(CAST($3 AS BIGINT)), resolution = $2
     WHERE status = 'pending' AND event_id IN (SELECT CAST(unnest($1) AS UUID))
     RETURNING CAST(event_id AS VARCHAR)`,
    [listValue([...ids]), why, BigInt(at)],
    [LIST(VARCHAR)],
  );

/** On the lane of the commits: two writers of one row would meet as a conflict, and this one would have to retry. */
export const createKeeping = (connections: Connections): Omit<Keeping, 'backup'> => ({
  async discardLetters(ids, why, at) {
    if (ids.length === 0) return [];
    return await connections.run('commit', async (connection) =>
      (await (await discard(connection, ids, why, at)).getRows()).map(([id]) => String(id)),
    );
  },
  countPrunable: (limits) => connections.run('query', (connection) => countPrunable(connection, limits)),
  async prune({ lettersBefore, claimsBefore }) {
    let pruned = nothingPruned;
    const repeat = async (
      before: number,
      step: (connection: DuckDBConnection, before: number) => Promise<Pruned>,
    ): Promise<void> => {
      for (;;) {
        const some = await connections.run('commit', (connection) => step(connection, before));
        pruned = {
          letters: pruned.letters + some.letters,
          letterClaims: pruned.letterClaims + some.letterClaims,
          claims: pruned.claims + some.claims,
        };
        if (some.letters + some.claims < rowsAtOnce) return;
      }
    };
    if (lettersBefore !== undefined) await repeat(lettersBefore, pruneLetters);
    if (claimsBefore !== undefined) await repeat(claimsBefore, pruneClaims);
    return pruned;
  },
});
