import type { Delivery, Outcome } from '../../ingest/delivery.ts';
import type { AnalyticsEvent, DeadLetter } from '../../ingest/event.ts';
import type { StoredEvent } from '../../sinks/warehouse.ts';

/**
 * The life of one message between validation and its outcome.
 *
 *              ┌────────────── held by another request ──────────────┐
 *   placed ────┤                                                     ▼
 *              ├── in the LRU ───────────────▶ known ◀── exists ── twin
 *              ├── the filter says new ──────▶ led   ◀── vacated ── twin
 *              ├── the filter says maybe ────▶ asking ── look-up ──▶ led | known
 *              └── seen before in its own request ▶ repeat (of the first)
 *
 *   led    ── commit ─▶ outcome stored (its repeats: duplicate), or refused by the row ─▶ a dead letter, placed anew
 *   known  ── same content ─▶ outcome duplicate; other content ─▶ a dead letter `event_id_conflict`, placed anew
 *             (of a dead letter: its row is `seen` once more)
 *
 * A dead letter has a claim of its own and walks the same way; it never holds the event's (commit-protocol.md 6).
 *
 *   noted  ── commit ─▶ a replayed letter's row says what became of it: `duplicate`, or dead once more. Nothing is
 *             claimed: the letter has had its claim since it first came.
 */
export type EntryState = 'placed' | 'led' | 'asking' | 'twin' | 'known' | 'repeat' | 'noted';

export interface Entry {
  readonly member: Member;
  /** undefined: it came as a dead letter */
  readonly event: AnalyticsEvent | undefined;
  /** set when it is, or has become, a dead letter; then this is what is written */
  letter: DeadLetter | undefined;
  state: EntryState;
  /** of a known claim: the stored content hash, '' when unknown (old system, dead letters) */
  knownHash: string;
  /** leader: entries of other requests that wait for this claim, in order of arrival */
  twins: Entry[] | undefined;
  /** first of its request: later entries of the same request with the same claim */
  repeats: Entry[] | undefined;
  /** repeat: the entry it repeats */
  first: Entry | undefined;
  /** once given it stays in all retries */
  ingestSeq: number;
  /** what the fold and the live view read of it; made once, when first asked for */
  fact: StoredEvent | undefined;
  outcome: Outcome | undefined;
}

/** One delivery on its way: a member of a batch, whole. */
export interface Member {
  readonly delivery: Delivery;
  readonly entries: Entry[];
  /** claims of its entries whose state is not known yet; 0: it may be committed */
  blockers: number;
  /** entries without an outcome */
  open: number;
  /** stands in the queue of the next batch */
  queued: boolean;
  /** handed to a commit: from here on it cannot be withdrawn */
  handed: boolean;
  /** something of it was given to the broker and may come by the queue: nobody can promise that nothing is stored */
  published: boolean;
  /** withdrawn or given back: nothing of it is written any more */
  dropped: boolean;
  /** where it stands among the members in flight; -1: not there */
  place: number;
}

export function newMember(delivery: Delivery): Member {
  return {
    delivery,
    entries: [],
    blockers: 0,
    open: 0,
    queued: false,
    handed: false,
    published: false,
    dropped: false,
    place: -1,
  };
}

export function addEntry(
  member: Member,
  event: AnalyticsEvent | undefined,
  letter: DeadLetter | undefined,
): Entry {
  const entry: Entry = {
    member,
    event,
    letter,
    state: 'placed',
    knownHash: '',
    twins: undefined,
    repeats: undefined,
    first: undefined,
    ingestSeq: 0,
    fact: undefined,
    outcome: undefined,
  };
  member.entries.push(entry);
  member.open += 1;
  return entry;
}

/** Sets an entry's outcome, once. */
export function conclude(entry: Entry, outcome: Outcome): void {
  if (entry.outcome !== undefined) return;
  entry.outcome = outcome;
  entry.member.open -= 1;
}

/** What the entry claims now: the dead letter's fingerprint when it is one, else the event's. */
export function fingerprintOf(entry: Entry): string {
  if (entry.letter !== undefined) return entry.letter.fingerprint;
  if (entry.event !== undefined) return entry.event.fingerprint;
  throw new Error('an entry is an event or a dead letter');
}

/** What is compared when the claim is held already; dead letters are equal by their fingerprint alone. */
export function contentHashOf(entry: Entry): string {
  return entry.letter === undefined && entry.event !== undefined ? entry.event.contentHash : '';
}
