import type { Outcome } from '../delivery.ts';
import type { DeadLetterReason } from '../event.ts';
import { errorBody } from './answer.ts';

const ISSUES_OF_ONE = 20;

/** The status by which a single event's sender learns of its dead letter, or of its rejection (http.md). */
export function statusOf(reason: DeadLetterReason): 400 | 409 | 413 | 422 {
  switch (reason) {
    case 'invalid_json':
      return 400;
    case 'event_id_conflict':
      return 409;
    case 'too_large':
      return 413;
    default:
      return 422;
  }
}

export function reasonText(reason: DeadLetterReason): string {
  switch (reason) {
    case 'invalid_json':
      return 'The body is not JSON in UTF-8.';
    case 'invalid_event_shape':
      return 'An event is one object, at most 32 levels deep, with at most 1,000 keys and finite numbers.';
    case 'too_large':
      return 'The event is over 64 KB.';
    case 'missing_event_type':
      return 'The event has no event_type.';
    case 'unknown_event_type':
      return 'The event_type is not one that is known here.';
    case 'timestamp_out_of_range':
      return 'The event_timestamp is more than 365 days old or more than 10 minutes ahead.';
    case 'event_id_conflict':
      return 'An event with this event_id and other content came before; this one was not stored as an event.';
    case 'db_insert_failed':
      return 'The database refused the event because of its content.';
    default:
      return 'The event does not meet the contract of its type; the issues say where.';
  }
}

/** The reply for a single event that did not become one. `kept` says whether it can be mended and replayed here. */
export function brokenEventBody(
  outcome: Extract<Outcome, { readonly kind: 'dead-lettered' | 'rejected' }>,
): string {
  return errorBody(outcome.reason, reasonText(outcome.reason), {
    event_id: outcome.eventId ?? null,
    kept: outcome.kind === 'dead-lettered' ? 'dead_letter' : 'nothing',
    issues: outcome.issues.slice(0, ISSUES_OF_ONE),
  });
}
