import type { Outcome } from '../delivery.ts';
import type { Issue } from '../event.ts';
import { reasonText } from './verdict.ts';

/** A reply of 500 broken events stays small; a single event gets up to 20 (http.md). */
const ISSUES_PER_ELEMENT = 5;

export interface BatchResult {
  readonly event_id: string | null;
  readonly status: 'stored' | 'duplicate' | 'dead_lettered' | 'rejected' | 'published';
  readonly error?: { readonly code: string; readonly message: string; readonly issues?: readonly Issue[] };
}

export interface BatchSummary {
  /** stored and published */
  readonly accepted: number;
  readonly duplicates: number;
  /** conflicts too */
  readonly dead_lettered: number;
  readonly rejected: number;
  /** in the order of the request */
  readonly results: readonly BatchResult[];
}

export function summarise(outcomes: readonly Outcome[]): BatchSummary {
  const counts = { accepted: 0, duplicates: 0, dead_lettered: 0, rejected: 0 };
  for (const outcome of outcomes) counts[countOf[outcome.kind]] += 1;
  return { ...counts, results: outcomes.map(resultOf) };
}

const countOf = {
  stored: 'accepted',
  published: 'accepted',
  duplicate: 'duplicates',
  'dead-lettered': 'dead_lettered',
  rejected: 'rejected',
} as const;

function resultOf(outcome: Outcome): BatchResult {
  switch (outcome.kind) {
    case 'stored':
    case 'published':
    case 'duplicate':
      return { event_id: outcome.eventId, status: outcome.kind };
    case 'dead-lettered':
    case 'rejected': {
      const status = outcome.kind === 'rejected' ? 'rejected' : 'dead_lettered';
      return { event_id: outcome.eventId ?? null, status, error: errorOf(outcome) };
    }
  }
}

function errorOf(
  outcome: Extract<Outcome, { readonly kind: 'dead-lettered' | 'rejected' }>,
): NonNullable<BatchResult['error']> {
  const error = { code: outcome.reason, message: reasonText(outcome.reason) };
  return outcome.issues.length === 0
    ? error
    : { ...error, issues: outcome.issues.slice(0, ISSUES_PER_ELEMENT) };
}
