import type { Settlement, UnavailableReason } from '../../ingest/delivery.ts';
import { type BatchLimits, takeWork, type Work } from './batch.ts';
import type { Claims } from './claims.ts';
import type { Member } from './entry.ts';
import { evaluate } from './evaluate.ts';
import { createLane, type Lane, type LaneSettings, type Resolution } from './lane.ts';
import { createMembersInFlight } from './members-in-flight.ts';

export type { Resolution } from './lane.ts';

export interface CommitterOptions extends LaneSettings {
  /** batches that may be on their way at once (Warehouse.commitsAtOnce) */
  readonly lanes: number;
  /** no batch is in flight: whatever has a number stands in Bronze, or never will */
  readonly onWhole: () => void;
  readonly limits: BatchLimits;
  readonly onResolution: (resolution: Resolution) => void;
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

/**
 * Each lane has one batch on its way at a time; while all are busy, the next one fills (adaptive batching without a
 * timer). A fingerprint is led by one entry alone, whichever lane has it: the map of claims is one for all.
 */
export function createCommitter(claims: Claims, options: CommitterOptions): Committer {
  const { availability, onResolution, now, limits } = options;
  const live = createMembersInFlight();
  const queue: Member[] = [];
  const lanes: readonly Lane[] = Array.from({ length: options.lanes }, () =>
    createLane(claims, options, {
      take,
      isLive: live.has,
      finished: live.delete,
      release,
      ended,
      emit,
    }),
  );
  /** a lane that begins in the next turn of the loop */
  let starting = false;
  let idleWaiters: (() => void)[] = [];
  let doubtWaiters: (() => void)[] = [];

  function ready(member: Member): void {
    if (member.dropped || member.queued) return;
    switch (evaluate(member, options.rules)) {
      case 'again':
        claims.take(member);
        return;
      case 'done':
        live.delete(member);
        onResolution({ at: now(), commitMs: undefined, stored: [], letters: [], members: [member] });
        tellIdle();
        return;
      case 'write':
        member.queued = true;
        queue.push(member);
        start();
    }
  }

  function start(): void {
    if (starting) return;
    const lane = lanes.find((one) => one.idle());
    if (lane === undefined) return;
    starting = true;
    // One turn of the loop: what arrived together is committed together.
    setImmediate(() => {
      starting = false;
      void run(lane);
    });
  }

  async function run(lane: Lane): Promise<void> {
    const done = lane.run();
    // More was ready than goes into one batch.
    if (queue.length > 0) start();
    await done;
    if (queue.length > 0) start();
  }

  function take(): Work | undefined {
    return takeWork(queue, limits);
  }

  function onTheirWay(): readonly Work[] {
    return lanes.map((lane) => lane.current()).filter((work) => work !== undefined);
  }

  function ended(): void {
    const works = onTheirWay();
    if (works.length === 0) options.onWhole();
    if (works.some((work) => work.givenBack)) return;
    for (const waiter of doubtWaiters) waiter();
    doubtWaiters = [];
  }

  function emit(resolution: Resolution): void {
    const { members, stored, letters } = resolution;
    if (members.length > 0 || stored.length > 0 || letters.length > 0) onResolution(resolution);
    tellIdle();
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
      for (const work of onTheirWay()) work.givenBack = true;
      for (const member of live.copy()) {
        if (!member.handed) release(member, 'warehouse_away');
        else member.delivery.settle(unfinished(member, 'warehouse_away'));
      }
    },
    doubtsResolved() {
      if (!onTheirWay().some((work) => work.givenBack)) return Promise.resolve();
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
    idle: () => onTheirWay().length === 0,
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
