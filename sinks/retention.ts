/** What people do with what stands in ops by hand; never automatic (events.md 7, http.md `prune`). */
export interface Keeping {
  /**
   * Gives pending letters up: `discarded`, with the reason; the rows stay. In one transaction.
   * @param ids UUIDs
   * @param at ms
   * @returns those that were discarded now: others are resolved already, or not there
   */
  discardLetters(ids: readonly string[], why: string, at: number): Promise<readonly string[]>;
  /** Counts what a prune would remove. */
  countPrunable(limits: PruneLimits): Promise<Pruned>;
  /**
   * Removes dead letters, each with its claim, and claims of events. In several transactions: one that is
   * interrupted has removed less, and nothing by halves.
   */
  prune(limits: PruneLimits): Promise<Pruned>;
  /**
   * Writes a consistent copy of the embedded warehouse and its mark into a new folder of `DATA_DIR/backup`, while
   * commits go on. Rejects with KADA_BACKUP_SERVER where the warehouse is a server's.
   */
  backup(): Promise<BackupMade>;
}

export interface BackupMade {
  /** absolute; holds warehouse.duckdb and warehouse.mark, and nothing else */
  readonly folder: string;
  /** the highest ingest_seq of the copy */
  readonly seq: number;
}

/** ms since 1970; undefined: none of this kind */
export interface PruneLimits {
  /** letters that failed, and came last, before this */
  readonly lettersBefore: number | undefined;
  /** claims of events first seen before this */
  readonly claimsBefore: number | undefined;
}

export interface Pruned {
  readonly letters: number;
  readonly letterClaims: number;
  /** of events */
  readonly claims: number;
}

export const nothingPruned: Pruned = { letters: 0, letterClaims: 0, claims: 0 };
