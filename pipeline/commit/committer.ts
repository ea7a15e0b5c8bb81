import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Settlement, UnavailableReason } from '../../ingest/delivery.ts';
import type { AnalyticsEvent, DeadLetter } from '../../ingest/event.ts';
import { type CommitResult, letterResolvedCode, type Warehouse } from '../../sinks/warehouse.ts';
import type { Availability } from './availability.ts';
import { type BatchLimits, takeWork, type Work } from './batch.ts';
import type { Claims } from './claims.ts';
import { conclude, type Entry, type Member } from './entry.ts';
import { evaluate, type LetterRules, toLetter } from './evaluate.ts';
import { createMembersInFlight } from './members-in-flight.ts';
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

export interface CommitterOptions {
  readonly warehouse: Pick<Warehouse, 'commit' | 'lookUp' | 'probe'>;
  readonly availability: Availability;
  readonly rules: LetterRules & {
    readonly writeLetter: (event: AnalyticsEvent, failure: RowFailure, member: Member) => DeadLetter;
  };
  readonly nextSeq: () => number;
  /** no batch is in flight: whatever has a number stands in Bronze, or never will */
  readonly onWhole: () => void;
  readonly now: () => number;
  readonly limits: BatchLimits;
  /** ms that a batch which would mostly dead-letter is held before it does (commit-protocol.md 5) */
  readonly breakerMs: number;
  readonly onResolution: (resolution: Resolution) => void;
  readonly log: Logger;
}

export interface Committer {
  /** All claims of the member are known: it is answered, or joins the next batch. */
  ready(member: Member): void;
  /** A new member, before its claims are taken. */
  admit(member: Member): void;
  /** Not handed to a commit yet: forgotten, its sender told to come again. @returns false: too late */
  withdraw(member: Member, reason: UnavailableReason): boolean;
  /** The warehouse has been away too long: every delivery goes back to its sender (11). */
  giveBack(): void;
  /** Resolves when no batch that was given back is still in doubt. */
  doubtsResolved(): Promise<void>;
  /** Answers those whose deadline is over (7). */
  sweep(now: number): void;
  /** Resolves when nothing is in flight. */
  drained(): Promise<void>;
  inFlight(): number;
  /** no batch is on its way */
  idle(): boolean;
}

/** Rows of a batch that make a breaker possible; below, a few bad rows are just bad rows. */
const breakerRows = 20;

/**
 * One batch is on its way at a time; while it is, the next one fills (adaptive batching without a timer).
 *
 *   idle ── first ready member ──▶ committing ── committed ──▶ next batch, then the answers of the last
 *                                      │
 *                                      └── failed ──▶ finishing (look up, retry, halve) ──▶ next batch
 */
export function createCommitter(claims: Claims, options: CommitterOptions): Committer {
  const { availability, rules, onResolution, now, log } = options;
  const live = createMembersInFlight();
  const queue: Member[] = [];
  let current: Work | undefined;
  let running = false;
  let idleWaiters: (() => void)[] = [];
  let doubtWaiters: (() => void)[] = [];
  /** what the commit under way has concluded, until it is emitted */
  let storedNow: Entry[] = [];
  let lettersNow: Entry[] = [];
  let touched = new Set<Member>();

  const writer = createWriter({
    warehouse: options.warehouse,
    availability,
    nextSeq: options.nextSeq,
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

  function ready(member: Member): void {
    if (member.dropped || member.queued) return;
    switch (evaluate(member, rules)) {
      case 'again':
        claims.take(member);
        return;
      case 'done':
        finishMember(member);
        onResolution({ at: now(), commitMs: undefined, stored: [], letters: [], members: [member] });
        tellIdle();
        return;
      case 'write':
        member.queued = true;
        queue.push(member);
        if (!running) start();
    }
  }

  function start(): void {
    running = true;
    // One turn of the loop: what arrived together is committed together.
    setImmediate(() => void run());
  }

  async function run(): Promise<void> {
    let work = takeWork(queue, options.limits);
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
      options.onWhole();
      // The next commit is under way before the answers of the last are written.
      work = takeWork(queue, options.limits);
      began = performance.now();
      sent = work === undefined ? undefined : writer.send(work);
      emit(done);
    }
    running = false;
    if (queue.length > 0) start();
  }

  async function finish(work: Work, result: CommitResult): Promise<void> {
    let refused = await writer.finish(work, result);
    const held = now();
    while (tooMany(refused, work) && now() - held < options.breakerMs && !work.givenBack) {
      log.error(
        { code: 'KADA_WRITE_BREAKER', batch: work.id, refused: refused.length, rows: work.entries.length },
        'most of a batch is refused by the warehouse: held, nothing is lost',
      );
      await delay(Math.min(5_000, options.breakerMs / 4));
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
    for (const member of new Set(refused.map(({ entry }) => entry.member))) claims.take(member);
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
    release(entry.member, 'overloaded');
  }

  /** Absent rows of a batch whose deliveries went back are not written: their messages come again. */
  function dropGivenBack(work: Work): void {
    if (!work.givenBack) return;
    for (const entry of work.entries) {
      if (entry.outcome !== undefined) continue;
      release(entry.member, 'warehouse_away');
    }
    for (const waiter of doubtWaiters) waiter();
    doubtWaiters = [];
  }

  function collect(commitMs: number): Resolution {
    const members: Member[] = [];
    for (const member of touched) {
      if (member.open === 0 && live.has(member)) {
        finishMember(member);
        members.push(member);
      } else if (member.open > 0 && member.blockers === 0) ready(member);
    }
    const [stored, letters] = [storedNow, lettersNow];
    storedNow = [];
    lettersNow = [];
    touched = new Set();
    return { at: now(), commitMs, stored, letters, members };
  }

  function emit(resolution: Resolution): void {
    const { members, stored, letters } = resolution;
    if (members.length > 0 || stored.length > 0 || letters.length > 0) onResolution(resolution);
    tellIdle();
  }

  function finishMember(member: Member): void {
    live.delete(member);
  }

  function tellIdle(): void {
    if (live.size > 0) return;
    for (const waiter of idleWaiters) waiter();
    idleWaiters = [];
  }

  /** Lets go of a member unfinished. */
  function release(member: Member, reason: UnavailableReason): void {
    if (!live.delete(member)) return;
    claims.withdraw(member);
    member.delivery.settle(unfinished(member, reason));
    member.delivery.release();
    tellIdle();
  }

  function withdraw(member: Member, reason: UnavailableReason): boolean {
    if (member.handed) return false;
    release(member, reason);
    return true;
  }

  return {
    ready,
    admit: live.add,
    withdraw,
    giveBack() {
      if (current !== undefined) current.givenBack = true;
      for (const member of live.copy()) {
        if (!member.handed) release(member, 'warehouse_away');
        else member.delivery.settle(unfinished(member, 'warehouse_away'));
      }
    },
    doubtsResolved() {
      if (current?.givenBack !== true) return Promise.resolve();
      return new Promise((resolve) => doubtWaiters.push(resolve));
    },
    sweep(at) {
      for (const member of live.copy()) {
        const { deadline } = member.delivery;
        if (deadline === undefined || deadline > at) continue;
        const reason = availability.away() === undefined ? 'overloaded' : 'warehouse_away';
        if (member.handed) member.delivery.settle(unfinished(member, reason));
        else release(member, reason);
      }
    },
    drained() {
      if (live.size === 0) return Promise.resolve();
      return new Promise((resolve) => idleWaiters.push(resolve));
    },
    inFlight: () => live.size,
    idle: () => current === undefined,
  };
}

/**
 * `unavailable` promises an HTTP sender that nothing is stored; of a batch that was handed over, or of an event that
 * was published, nobody knows. A message of the broker is simply given back: its claim is there or it is not when it
 * comes again.
 */
function unfinished(member: Member, reason: UnavailableReason): Settlement {
  const inDoubt = member.handed || member.published;
  if (!inDoubt || member.delivery.deadline === undefined) return { kind: 'unavailable', reason };
  return {
    kind: 'outcome-unknown',
    eventIds: member.entries.map((entry) => entry.event?.row.event_id ?? entry.letter?.eventId),
  };
}
