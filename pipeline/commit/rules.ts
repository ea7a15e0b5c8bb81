import { conflictLetter, writeLetter } from '../../ingest/dead-letter.ts';
import type { Validation } from '../steps/validate.ts';
import type { BatchLimits } from './batch.ts';
import type { CommitterOptions } from './committer.ts';

/** One batch: a larger one blocks the event loop in its flush for longer than it saves in commits. */
export const batchLimits: BatchLimits = { events: 2_000, bytes: 8 * 1_048_576 };
export const breakerMs = 5 * 60_000;

/** What an event becomes that the warehouse refuses, or whose id came before with other content. */
export const commitRules = (mayKeep: Validation['mayKeep']): CommitterOptions['rules'] => ({
  mayKeep: (letter, member) => mayKeep(letter, member.delivery),
  conflictLetter: (event, storedHash, { delivery }) =>
    conflictLetter(event, storedHash, delivery.via, delivery.origin),
  writeLetter: (event, failure, { delivery }) => writeLetter(event, delivery.via, delivery.origin, failure),
});
