import type { Logger } from 'pino';
import { messageOf } from '../../ingest/errors.ts';
import type { CommitResult, FailureClass, StoredClaim, Warehouse } from '../../sinks/warehouse.ts';
import type { Availability } from './availability.ts';
import { toBatch, type Work } from './batch.ts';
import { type Entry, fingerprintOf } from './entry.ts';

export interface RowFailure {
  readonly failure: FailureClass;
  readonly code: string;
  readonly message: string;
}

/** Entries that the warehouse refuses one by one, each with its word. */
export interface Refused {
  readonly entry: Entry;
  readonly failure: RowFailure;
}

export interface WriterOptions {
  readonly warehouse: Pick<Warehouse, 'commit' | 'lookUp' | 'probe'>;
  readonly availability: Availability;
  readonly nextSeq: () => number;
  readonly now: () => number;
  readonly log: Logger;
  /** these entries are durable under our batch id */
  readonly onStored: (entries: readonly Entry[]) => void;
  /** another batch holds this entry's claim */
  readonly onTaken: (entry: Entry, claim: StoredClaim) => void;
}

export interface Writer {
  /** The first try of a batch; its synchronous part runs at once. Never rejects. */
  send(work: Work): Promise<CommitResult>;
  /**
   * Brings the batch to its end after the first try, however long it takes (commit-protocol.md 4 and 5).
   * @returns the entries that are refused for their own content; all others are stored, taken or dropped
   */
  finish(work: Work, result: CommitResult, entries?: readonly Entry[]): Promise<readonly Refused[]>;
}

/** A row that alone fails this often with an unclear error, while a probe row commits, is a bad row. */
const triesOfUnknown = 3;

export function createWriter(options: WriterOptions): Writer {
  const { warehouse, availability } = options;

  async function commit(work: Work, entries: readonly Entry[]): Promise<CommitResult> {
    try {
      return await warehouse.commit(toBatch(work.id, entries, options.now(), options.nextSeq));
    } catch (error) {
      // The contract says never; a bug in an engine must not end the stream.
      return { kind: 'failed', failure: 'unknown', code: 'KADA_ENGINE_THREW', message: messageOf(error) };
    }
  }

  /** Rule 4: what became of the batch? Found with our id is stored, with another is taken, the rest is absent. */
  async function reconcile(work: Work, entries: readonly Entry[]): Promise<readonly Entry[]> {
    const fingerprints = entries.filter((entry) => entry.state === 'led').map(fingerprintOf);
    const found = fingerprints.length === 0 ? new Map<string, StoredClaim>() : await lookUp(fingerprints);
    const stored: Entry[] = [];
    const absent: Entry[] = [];
    for (const entry of entries) {
      const claim = entry.state === 'led' ? found.get(fingerprintOf(entry)) : undefined;
      if (claim === undefined) absent.push(entry);
      else if (claim.batchId === work.id) stored.push(entry);
      else options.onTaken(entry, claim);
    }
    if (stored.length > 0) options.onStored(stored);
    return absent;
  }

  async function lookUp(fingerprints: readonly string[]): Promise<ReadonlyMap<string, StoredClaim>> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await warehouse.lookUp(fingerprints);
      } catch (error) {
        availability.failed('read', 'KADA_LOOK_UP_FAILED', messageOf(error));
        await availability.backOff(attempt);
      }
    }
  }

  function conclude(entries: readonly Entry[], lost: readonly StoredClaim[]): void {
    if (lost.length === 0) {
      options.onStored(entries);
      return;
    }
    const taken = new Map(lost.map((claim) => [claim.fingerprint, claim]));
    options.onStored(entries.filter((entry) => !taken.has(fingerprintOf(entry))));
    for (const entry of entries) {
      const claim = taken.get(fingerprintOf(entry));
      if (claim !== undefined) options.onTaken(entry, claim);
    }
  }

  /** Tries until everything is settled or the part is refused for its content. */
  async function untilVerdict(
    work: Work,
    entries: readonly Entry[],
    first: CommitResult | undefined,
  ): Promise<{ readonly absent: readonly Entry[]; readonly failure: RowFailure } | undefined> {
    let absent = entries;
    let unknowns = 0;
    let result = first ?? (await commit(work, absent));
    for (let attempt = 0; ; attempt += 1) {
      if (result.kind === 'committed') {
        availability.succeeded('write');
        conclude(absent, result.lost);
        return undefined;
      }
      options.log.warn({ batch: work.id, rows: absent.length, ...result }, 'commit failed');
      if (result.failure === 'away' || result.failure === 'broken')
        availability.failed('write', result.code, result.message);
      absent = await reconcile(work, absent);
      // With nothing but repeats of dead letters left there is no claim to ask for: written again, `seen` may
      // be one too high (rule 6).
      if (absent.length === 0 || work.givenBack)
        return absent.length === 0 ? undefined : { absent, failure: result };
      if (result.failure === 'data') return { absent, failure: result };
      if (result.failure === 'unknown') {
        unknowns += 1;
        if (unknowns >= triesOfUnknown) {
          if (absent.length > 1 || (await warehouse.probe().catch(() => false)))
            return { absent, failure: result };
          // Not even a harmless row commits: it is the store that is away, whatever it calls it.
          availability.failed('write', result.code, result.message);
        }
      }
      await availability.backOff(attempt);
      if (work.givenBack) continue;
      result = await commit(work, absent);
    }
  }

  /** Halves a refused part until the bad rows stand alone; requests are kept whole as long as that goes. */
  async function writePart(
    work: Work,
    entries: readonly Entry[],
    first?: CommitResult,
  ): Promise<readonly Refused[]> {
    if (work.givenBack && first === undefined) return [];
    const verdict = await untilVerdict(work, entries, first);
    if (verdict === undefined || work.givenBack) return [];
    const { absent, failure } = verdict;
    const [only] = absent;
    if (only !== undefined && absent.length === 1) return [{ entry: only, failure }];
    const cut = cutBetweenMembers(absent);
    const left = await writePart(work, absent.slice(0, cut));
    const right = await writePart(work, absent.slice(cut));
    return [...left, ...right];
  }

  return {
    send: (work) => commit(work, work.entries),
    finish: (work, result, entries = work.entries) => writePart(work, entries, result),
  };
}

/** The cut nearest to the middle that splits no request; the middle itself inside a single request. */
function cutBetweenMembers(entries: readonly Entry[]): number {
  const middle = entries.length >> 1;
  for (let distance = 0; distance < middle; distance += 1) {
    for (const cut of [middle - distance, middle + distance]) {
      if (cut > 0 && cut < entries.length && entries[cut - 1]?.member !== entries[cut]?.member) return cut;
    }
  }
  return middle;
}
