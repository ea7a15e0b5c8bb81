import { letterClaim } from './dead-letter.ts';
import type { Decoded } from './decode.ts';
import type { DeadLetterReason, DeliveredBy } from './event.ts';
import { knownType, namesOf, reasonType, tableOf, type WebType } from './event-types.ts';
import { sha256 } from './identity.ts';
import type { Judged } from './normalise.ts';

/** Reasons that do not name a type. */
const plainReasons: readonly DeadLetterReason[] = [
  'invalid_json',
  'invalid_event_shape',
  'too_large',
  'missing_event_type',
  'unknown_event_type',
  'timestamp_out_of_range',
  'event_id_conflict',
  'db_insert_failed',
];

const webTypes = Object.keys(tableOf) as readonly WebType[];

/** The names under which an earlier contract may have refused it. */
const typesOf = (judged: Judged): readonly string[] => {
  if (judged.kind === 'dead-letter') return namesOf(judged.letter.concerns ?? 'other');
  const { table, row } = judged.event;
  if (table === 'business_events')
    return [...namesOf(row.canonical_type), reasonType(knownType(judged.event.row.event_type))];
  return [row.canonical_type, ...webTypes.filter((type) => tableOf[type] === table)];
};

const payloadSha256 = (decoded: Decoded, judged: Judged): string => {
  if (decoded.kind === 'undecodable') return decoded.payloadSha256;
  return sha256(judged.kind === 'event' ? judged.event.row.payload : judged.letter.payload);
};

/**
 * The claims of every letter that this message of the broker may have become when it came, whatever the reason was
 * then: contracts change, and a letter that failed again has another reason than its claim.
 */
export function possibleClaims(decoded: Decoded, judged: Judged, via: DeliveredBy): readonly string[] {
  const sha = payloadSha256(decoded, judged);
  const reasons = new Set<DeadLetterReason>([
    ...plainReasons,
    'validation_error:other',
    ...typesOf(judged).map((type) => `validation_error:${type}` as const),
  ]);
  if (judged.kind === 'dead-letter') reasons.add(judged.letter.reason);
  return [...reasons].map((reason) => letterClaim(via, reason, sha));
}
