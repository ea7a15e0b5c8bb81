import type { CreditEvent } from './credits.ts';
import { compareWords } from './event-id-words.ts';
import { eventFlags, grown, grownLength } from './session-events.ts';

/** A page view or checkout that names a user (funnel.md 6c, 6d). */
export interface NamedEvent extends CreditEvent {
  readonly isCheckout: boolean;
}

export interface UserEvents {
  /** Row of the user, which is made when it is not there. */
  open(user: string): number;
  /** The same for an event of the session, which mostly names the user that it named before. */
  openFor(user: string, session: number): number;
  add(owner: number, event: CreditEvent, flags: number): void;
  /** The newest checkout, else the newest page view, with this seed flag in [from, to]. */
  newest(owner: number, seed: boolean, from: number, to: number): NamedEvent | undefined;
  /** Keeps the row until `release` was called as often, whether the user has events or not. */
  hold(owner: number): void;
  release(owner: number): void;
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
  let holds = new Uint32Array(256);
  // Two lists a user, at owner × 2 + kind: page views and checkouts.
  /** newest first */
  let sorted = new Int32Array(512);
  /** what came since the list was last asked; most lists never are */
  let arrived = new Int32Array(512);
  let time = new Float64Array(256);
  let next = new Int32Array(256);
  let session = new Int32Array(256);
  let generation = new Uint32Array(256);
  let isSeed = new Uint8Array(256);
  let words = new Uint32Array(1024);
  let end = 0;
  let firstFree = -1;
  let swept = 0;
  const arrivals: number[] = [];
  /** by session: the user whom it named last. To compare one name is cheaper than to look it up. */
  const namedLast = new Int32Array(rememberedSessions);

  return {
    open,
    openFor,
    add,
    newest,
    hold,
    release,
    sweep,
    get size() {
      return rows.size;
    },
    get bytes() {
      return time.length * 37 + holds.length * 20 + rows.size * 140 + namedLast.byteLength;
    },
  };

  function open(user: string): number {
    const known = rows.get(user);
    if (known !== undefined) return known;
    const owner = freeUsers.pop() ?? users.length;
    if (owner === holds.length) {
      const length = grownLength(owner);
      holds = grown(holds, new Uint32Array(length));
      sorted = grown(sorted, new Int32Array(length * 2));
      arrived = grown(arrived, new Int32Array(length * 2));
    }
    rows.set(user, owner);
    users[owner] = user;
    holds[owner] = 0;
    sorted.fill(-1, owner * 2, owner * 2 + 2);
    arrived.fill(-1, owner * 2, owner * 2 + 2);
    return owner;
  }

  function openFor(user: string, ofSession: number): number {
    const place = ofSession % rememberedSessions;
    const named = namedLast[place] as number;
    if (users[named] === user) return named;
    const owner = open(user);
    namedLast[place] = owner;
    return owner;
  }

  function add(owner: number, event: CreditEvent, flags: number): void {
    const row = take();
    const word = row * 4;
    time[row] = event.time;
    words[word] = event.words[0] as number;
    words[word + 1] = event.words[1] as number;
    words[word + 2] = event.words[2] as number;
    words[word + 3] = event.words[3] as number;
    session[row] = event.session;
    generation[row] = event.generation;
    isSeed[row] = flags & eventFlags.seed;
    const list = owner * 2 + ((flags & eventFlags.checkout) !== 0 ? checkouts : pageViews);
    next[row] = arrived[list] as number;
    arrived[list] = row;
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
      isSeed = grown(isSeed, new Uint8Array(length));
      words = grown(words, new Uint32Array(length * 4));
    }
    return end++;
  }

  function newest(owner: number, seed: boolean, from: number, to: number): NamedEvent | undefined {
    return newestOf(owner * 2 + checkouts, seed, from, to) ?? newestOf(owner * 2 + pageViews, seed, from, to);
  }

  function newestOf(list: number, seed: boolean, from: number, to: number): NamedEvent | undefined {
    sort(list);
    for (let row = sorted[list] as number; row >= 0; row = next[row] as number) {
      const at = time[row] as number;
      if (at < from) return undefined;
      if (at > to || (isSeed[row] !== 0) !== seed || !hasSession(row)) continue;
      return {
        isCheckout: list % 2 === checkouts,
        session: session[row] as number,
        generation: generation[row] as number,
        time: at,
        words: words.slice(row * 4, row * 4 + 4),
      };
    }
    return undefined;
  }

  /** Puts what arrived at its place in the sorted list. */
  function sort(list: number): void {
    if ((arrived[list] as number) < 0) return;
    arrivals.length = 0;
    for (let row = arrived[list] as number; row >= 0; row = next[row] as number) arrivals.push(row);
    arrived[list] = -1;
    arrivals.sort(newestFirst);
    let before = -1;
    let after = sorted[list] as number;
    for (const row of arrivals) {
      while (after >= 0 && newestFirst(after, row) < 0) {
        before = after;
        after = next[after] as number;
      }
      if (before < 0) sorted[list] = row;
      else next[before] = row;
      next[row] = after;
      before = row;
    }
  }

  function newestFirst(a: number, b: number): number {
    return (time[b] as number) - (time[a] as number) || compareWords(words, b * 4, words, a * 4);
  }

  function hasSession(row: number): boolean {
    return isCurrent(session[row] as number, generation[row] as number);
  }

  function hold(owner: number): void {
    holds[owner] = (holds[owner] as number) + 1;
  }

  function release(owner: number): void {
    holds[owner] = (holds[owner] as number) - 1;
    closeUnused(owner);
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
    for (let list = owner * 2; list < owner * 2 + 2; list += 1) {
      sort(list);
      let kept = -1;
      let row = sorted[list] as number;
      sorted[list] = -1;
      while (row >= 0) {
        const following = next[row] as number;
        if ((time[row] as number) < keepFrom || !hasSession(row)) {
          next[row] = firstFree;
          firstFree = row;
        } else {
          if (kept < 0) sorted[list] = row;
          else next[kept] = row;
          next[row] = -1;
          kept = row;
        }
        row = following;
      }
    }
    closeUnused(owner);
  }

  function closeUnused(owner: number): void {
    for (let list = owner * 2; list < owner * 2 + 2; list += 1) {
      if ((sorted[list] as number) >= 0 || (arrived[list] as number) >= 0) return;
    }
    if ((holds[owner] as number) > 0) return;
    rows.delete(users[owner] as string);
    users[owner] = undefined;
    freeUsers.push(owner);
  }
}

/** Sessions with the same remainder share a place; a power of two. */
const rememberedSessions = 65_536;

const pageViews = 0;
const checkouts = 1;
