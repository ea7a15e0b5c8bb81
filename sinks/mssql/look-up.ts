import type { StoredClaim } from '../warehouse.ts';
import { claimOf } from './commit.ts';
import { longText, whole } from './parameters.ts';
import type { Session } from './session.ts';

const isFingerprint = (text: string): boolean => /^[0-9a-f]{64}$/.test(text);

/** The exact claims of those fingerprints that have one. */
export async function lookUpClaims(
  session: Session,
  fingerprints: readonly string[],
): Promise<ReadonlyMap<string, StoredClaim>> {
  const asked = fingerprints.filter(isFingerprint);
  if (asked.length === 0) return new Map();
  const { rows } = await session.rows(
    `SELECT DISTINCT f.fingerprint, f.content_hash, f.batch_id
     FROM OPENJSON(@asked) WITH (fingerprint varchar(64) '$') AS a
     INNER JOIN ops.event_fingerprints AS f ON f.fingerprint = a.fingerprint COLLATE Latin1_General_100_BIN2`,
    { asked: longText(JSON.stringify(asked)) },
  );
  return new Map(rows.map(claimOf).map((claim) => [claim.fingerprint, claim]));
}

/** The newest claims, newest first. */
export async function newestClaims(session: Session, limit: number): Promise<readonly StoredClaim[]> {
  const { rows } = await session.rows(
    `SELECT fingerprint, content_hash, batch_id FROM ops.event_fingerprints
     ORDER BY first_seen_at DESC, fingerprint OFFSET 0 ROWS FETCH NEXT @limit ROWS ONLY`,
    { limit: whole(Math.max(0, Math.floor(limit))) },
  );
  return rows.map(claimOf);
}
