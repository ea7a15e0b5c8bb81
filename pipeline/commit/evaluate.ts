import type { AnalyticsEvent, DeadLetter } from '../../ingest/event.ts';
import { conclude, type Entry, type Member } from './entry.ts';

export interface LetterRules {
  /** the dead letter of an event whose id came before with other content */
  readonly conflictLetter: (event: AnalyticsEvent, storedHash: string, member: Member) => DeadLetter;
  /** may this dead letter be kept? (bounds of the public /track, events.md 7) */
  readonly mayKeep: (letter: DeadLetter, member: Member) => boolean;
}

/**
 * Draws the conclusions from what is known of a member's claims.
 * @returns `again`: new dead letters want claims of their own; `write`: something of it must be committed;
 *          `done`: every entry has its outcome.
 */
export function evaluate(member: Member, rules: LetterRules): 'again' | 'write' | 'done' {
  let again = false;
  for (const entry of member.entries) {
    if (entry.outcome !== undefined || entry.letter !== undefined || entry.event === undefined) continue;
    if (entry.state === 'noted') continue;
    const stored = hashToCompare(entry);
    if (stored === undefined) continue;
    if (stored === '' || stored === entry.event.contentHash) {
      // A repeat whose first is on its way is settled by the same commit, not before.
      if (entry.state !== 'known') continue;
      // A replay's letter must be resolved by a commit before it is told.
      if (member.delivery.replayed !== undefined) entry.state = 'noted';
      else conclude(entry, { kind: 'duplicate', eventId: entry.event.row.event_id });
      continue;
    }
    detach(entry);
    again = toLetter(entry, rules.conflictLetter(entry.event, stored, member), rules) || again;
  }
  if (again) return 'again';
  return member.open === 0 ? 'done' : 'write';
}

function hashToCompare(entry: Entry): string | undefined {
  if (entry.state === 'known') return entry.knownHash;
  if (entry.state === 'repeat') return entry.first?.event?.contentHash;
  return undefined;
}

function detach(entry: Entry): void {
  const first = entry.first;
  if (first?.repeats !== undefined) first.repeats = first.repeats.filter((repeat) => repeat !== entry);
  entry.first = undefined;
}

/** @returns whether the entry is a dead letter now, to be placed; false: it was beyond the bounds and is told so. */
export function toLetter(entry: Entry, letter: DeadLetter, rules: LetterRules): boolean {
  if (entry.member.delivery.replayed !== undefined) {
    entry.letter = letter;
    entry.state = 'noted';
    return false;
  }
  if (!rules.mayKeep(letter, entry.member)) {
    conclude(entry, {
      kind: 'rejected',
      eventId: letter.eventId,
      reason: letter.reason,
      issues: letter.issues,
    });
    return false;
  }
  entry.letter = letter;
  entry.state = 'placed';
  return true;
}
