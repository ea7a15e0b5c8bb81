import { randomUUID } from 'node:crypto';
import type { Batch, CommitResult, StoredClaim } from '../warehouse.ts';
import { batchParameters } from './batch-rows.ts';
import { commitText, type TableShape } from './commit-text.ts';
import type { Connections } from './connections.ts';
import { failedCommit, isVerdict } from './failures.ts';
import { time, uuid } from './parameters.ts';
import type { Cell } from './session.ts';

/**
 * One batch in one transaction and one round trip (commit-protocol.md 4, 5 and 15).
 *
 *   sent ── answer ──────────────▶ committed, or failed and rolled back
 *     └──── no answer ──▶ in doubt ── fenced ──▶ it was stored, or it never will be
 *
 * Of a try without an answer nobody knows whether the server still works on it: a look-up that says "absent" would
 * be wrong a moment later. Each try writes its own id into ops.commit_fences within its transaction; `settleDoubts`
 * writes the same id, which waits for a try that is under way and stops one that has not begun.
 */
export interface Committing {
  commit(batch: Batch): Promise<CommitResult>;
  /** Resolves when no try is in doubt any more: before any look-up answers. */
  settleDoubts(): Promise<void>;
}

export const claimOf = ([fingerprint, hash, batch]: readonly Cell[]): StoredClaim => ({
  fingerprint: String(fingerprint),
  contentHash: hash === null || hash === undefined ? null : String(hash),
  batchId: batch === null || batch === undefined ? null : String(batch),
});

const fenceText = `
SET NOCOUNT ON;
IF NOT EXISTS (SELECT 1 FROM ops.commit_fences WHERE attempt = @attempt)
  INSERT INTO ops.commit_fences (attempt, fenced_at) VALUES (@attempt, @at);
DELETE FROM ops.commit_fences WHERE fenced_at < DATEADD(day, -1, @at);
`;

export function createCommitting(connections: Connections, shape: TableShape): Committing {
  const text = commitText(shape);
  const inDoubt = new Set<string>();
  let settling: Promise<void> | undefined;

  const write = async (batch: Batch, attempt: string): Promise<readonly StoredClaim[]> => {
    const parameters = batchParameters(batch, attempt);
    try {
      const { rows } = await connections.run((session) => session.rows(text, parameters));
      return rows.map(claimOf);
    } catch (error) {
      if (!isVerdict(error)) inDoubt.add(attempt);
      throw error;
    }
  };

  const fenceAll = async (): Promise<void> => {
    for (const attempt of inDoubt) {
      await connections.run((session) =>
        session.execute(fenceText, { attempt: uuid(attempt), at: time(Date.now()) }),
      );
      inDoubt.delete(attempt);
    }
  };

  return {
    async commit(batch) {
      try {
        return { kind: 'committed', lost: await write(batch, randomUUID()) };
      } catch (error) {
        return failedCommit(error);
      }
    },
    async settleDoubts() {
      // Two that fence the same try would meet on its key.
      while (inDoubt.size > 0) {
        settling ??= fenceAll().finally(() => {
          settling = undefined;
        });
        await settling;
      }
    },
  };
}
