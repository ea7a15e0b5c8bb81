/**
 * What the senders of a test were promised. The verdict (verdict.ts) holds Bronze against it.
 *
 * An event is sent any number of times; the best answer counts: one promise binds for ever. What was answered
 * with a refusal only must never be there; where an answer is missing it may be there, once.
 */
export type Fate = 'promised' | 'unknown' | 'refused';

export interface Ledger {
  /** The event of this id has a row in Bronze. */
  row(id: string, fate: Fate): void;
  /** A dead letter's payload holds this mark. */
  letter(mark: string, fate: Fate): void;
  /** A letter `event_id_conflict` about this id. */
  conflict(id: string, fate: Fate): void;
  /** Counts an answer by what it was: `202 stored`, `503 overloaded`, `ECONNRESET` … */
  answered(what: string): void;
  readonly rows: ReadonlyMap<string, Fate>;
  readonly letters: ReadonlyMap<string, Fate>;
  readonly conflicts: ReadonlyMap<string, Fate>;
  readonly answers: ReadonlyMap<string, number>;
  /** Sum of the answers that begin so. */
  count(prefix: string): number;
  promisedRows(): number;
}

const weight: Readonly<Record<Fate, number>> = { promised: 2, unknown: 1, refused: 0 };

const record = (fates: Map<string, Fate>, key: string, fate: Fate): void => {
  const before = fates.get(key);
  if (before === undefined || weight[fate] > weight[before]) fates.set(key, fate);
};

export function createLedger(): Ledger {
  const rows = new Map<string, Fate>();
  const letters = new Map<string, Fate>();
  const conflicts = new Map<string, Fate>();
  const answers = new Map<string, number>();
  return {
    rows,
    letters,
    conflicts,
    answers,
    row: (id, fate) => record(rows, id.toLowerCase(), fate),
    letter: (mark, fate) => record(letters, mark, fate),
    conflict: (id, fate) => record(conflicts, id.toLowerCase(), fate),
    answered: (what) => void answers.set(what, (answers.get(what) ?? 0) + 1),
    count(prefix) {
      let sum = 0;
      for (const [what, times] of answers) if (what.startsWith(prefix)) sum += times;
      return sum;
    },
    promisedRows: () => [...rows.values()].filter((fate) => fate === 'promised').length,
  };
}
