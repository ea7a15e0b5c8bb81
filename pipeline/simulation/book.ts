import type { Meaning, SimulatedEvent } from './event.ts';
import type { Answer } from './road.ts';

/** An event that has its durable place. */
export interface Promised {
  readonly id: string;
  readonly at: number;
  readonly meaning: Meaning;
}

export interface Tally {
  /** different events that were sent at least once */
  readonly events: number;
  readonly sendings: number;
  /** sendings beyond an event's first that were meant to repair a refusal or a missing answer */
  readonly retries: number;
  /** sent again although it was promised, or found stored by a retry */
  readonly duplicates: number;
  /** by answer: `503 stopping`, `ECONNREFUSED` … */
  readonly notPromised: Readonly<Record<string, number>>;
  readonly rejected: number;
  /** not promised within the patience: certainly not stored, or perhaps */
  readonly gaveUp: { readonly notStored: number; readonly perhapsStored: number };
  /** answers that no plan foresaw, in words; the first few */
  readonly surprises: readonly string[];
  readonly surprisesInAll: number;
}

/** What was sent and what was answered. It never asks the pipeline what it counts. */
export interface Book {
  sent(event: SimulatedEvent, attempt: number): void;
  answered(event: SimulatedEvent, answer: Answer): void;
  gaveUp(event: SimulatedEvent): void;
  tally(): Tally;
  promised(): readonly Promised[];
}

const surprisesKept = 10;

/** @param keep false: counts only, for a simulation without an end */
export function createBook({ keep }: { readonly keep: boolean }): Book {
  const promises = new Map<string, Promised>();
  const doubtful = new Set<string>();
  const notPromised: Record<string, number> = {};
  const surprises: string[] = [];
  const counts = {
    events: 0,
    sendings: 0,
    retries: 0,
    duplicates: 0,
    rejected: 0,
    notStored: 0,
    perhapsStored: 0,
  };
  let surprisesInAll = 0;

  function surprise(text: string): void {
    surprisesInAll += 1;
    if (surprises.length < surprisesKept) surprises.push(text);
  }

  function keepPromise({ key, id, at, meaning }: SimulatedEvent, duplicate: boolean): void {
    doubtful.delete(key);
    if (duplicate || promises.has(key)) counts.duplicates += 1;
    if (keep) promises.set(key, { id, at, meaning });
  }

  function answered(event: SimulatedEvent, answer: Answer): void {
    const { meaning } = event;
    const expected = meaning.kind === 'broken' ? meaning.reason : undefined;
    const mayBeStored = meaning.kind !== 'broken' || meaning.unlessFirst === true;
    switch (answer.kind) {
      case 'promised':
        if (!mayBeStored && answer.as !== 'published') {
          surprise(`${event.type} with ${expected} was ${answer.as}`);
        }
        keepPromise(event, answer.as === 'duplicate');
        return;
      case 'dead_lettered':
        if (expected !== answer.reason) surprise(`${event.type} became a dead letter ${answer.reason}`);
        doubtful.delete(event.key);
        if (keep) promises.set(event.key, { ...event, meaning: { kind: 'broken', reason: answer.reason } });
        return;
      case 'rejected':
        counts.rejected += 1;
        if (expected === undefined) surprise(`${event.type}: ${answer.why}`);
        return;
      case 'unknown':
        if (!promises.has(event.key)) doubtful.add(event.key);
        notPromised[answer.why] = (notPromised[answer.why] ?? 0) + 1;
        return;
      case 'refused':
        notPromised[answer.why] = (notPromised[answer.why] ?? 0) + 1;
        return;
    }
  }

  return {
    answered,
    sent(_event, attempt) {
      counts.sendings += 1;
      if (attempt === 0) counts.events += 1;
      else counts.retries += 1;
    },
    gaveUp(event) {
      if (doubtful.delete(event.key)) counts.perhapsStored += 1;
      else counts.notStored += 1;
    },
    tally: () => ({
      events: counts.events,
      sendings: counts.sendings,
      retries: counts.retries,
      duplicates: counts.duplicates,
      notPromised: { ...notPromised },
      rejected: counts.rejected,
      gaveUp: { notStored: counts.notStored, perhapsStored: counts.perhapsStored },
      surprises: [...surprises],
      surprisesInAll,
    }),
    promised: () => [...promises.values()],
  };
}
