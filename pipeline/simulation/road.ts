import type { SimulatedEvent } from './event.ts';

/** What became of one sending of one event. */
export type Answer =
  /** durable: stored, a duplicate of what is stored, or the broker's */
  | { readonly kind: 'promised'; readonly as: 'stored' | 'duplicate' | 'published' }
  | { readonly kind: 'dead_lettered'; readonly reason: string }
  /** certainly not stored; to be sent again */
  | {
      readonly kind: 'refused';
      readonly why: string;
      readonly retryAfterMs: number;
      readonly everyone: boolean;
    }
  /** no answer, or one that promises nothing: it may be stored; to be sent again under the same id */
  | { readonly kind: 'unknown'; readonly why: string; readonly retryAfterMs: number }
  /** certainly not stored, and never will be */
  | { readonly kind: 'rejected'; readonly why: string };

/** A way into the pipeline. */
export interface Road {
  /** events that may go together at most */
  readonly batchAtMost: number;
  /** sendings that may be under way at once */
  readonly atOnce: number;
  /** One answer an event, in their order. @throws KadaError where sending again is of no use (a wrong key) */
  send(events: readonly SimulatedEvent[]): Promise<readonly Answer[]>;
  close(): Promise<void>;
}
