import type { Message, Origin, Replayed } from '../delivery.ts';
import type { DeliveredBy } from '../event.ts';

/** One message that a command brings to the pipeline: a dead letter once more, or what a dead-letter queue held. */
export interface BroughtMessage {
  /** under which it is counted, and its letter claimed */
  readonly via: DeliveredBy;
  readonly origin: Origin;
  /** ms */
  readonly receivedAt: number;
  readonly message: Message;
  /** the letter that it is; undefined: it comes for the first time */
  readonly replayed: Replayed | undefined;
  /** in memory */
  readonly bytes: number;
}
