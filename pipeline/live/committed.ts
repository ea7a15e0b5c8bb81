import type { DeadLetterReason, DeliveredBy } from '../../ingest/event.ts';
import type { StoredEvent } from '../../sinks/warehouse.ts';

/** One event whose outcome is known, as the live view hears of it. */
export interface SettledEvent {
  /** who delivered it; duplicates and dead letters count there, a stored event under the source of its row */
  readonly via: DeliveredBy;
  readonly outcome: 'stored' | 'duplicate' | 'dead-lettered' | 'rejected';
  /** always there when stored; where known otherwise */
  readonly event?: StoredEvent;
  readonly reason?: DeadLetterReason;
  /** canonical or raw type that a dead letter concerns */
  readonly concerns?: string;
  /** of a dead letter whose row this commit wrote: the row's received_at, ms */
  readonly letterReceivedAt?: number;
  /** a dead letter that is only shown: its row is counted with its minute */
  readonly isCounted?: true;
}

/** What one durable commit settled. */
export interface CommittedBatch {
  /** ms since 1970, after the commit */
  readonly at: number;
  /** from the start of the transaction until it was durable; undefined when nothing had to be written */
  readonly commitMs: number | undefined;
  readonly settled: readonly SettledEvent[];
  /** what the newest stored event of a robot calls itself; undefined: none among them, or it has no name */
  readonly newestBot?: string;
}
