import type { AnalyticsEvent, DeadLetter, DeadLetterReason, DeliveredBy, Stage } from '../ingest/event.ts';
import type { EtlRun, SlicePlan, SliceResult } from './materialise/plan.ts';
import type { Keeping } from './retention.ts';

/** What one transaction writes: events with their claims, new dead letters, and repeats of old ones. */
export interface Batch {
  /** UUID, the same in all retries (commit-protocol.md 4); stored with each claim */
  readonly id: string;
  readonly events: readonly SequencedEvent[];
  readonly deadLetters: readonly DeadLetter[];
  /** fingerprints of dead letters that came again: `seen + n`, `last_seen_at` */
  readonly seenAgain: readonly { readonly fingerprint: string; readonly times: number }[];
  /** what replays made of dead letters that stand already */
  readonly letterChanges?: readonly LetterChange[];
  /** ms; failed_at, last_seen_at and first_seen_at of this batch */
  readonly at: number;
}

/**
 * A replayed letter (commit-protocol.md 6). `stored`: the event of this fingerprint is in the same batch, and both are
 * written or neither is; a letter that is not pending any more fails the batch with `letterResolvedCode`, as data.
 * The other two change a letter only while it is pending.
 */
export type LetterChange =
  | {
      readonly kind: 'stored';
      readonly letterId: string;
      readonly fingerprint: string;
      readonly resolution: string;
    }
  | { readonly kind: 'duplicate'; readonly letterId: string; readonly resolution: string }
  | {
      readonly kind: 'failed';
      readonly letterId: string;
      readonly stage: Stage;
      readonly reason: DeadLetterReason;
      /** JSON text */
      readonly detail: string;
    };

/** The code of a commit that would have stored the event of a letter which somebody else has resolved. */
export const letterResolvedCode = 'KADA_LETTER_RESOLVED';

export interface SequencedEvent {
  readonly event: AnalyticsEvent;
  /** the reader's marker (commit-protocol.md 16); kept in every retry of the batch */
  readonly ingestSeq: number;
}

/** A claim as it stands in ops.event_fingerprints. */
export interface StoredClaim {
  readonly fingerprint: string;
  /** null: a claim of the old system, counts as equal to any content */
  readonly contentHash: string | null;
  /** null: a claim of the old system */
  readonly batchId: string | null;
}

/**
 * Error classes of a failed commit (commit-protocol.md 5). Whatever the class, what became of the batch is
 * unknown until `lookUp` has answered.
 */
export type FailureClass = 'away' | 'broken' | 'data' | 'unknown';

export type CommitResult =
  | {
      readonly kind: 'committed';
      /** claims that others hold (SQL Server: another process won). Always empty on DuckDB. */
      readonly lost: readonly StoredClaim[];
    }
  | {
      readonly kind: 'failed';
      readonly failure: FailureClass;
      readonly code: string;
      readonly message: string;
    };

/** Facts that the live view is rebuilt from: the Bronze columns it needs, in time order within a page. */
export interface StoredEvent {
  readonly table: AnalyticsEvent['table'];
  readonly event_id: string;
  readonly event_timestamp: number;
  readonly received_at: number;
  readonly session_id: string | null;
  readonly user_id: string | null;
  readonly source: AnalyticsEvent['row']['source'];
  readonly canonical_type: AnalyticsEvent['row']['canonical_type'];
  readonly is_bot: 0 | 1;
  readonly is_seed: 0 | 1;
  readonly page_path: string | null;
  readonly product_id: string | null;
  readonly order_id: string | null;
  /** hundredths */
  readonly amount: number | null;
  readonly currency: string | null;
  readonly payment_method: string | null;
  readonly ingest_seq: number;
}

/** Stored events that came in one slice of time and are alike in what the live view tells apart. */
export interface ArrivalCount {
  /** ms; start of the slice of received_at */
  readonly at: number;
  readonly source: StoredEvent['source'];
  readonly canonical_type: StoredEvent['canonical_type'];
  readonly is_bot: 0 | 1;
  readonly is_seed: 0 | 1;
  readonly events: number;
  /** of them: older when they came than they may be */
  readonly late: number;
}

/** Dead letters that came in one slice of time; `seen` does not count. */
export interface DeadLetterCount {
  /** ms; start of the slice of received_at */
  readonly at: number;
  readonly source: DeliveredBy;
  readonly reason: string;
  /** the type that it concerns, of its context; null: not known, or a row of before this was kept */
  readonly concerns: string | null;
  readonly letters: number;
}

/**
 * Rows that became durable after a marker (commit-protocol.md 16), whoever committed them. Pages follow each other
 * without a gap: the next one begins at this one's `upTo`.
 */
export interface CommittedPage {
  /** every event with a higher ingest_seq than was asked for, up to this one, in any order; none is still to come */
  readonly upTo: number;
  /** the highest number that was handed out before the page was read: what had been committed is at or below it */
  readonly given: number;
  /** there is another page at once */
  readonly more: boolean;
  readonly events: readonly StoredEvent[];
  /** those that a replay brought; they are not among `events` */
  readonly replayed: readonly StoredEvent[];
  /** `meta` of the newest event of a robot; null: none among them */
  readonly botMeta: string | null;
  /** new dead letters, newest first, at most as many as the page shows */
  readonly newLetters: readonly NewLetter[];
  /**
   * Whole slices of letters, by `received_at`, of those slices of the range in which a letter came or changed. An
   * engine may tell slices in which nothing changed, too.
   */
  readonly letters: readonly DeadLetterCount[];
}

/** What a row of `ops.dead_letter_events` says of a letter that came. */
export interface NewLetter {
  readonly source: DeliveredBy;
  readonly reason: DeadLetterReason;
  readonly concerns: string | null;
}

export interface CommittedRange {
  /** the marker: a number that `visibleSeq` or a page told */
  readonly after: number;
  /** events of one page, of each table, about: equal numbers are never parted */
  readonly limit: number;
  /** the letters that count: received_at >= from, in slices */
  readonly letters: { readonly from: number; readonly sliceMs: number };
}

export interface ArrivalRange {
  /** ms; received_at >= from */
  readonly from: number;
  /** ms; slices begin at its multiples */
  readonly sliceMs: number;
}

/** How far a source has come. */
export interface SourceProgress {
  readonly source: StoredEvent['source'];
  /** ms; the newest event time, of each event no later than its received_at */
  readonly newest: number;
}

export type QueryValue = string | number | boolean | null;
export interface QueryResult {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly QueryValue[])[];
}

/** What an engine needs of the log: fields, then the text. A pino logger is one. */
export type EngineLog = Readonly<
  Record<'debug' | 'info' | 'warn' | 'error', (fields: object, text: string) => void>
>;

/** What became of work under a lock: not begun where somebody else holds it. */
export type Exclusive<T> = { readonly ran: true; readonly value: T } | { readonly ran: false };

/**
 * The one door to a warehouse engine. Every method may be called at any time after `open`; one that cannot
 * reach the store rejects with a `KadaError` whose class `classify` tells.
 */
export interface Warehouse extends Keeping {
  readonly engine: 'duckdb' | 'mssql';
  /** Applies what is missing; refuses a database newer than the code. */
  migrate(): Promise<{ readonly applied: readonly string[]; readonly version: number }>;

  /** "Surely new" without a look-up? Told before COMMIT (rule 2). Engines without a filter answer true. */
  surelyNew(fingerprint: string): boolean;
  /** Exact claims of those fingerprints that have one; on its own connection. */
  lookUp(fingerprints: readonly string[]): Promise<ReadonlyMap<string, StoredClaim>>;
  /** The newest claims, newest first, to warm the LRU. */
  newestClaims(limit: number): Promise<readonly StoredClaim[]>;
  /**
   * Writes the whole batch in one transaction, or nothing. Never rejects: failures are values. At most
   * `commitsAtOnce` calls under way, no two of them with the same claim.
   */
  commit(batch: Batch): Promise<CommitResult>;
  /** Commits that may be under way at once, each on a connection of its own. 1 where the engine numbers rows by the order of the calls. */
  readonly commitsAtOnce: number;
  /** A harmless row in a transaction of its own, to tell a bad row from a bad store (rule 5). */
  probe(): Promise<boolean>;

  /** Numbers go on above this: max(mark, Bronze). */
  readonly highestSeq: number;
  /** Rows with a number up to this are durable, and none of them is still to come (commit-protocol.md 16). */
  visibleSeq(): Promise<number>;
  /** What was committed after a marker, by any process; bounded, and from one moment. */
  readCommitted(range: CommittedRange): Promise<CommittedPage>;
  /** Web events with event_timestamp >= from, in pages; with `upTo` none of a higher ingest_seq. For rebuilds. */
  readWebEvents(from: number, upTo?: number): AsyncIterable<readonly StoredEvent[]>;
  /** Orders that have a purchase candidate (order_paid, order_created) with event_timestamp >= from. */
  ordersWithPurchaseSince(from: number): Promise<readonly string[]>;
  /** All business events, of any age, that name these orders. */
  readOrderEvents(orderIds: readonly string[]): Promise<readonly StoredEvent[]>;
  /** Rows in Bronze since `from`, for the rebuild's progress. */
  countWebEvents(from: number): Promise<number>;

  /** One transaction of the materialiser; the caller holds the lock of cycles (warehouse.md). */
  materialise(plan: SlicePlan): Promise<SliceResult>;
  /** Rolls back the one that is under way; it rejects. */
  cancelMaterialise(): void;
  /** Writes a row of ops.etl_runs, or writes it anew. */
  recordRun(run: EtlRun): Promise<void>;
  /** Marks runs that were left `running` as failed; the caller holds the lock. @returns how many */
  failDeadRuns(at: number): Promise<number>;
  /**
   * What came since `from`, for the live counters after a restart. In any order. An event is late when its
   * event_timestamp is more than `lateMs` before its received_at. With `upTo` none of a higher ingest_seq.
   */
  countArrivals(
    range: ArrivalRange & { readonly lateMs: number; readonly upTo?: number },
  ): Promise<readonly ArrivalCount[]>;
  countDeadLetters(range: ArrivalRange): Promise<readonly DeadLetterCount[]>;
  /** Of what happened since `from`, ms; sources without such a row are left out. */
  newestBySource(from: number): Promise<readonly SourceProgress[]>;

  /** One read-only statement (select, with, describe, show…); anything else is refused with KADA_SQL_READ_ONLY. */
  query(sql: string, options?: { readonly maxRows?: number }): Promise<QueryResult>;
  /**
   * Runs `work` while nobody else runs any under the same name, in this process or another; at once or not at all.
   * The signal tells `work` that the lock is lost (its connection is gone): it must stop, and the call then rejects
   * with KADA_LOCK_LOST. Released on every way out.
   */
  runExclusive<T>(name: string, work: (signal: AbortSignal) => Promise<T>): Promise<Exclusive<T>>;
  /** Is the store there now? For /readyz and db:check. */
  ping(): Promise<boolean>;
  /** bytes held outside the JavaScript heap by the filter, for metrics and the flood test */
  readonly filterBytes: number;
  close(): Promise<void>;
}
