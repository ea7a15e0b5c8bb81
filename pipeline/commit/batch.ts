import { randomUUID } from 'node:crypto';
import type { DeadLetter } from '../../ingest/event.ts';
import type { Batch, LetterChange, SequencedEvent } from '../../sinks/warehouse.ts';
import { type Entry, fingerprintOf, type Member } from './entry.ts';

/** What one commit is asked to make durable; keeps its id in all retries (commit-protocol.md 4). */
export interface Work {
  readonly id: string;
  readonly entries: readonly Entry[];
  /** its deliveries went back to the broker: what is not stored yet is not written any more (11) */
  givenBack: boolean;
}

export interface BatchLimits {
  /** a request is never split, so one batch may be over by the size of one request */
  readonly events: number;
  readonly bytes: number;
}

/** Takes whole members from the queue's head up to the limits. */
export function takeWork(queue: Member[], limits: BatchLimits): Work | undefined {
  const entries: Entry[] = [];
  let bytes = 0;
  let taken = 0;
  for (const member of queue) {
    if (entries.length >= limits.events || bytes >= limits.bytes) break;
    taken += 1;
    member.queued = false;
    if (member.dropped) continue;
    member.handed = true;
    bytes += member.delivery.bytes;
    for (const entry of member.entries) if (isToWrite(entry)) entries.push(entry);
  }
  queue.splice(0, taken);
  return entries.length === 0 ? undefined : { id: randomUUID(), entries, givenBack: false };
}

function isToWrite(entry: Entry): boolean {
  if (entry.outcome !== undefined) return false;
  return (
    entry.state === 'led' ||
    entry.state === 'noted' ||
    (entry.state === 'known' && entry.letter !== undefined)
  );
}

/** The engine's view of these entries. */
export function toBatch(id: string, entries: readonly Entry[], at: number, nextSeq: () => number): Batch {
  const events: SequencedEvent[] = [];
  const deadLetters: DeadLetter[] = [];
  const again = new Map<string, number>();
  const letterChanges: LetterChange[] = [];
  for (const entry of entries) {
    const change = letterChangeOf(entry);
    if (change !== undefined) letterChanges.push(change);
    if (entry.state === 'noted') continue;
    if (entry.letter === undefined && entry.event !== undefined) {
      if (entry.ingestSeq === 0) entry.ingestSeq = nextSeq();
      events.push({ event: entry.event, ingestSeq: entry.ingestSeq });
      continue;
    }
    if (entry.letter === undefined) continue;
    const repeats = entry.repeats?.length ?? 0;
    const times = entry.state === 'led' ? repeats : repeats + 1;
    if (entry.state === 'led') deadLetters.push(entry.letter);
    if (times > 0) {
      const fingerprint = fingerprintOf(entry);
      again.set(fingerprint, (again.get(fingerprint) ?? 0) + times);
    }
  }
  const seenAgain = [...again].map(([fingerprint, times]) => ({ fingerprint, times }));
  return { id, events, deadLetters, seenAgain, letterChanges, at };
}

/** What the commit of a replayed letter's entry says of the letter's own row. */
function letterChangeOf({ member, event, letter, state }: Entry): LetterChange | undefined {
  const { replayed } = member.delivery;
  if (replayed === undefined) return undefined;
  const { letterId, mended } = replayed;
  if (letter !== undefined) {
    const { stage, reason, detail } = letter;
    return { kind: 'failed', letterId, stage, reason, detail };
  }
  if (event === undefined) return undefined;
  const { event_id } = event.row;
  const as = mended ? `${event_id}, mended` : event_id;
  return state === 'noted'
    ? { kind: 'duplicate', letterId, resolution: `duplicate ${as}` }
    : { kind: 'stored', letterId, fingerprint: event.fingerprint, resolution: `stored ${as}` };
}
