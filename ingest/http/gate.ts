import type { UnavailableReason } from '../delivery.ts';

/** What the doors ask before they take a request in; the pipeline knows the answer. */
export interface IntakeGate {
  /** why nothing can be stored right now, or undefined: the door is open. Called per request: must be cheap. */
  refusal(): UnavailableReason | undefined;
}
