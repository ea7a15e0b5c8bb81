import type { CreditEvent } from './credits.ts';
import { compareWords, writeWords } from './event-id-words.ts';
import { eventFlags, grown, grownLength } from './session-events.ts';

/** A page view or checkout that names a user (funnel.md 6c, 6d). */
export interface NamedEvent extends CreditEvent {
  readonly isCheckout: boolean;
}

export interface UserEvents {
  add(user: string, event: CreditEvent, flags: number): void;
  /** The newest checkout, else the newest page view, with this seed flag in [from, to]. */
  newest(user: string, seed: boolean, from: number, to: number): NamedEvent | undefined;
  /** Lets events before `keepFrom` go in a part (0 to 1) of all users, going round. */
  sweep(keepFrom: number, part: number): void;
  readonly size: number;
  readonly bytes: number;
}

/** @param isCurrent whether that session's row still belongs to the session that the event was of */
export function createUserEvents(isCurrent: (session: number, generation: number) => boolean): UserEvents {
  const rows = new Map<string, number>();
  const users: (string | undefined)[] = [];
  const freeUsers: number[] = [];
  /** a user's newest arrival; the events of a user are in no order */
  let head = new Int32Array(256);
  let time = new Float64Array(256);
  let next = new Int32Array(256);
  let session = new Int32Array(256);
  let generation = new Uint32Array(256);
  let flags = new Uint8Array(256);
  let words = new Uint32Array(1024);
  let end = 0;
  let firstFree = -1;
  let swept = 0;

  return {
    add,
    newest,
    sweep,
    get size() {
      return rows.size;
    },
    get bytes() {
      return time.length * 37 + head.length * 4 + rows.size * 140;
    },
  };

  function add(user: string, event: CreditEvent, ofFlags: number): void {
    const owner = rows.get(user) ?? newUser(user);
    const row = take();
    time[row] = event.time;
    words.set(event.words, row * 4);
    session[row] = event.session;
    generation[row] = event.generation;
    flags[row] = ofFlags;
    next[row] = head[owner] as number;
    head[owner] = row;
  }

  function newUser(user: string): number {
    const owner = freeUsers.pop() ?? users.length;
    if (owner === head.length) head = grown(head, new Int32Array(grownLength(owner)));
    rows.set(user, owner);
    users[owner] = user;
    head[owner] = -1;
    return owner;
  }

  function take(): number {
    if (firstFree >= 0) {
      const row = firstFree;
      firstFree = next[row] as number;
      return row;
    }
    if (end === time.length) {
      const length = grownLength(end);
      time = grown(time, new Float64Array(length));
      next = grown(next, new Int32Array(length));
      session = grown(session, new Int32Array(length));
      generation = grown(generation, new Uint32Array(length));
      flags = grown(flags, new Uint8Array(length));
      words = grown(words, new Uint32Array(length * 4));
    }
    return end++;
  }

  function newest(user: string, seed: boolean, from: number, to: number): NamedEvent | undefined {
    const owner = rows.get(user);
    if (owner === undefined) return undefined;
    let best = -1;
    for (let row = head[owner] as number; row >= 0; row = next[row] as number) {
      const at = time[row] as number;
      if (at < from || at > to || isSeed(row) !== seed) continue;
      if (!isCurrent(session[row] as number, generation[row] as number)) continue;
      if (best < 0 || stands(row, best)) best = row;
    }
    if (best < 0) return undefined;
    return {
      isCheckout: isCheckout(best),
      session: session[best] as number,
      generation: generation[best] as number,
      time: time[best] as number,
      words: words.slice(best * 4, best * 4 + 4),
    };
  }

  /** Does `row` go before `other` as the event that gives the credit? */
  function stands(row: number, other: number): boolean {
    if (isCheckout(row) !== isCheckout(other)) return isCheckout(row);
    const difference = (time[row] as number) - (time[other] as number);
    return difference > 0 || (difference === 0 && compareWords(words, row * 4, words, other * 4) > 0);
  }

  function isCheckout(row: number): boolean {
    return ((flags[row] as number) & eventFlags.checkout) !== 0;
  }

  function isSeed(row: number): boolean {
    return ((flags[row] as number) & eventFlags.seed) !== 0;
  }

  function sweep(keepFrom: number, part: number): void {
    const inUse = users.length;
    const count = Math.min(inUse, Math.ceil(inUse * part));
    for (let i = 0; i < count; i += 1) {
      if (swept >= inUse) swept = 0;
      if (users[swept] !== undefined) expire(swept, keepFrom);
      swept += 1;
    }
  }

  function expire(owner: number, keepFrom: number): void {
    let kept = -1;
    for (let row = head[owner] as number; row >= 0; ) {
      const following = next[row] as number;
      if ((time[row] as number) < keepFrom || !isCurrent(session[row] as number, generation[row] as number)) {
        next[row] = firstFree;
        firstFree = row;
      } else {
        next[row] = kept;
        kept = row;
      }
      row = following;
    }
    head[owner] = kept;
    if (kept >= 0) return;
    rows.delete(users[owner] as string);
    users[owner] = undefined;
    freeUsers.push(owner);
  }
}

const scratch = new Uint32Array(4);

/** The words of an event id; the same array at each call. */
export function wordsOf(eventId: string): Uint32Array {
  writeWords(eventId, scratch, 0);
  return scratch;
}
