import { KadaError } from '../../ingest/errors.ts';
import { type Keeping, nothingPruned, type Pruned } from '../retention.ts';
import type { Connections } from './connections.ts';
import { longText, time } from './parameters.ts';
import type { Session } from './session.ts';

/** Rows of one delete, below the number from which the server locks whole tables. */
const rowsAtOnce = 2_000;

const oldLetters = 'd.failed_at < @before AND d.last_seen_at < @before';
/** Of events alone: a letter that stands keeps its claim, else the same one would come in twice. */
const oldClaims = `c.first_seen_at < @before
  AND NOT EXISTS (SELECT 1 FROM ops.dead_letter_events AS d WHERE d.fingerprint = c.fingerprint)`;

const pruneLettersText = `
SET NOCOUNT ON;
SET XACT_ABORT ON;
DECLARE @gone TABLE (
  event_id uniqueidentifier NOT NULL, fingerprint varchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL
);
DECLARE @letters int, @claims int;
BEGIN TRANSACTION;
DELETE TOP (${rowsAtOnce}) FROM d
OUTPUT deleted.event_id, deleted.fingerprint INTO @gone (event_id, fingerprint)
FROM ops.dead_letter_events AS d
WHERE ${oldLetters};
SET @letters = @@ROWCOUNT;
DELETE FROM c
FROM ops.event_fingerprints AS c
INNER JOIN @gone AS g ON g.fingerprint = c.fingerprint AND g.event_id = c.event_id;
SET @claims = @@ROWCOUNT;
COMMIT TRANSACTION;
SELECT @letters, @claims;
`;

const pruneClaimsText = `
SET NOCOUNT ON;
DELETE TOP (${rowsAtOnce}) FROM c
FROM ops.event_fingerprints AS c
WHERE ${oldClaims};
SELECT 0, @@ROWCOUNT;
`;

const discardText = `
SET NOCOUNT ON;
DECLARE @discarded TABLE (event_id uniqueidentifier NOT NULL);
UPDATE d
SET status = N'discarded', resolved_at = @at, resolution = @why
OUTPUT inserted.event_id INTO @discarded (event_id)
FROM ops.dead_letter_events AS d
INNER JOIN OPENJSON(@ids) WITH (id uniqueidentifier '$') AS i ON d.event_id = i.id
WHERE d.status = N'pending';
SELECT event_id FROM @discarded;
`;

const numbers = async (session: Session, text: string, before: number): Promise<readonly number[]> =>
  ((await session.rows(text, { before: time(before) })).rows[0] ?? []).map(Number);

const countOf = async (session: Session, from: string, before: number): Promise<number> =>
  (await numbers(session, `SELECT COUNT_BIG(*) ${from}`, before))[0] ?? 0;

export const createKeeping = (connections: Connections): Keeping => ({
  async discardLetters(ids, why, at) {
    if (ids.length === 0) return [];
    const { rows } = await connections.run((session) =>
      session.rows(discardText, { ids: longText(JSON.stringify(ids)), why: longText(why), at: time(at) }),
    );
    return rows.map(([id]) => String(id));
  },
  countPrunable: ({ lettersBefore, claimsBefore }) =>
    connections.run(async (session) => {
      const letters = `FROM ops.dead_letter_events AS d WHERE ${oldLetters}`;
      const letterClaims = `FROM ops.event_fingerprints AS c INNER JOIN ops.dead_letter_events AS d
        ON d.fingerprint = c.fingerprint AND d.event_id = c.event_id WHERE ${oldLetters}`;
      const claims = `FROM ops.event_fingerprints AS c WHERE ${oldClaims}`;
      return {
        letters: lettersBefore === undefined ? 0 : await countOf(session, letters, lettersBefore),
        letterClaims: lettersBefore === undefined ? 0 : await countOf(session, letterClaims, lettersBefore),
        claims: claimsBefore === undefined ? 0 : await countOf(session, claims, claimsBefore),
      };
    }),
  async prune({ lettersBefore, claimsBefore }) {
    let pruned: Pruned = nothingPruned;
    if (lettersBefore !== undefined) {
      for (let letters = rowsAtOnce; letters === rowsAtOnce; ) {
        const [gone = 0, claims = 0] = await connections.run((session) =>
          numbers(session, pruneLettersText, lettersBefore),
        );
        letters = gone;
        pruned = {
          ...pruned,
          letters: pruned.letters + gone,
          letterClaims: pruned.letterClaims + claims,
        };
      }
    }
    if (claimsBefore !== undefined) {
      for (let claims = rowsAtOnce; claims === rowsAtOnce; ) {
        [, claims = 0] = await connections.run((session) => numbers(session, pruneClaimsText, claimsBefore));
        pruned = { ...pruned, claims: pruned.claims + claims };
      }
    }
    return pruned;
  },
  backup: async () => {
    throw new KadaError(
      'KADA_BACKUP_SERVER',
      'the warehouse is a SQL Server database: BACKUP DATABASE, and its own tools, make copies of it',
    );
  },
});
