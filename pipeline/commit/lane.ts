import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { UnavailableReason } from '../../ingest/delivery.ts';
import type { AnalyticsEvent, DeadLetter } from '../../ingest/event.ts';
import { type CommitResult, letterResolvedCode, type Warehouse } from '../../sinks/warehouse.ts';
import type { Availability } from './availability.ts';
import type { Work } from './batch.ts';
import type { Claims } from './claims.ts';
import { conclude, type Entry, type Member } from './entry.ts';
import { type LetterRules, toLetter } from './evaluate.ts';
import { createWriter, type Refused, type RowFailure } from './writer.ts';

/** What became durable or otherwise final together; the pipeline settles, counts and folds it. */
export interface Resolution {
  /** ms since 1970 */
  readonly at: number;
  /** ms of the commit; undefined when nothing had to be written */
  readonly commitMs: number | undefined;
  /** entries whose Bronze row this commit made durable, in the order of ingest_seq */
  readonly stored: readonly Entry[];
  /** entries whose dead letter's row this commit made durable; one that came again has none of its own */
  readonly letters: readonly Entry[];
  /** deliveries all of whose messages have an outcome now */
  readonly members: readonly Member[];
}

export interface LaneSettings {
  readonly warehouse: Pick<Warehouse, 'commit' | 'lookUp' | 'probe'>;
  readonly availability: Availability;
  readonly rules: LetterRules & {
    readonly writeLetter: (event: AnalyticsEvent, failure: RowFailure, member: Member) => DeadLetter;
  };
  readonly nextSeq: () => number;
  readonly now: () => number;
  /** ms that a batch which would mostly dead-letter is held before it does (commit-protocol.md 5) */
  readonly breakerMs: number;
  readonly log: Logger;
}

/** What a lane shares with the others; all of it is called on the one thread, between two awaits. */
export interface LaneHands {
  /** the next batch; undefined: nothing is ready */
  readonly take: () => Work | undefined;
  /** is it still on its way? */
  readonly isLive: (member: Member) => boolean;
  /** every message of it has its outcome */
  readonly finished: (member: Member) => void;
  /** lets go of it unfinished */
  readonly release: (member: Member, reason: UnavailableReason) => void;
  /** its batch has come to its end, whatever that was; before the next one is taken */
  readonly ended: () => void;
  readonly emit: (resolution: Resolution) => void;
}

/** One batch on its way at a time. */
export interface Lane {
  /** nothing is on its way here, and nothing will be before `run` */
  idle(): boolean;
  /** its batch */
  current(): Work | undefined;
  /** Commits batch after batch until nothing is ready. Never rejects. */
  run(): Promise<void>;
}

/** Rows of a batch that make a breaker possible; below, a few bad rows are just bad rows. */
const breakerRows = 20;

/**
 *   idle ── run ──▶ committing ── committed ──▶ next batch, then the answers of the last
 *                       │
 *                       └── failed ──▶ finishing (look up, retry, halve) ──▶ next batch
 */
export function createLane(claims: Claims, settings: LaneSettings, hands: LaneHands): Lane {
  const { availability, rules, now, log } = settings;
  let current: Work | undefined;
  let running = false;
  /** what the commit under way has concluded, until it is emitted */
  let storedNow: Entry[] = [];
  let lettersNow: Entry[] = [];
  let touched = new Set<Member>();

  const writer = createWriter({
    warehouse: settings.warehouse,
    availability,
    nextSeq: settings.nextSeq,
    now,
    log,
    onStored: (entries) => {
      for (const entry of entries) concludeStored(entry);
    },
    onTaken: (entry, claim) => {
      claims.exists(entry, claim.contentHash);
      touched.add(entry.member);
    },
  });

  function concludeStored(entry: Entry): void {
    touched.add(entry.member);
    const { letter, event } = entry;
    if (letter === undefined && event !== undefined && entry.state === 'noted') {
      conclude(entry, { kind: 'duplicate', eventId: event.row.event_id });
    } else if (letter !== undefined) {
      const outcome = {
        kind: 'dead-lettered',
        eventId: letter.eventId,
        stage: letter.stage,
        reason: letter.reason,
        issues: letter.issues,
      } as const;
      conclude(entry, outcome);
      if (entry.state === 'led') lettersNow.push(entry);
      for (const repeat of entry.repeats ?? []) conclude(repeat, outcome);
    } else if (event !== undefined) {
      const eventId = event.row.event_id;
      conclude(entry, { kind: 'stored', eventId });
      storedNow.push(entry);
      for (const repeat of entry.repeats ?? []) conclude(repeat, { kind: 'duplicate', eventId });
    }
    entry.repeats = undefined;
    if (entry.state === 'led') claims.stored(entry);
  }

  async function run(): Promise<void> {
    running = true;
    let work = hands.take();
    let began = performance.now();
    let sent = work === undefined ? undefined : writer.send(work);
    while (work !== undefined && sent !== undefined) {
      current = work;
      const result = await sent;
      if (result.kind === 'committed' && result.lost.length === 0) {
        availability.succeeded('write');
        for (const entry of work.entries) concludeStored(entry);
      } else await finish(work, result);
      const commitMs = performance.now() - began;
      dropGivenBack(work);
      const done = collect(commitMs);
      current = undefined;
      hands.ended();
      // The next commit is under way before the answers of the last are written.
      work = hands.take();
      began = performance.now();
      sent = work === undefined ? undefined : writer.send(work);
      hands.emit(done);
    }
    running = false;
  }

  async function finish(work: Work, result: CommitResult): Promise<void> {
    let refused = await writer.finish(work, result);
    const held = now();
    while (tooMany(refused, work) && now() - held < settings.breakerMs && !work.givenBack) {
      log.error(
        { code: 'KADA_WRITE_BREAKER', batch: work.id, refused: refused.length, rows: work.entries.length },
        'most of a batch is refused by the warehouse: held, nothing is lost',
      );
      await delay(Math.min(5_000, settings.breakerMs / 4));
      const [first] = refused;
      if (first === undefined) break;
      const again: CommitResult = { kind: 'failed', ...first.failure };
      refused = await writer.finish(
        work,
        again,
        refused.map(({ entry }) => entry),
      );
    }
    if (work.givenBack) return;
    for (const { entry, failure } of refused) refuse(entry, failure);
  }

  function tooMany(refused: readonly Refused[], work: Work): boolean {
    // Letters that another replay has resolved meanwhile are no bad rows.
    const bad = refused.filter(({ failure }) => failure.code !== letterResolvedCode).length;
    return work.entries.length >= breakerRows && bad * 2 > work.entries.length;
  }

  function refuse(entry: Entry, failure: RowFailure): void {
    touched.add(entry.member);
    claims.vacate(entry);
    if (entry.letter === undefined && entry.event !== undefined) {
      if (failure.code === letterResolvedCode) {
        conclude(entry, { kind: 'duplicate', eventId: entry.event.row.event_id });
        return;
      }
      toLetter(entry, rules.writeLetter(entry.event, failure, entry.member), rules);
      return;
    }
    log.error({ ...failure, code: 'KADA_DEAD_LETTER_REFUSED' }, 'a dead letter cannot be written: sent back');
    hands.release(entry.member, 'overloaded');
  }

  /** Absent rows of a batch whose deliveries went back are not written: their messages come again. */
  function dropGivenBack(work: Work): void {
    if (!work.givenBack) return;
    for (const entry of work.entries) {
      if (entry.outcome === undefined) hands.release(entry.member, 'warehouse_away');
    }
  }

  function collect(commitMs: number): Resolution {
    const members: Member[] = [];
    for (const member of touched) {
      if (member.open === 0 && hands.isLive(member)) {
        hands.finished(member);
        members.push(member);
      } else if (member.open > 0 && member.blockers === 0) {
        // Not before the batch has ended: another lane could take what this one still has.
        claims.take(member);
      }
    }
    const [stored, letters] = [storedNow, lettersNow];
    storedNow = [];
    lettersNow = [];
    touched = new Set();
    return { at: now(), commitMs, stored, letters, members };
  }

  return { idle: () => !running, current: () => current, run };
}
