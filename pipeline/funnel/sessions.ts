import type { CohortMinutes } from './cohort-minutes.ts';
import type { FunnelDefinition } from './definitions.ts';
import type { Entries } from './entries.ts';
import { findEntries, noEntries, tieGraceMs } from './entry-rules.ts';
import { nthSmallest } from './nth-smallest.ts';
import { createSessionEvents, eventFlags, grown, grownLength } from './session-events.ts';
import type { StepSignatures } from './step-signatures.ts';

/**
 * The state of a session.
 *
 *   (none) ──first event that is a step, or can own a purchase──▶ settled
 *   settled ──its first event of all, or its last and that the next step of its one entry──▶ settled, counted at once
 *   settled ──any other event that can change an entry, a purchase credited or taken away──▶ dirty
 *   settled ──any other event──▶ settled (it is kept: a later one may make it count)
 *   dirty ──end of the change: its entries are found anew, and the cohorts corrected by the difference──▶ settled
 *   settled ──time: events older than any cohort of the horizon can need are let go──▶ settled, or (none) with the last
 *   settled ──the cap: the sessions silent for longest──▶ (none), counted as evicted, their entries taken back
 *
 * It is settled or dirty in each funnel by itself. Entries are always those of the whole list of events, never of
 * the order in which they arrived. So a session that was folded live, late, replayed or rebuilt has the same entries.
 */
export interface Sessions {
  /** Row of the session, which is made when it is not there. */
  open(id: string): number;
  /** Row of the session, or -1. */
  find(id: string): number;
  /** Goes up when the row is given to another session, so that a stale reference can be told. */
  generation(session: number): number;
  idOf(session: number): string;
  addEvent(session: number, time: number, signature: number, flags: number): void;
  addPurchase(session: number, time: number): void;
  removePurchase(session: number, time: number): void;
  /** A page view, cart or checkout with this seed flag in [from, to]? */
  hasCreditable(session: number, seed: boolean, from: number, to: number): boolean;
  /** Finds the entries of dirty sessions anew. */
  settle(): void;
  /** Lets events before `keepFrom` go in a part (0 to 1) of all sessions, going round. */
  sweep(keepFrom: number, part: number): void;
  /**
   * Lets the sessions silent for longest go until at most `most` are left; tells of each when its last event was.
   * Returns how many went.
   */
  evict(most: number, onEvicted: (silentSince: number) => void): number;
  readonly size: number;
  readonly bytes: number;
}

export function createSessions(
  funnels: readonly FunnelDefinition[],
  entries: Entries,
  cohorts: readonly CohortMinutes[],
  signatures: StepSignatures,
): Sessions {
  const funnelCount = funnels.length;
  const windows = funnels.map((funnel) => funnel.windowSeconds * 1000);
  const stepCounts = funnels.map((funnel) => funnel.steps.length);
  const events = createSessionEvents();
  const rows = new Map<string, number>();
  const ids: (string | undefined)[] = [];
  let first = new Int32Array(256);
  let last = new Int32Array(256);
  let generations = new Uint32Array(256);
  // by slot: session × funnels + funnel
  let isDirty = new Uint8Array(256 * funnelCount);
  let firstEntry = new Int32Array(256 * funnelCount);
  const freeRows: number[] = [];
  /** slots */
  const dirty: number[] = [];
  let swept = 0;
  const found = noEntries();
  const times: number[] = [];
  const stepOf: number[] = [];

  return {
    open,
    find: (id) => rows.get(id) ?? -1,
    generation: (session) => generations[session] as number,
    idOf: (session) => ids[session] ?? '',
    addEvent,
    addPurchase,
    removePurchase,
    hasCreditable,
    settle,
    sweep,
    evict,
    get size() {
      return rows.size;
    },
    get bytes() {
      // The id's text, its place in the map and in the array of ids: measured.
      return events.bytes + entries.bytes + first.length * (12 + 5 * funnelCount) + rows.size * 140;
    },
  };

  function open(id: string): number {
    const known = rows.get(id);
    if (known !== undefined) return known;
    const session = freeRows.pop() ?? ids.length;
    if (session === first.length) grow();
    rows.set(id, session);
    ids[session] = id;
    first[session] = -1;
    last[session] = -1;
    firstEntry.fill(-1, session * funnelCount, (session + 1) * funnelCount);
    return session;
  }

  function grow(): void {
    const length = grownLength(first.length);
    first = grown(first, new Int32Array(length));
    last = grown(last, new Int32Array(length));
    generations = grown(generations, new Uint32Array(length));
    isDirty = grown(isDirty, new Uint8Array(length * funnelCount));
    firstEntry = grown(firstEntry, new Int32Array(length * funnelCount));
  }

  function markDirty(slot: number): void {
    if (isDirty[slot] === 1) return;
    isDirty[slot] = 1;
    dirty.push(slot);
  }

  function addEvent(session: number, time: number, signature: number, flags: number): void {
    const after = place(session, time);
    // The same again at the same ms changes nothing: only the time and the kind of an event count.
    for (let row = after; row >= 0 && events.time[row] === time; row = events.previous[row] as number) {
      if (events.signature[row] === signature && events.flags[row] === flags) return;
    }
    insert(session, after, time, signature, flags);
  }

  function addPurchase(session: number, time: number): void {
    insert(session, place(session, time), time, signatures.purchase, eventFlags.purchase);
  }

  function insert(session: number, after: number, time: number, signature: number, flags: number): void {
    const row = events.take(time, signature, flags);
    link(session, after, row);
    for (let funnel = 0; funnel < funnelCount; funnel += 1) {
      const step = signatures.step(signature, funnel);
      const slot = session * funnelCount + funnel;
      if (step < 0 || isDirty[slot] === 1 || !canChange(slot, windows[funnel] as number, time, step))
        continue;
      if (!goesOn(slot, cohorts[funnel] as CohortMinutes, row, step)) markDirty(slot);
    }
  }

  /**
   * The usual ways for a session to go on, counted at once: it enters with its first event of all, or the last of
   * its events is the next step of its only entry. False: what this event means must be searched.
   */
  function goesOn(slot: number, cohort: CohortMinutes, row: number, step: number): boolean {
    if ((events.next[row] as number) >= 0) return false;
    const time = events.time[row] as number;
    const before = events.previous[row] as number;
    const entry = firstEntry[slot] as number;
    if (step === 0) {
      if (before >= 0 || entry >= 0) return false;
      enter(slot, cohort, time);
      return true;
    }
    if ((entries.next[entry] as number) >= 0 || entries.depth[entry] !== step) return false;
    // By the tie grace the step after this one may stand before it.
    if (before >= 0 && (events.time[before] as number) >= time - tieGraceMs) return false;
    entries.offsets[entry * entries.stride + step - 1] = time - (entries.at[entry] as number);
    entries.depth[entry] = step + 1;
    cohort.deepen(entry);
    return true;
  }

  function enter(slot: number, cohort: CohortMinutes, time: number): void {
    const entry = entries.take();
    entries.at[entry] = time;
    entries.last[entry] = time;
    entries.depth[entry] = 1;
    entries.next[entry] = -1;
    firstEntry[slot] = entry;
    cohort.add(entry);
  }

  function removePurchase(session: number, time: number): void {
    for (let row = place(session, time); row >= 0; row = events.previous[row] as number) {
      if ((events.time[row] as number) < time) return;
      if (events.flags[row] !== eventFlags.purchase) continue;
      unlink(session, row);
      for (let funnel = 0; funnel < funnelCount; funnel += 1) markDirty(session * funnelCount + funnel);
      return;
    }
  }

  /** The last event at or before `time`, or -1. Most events come last, and some first of all. */
  function place(session: number, time: number): number {
    let row = last[session] as number;
    if (row < 0 || (events.time[row] as number) <= time) return row;
    if ((events.time[first[session] as number] as number) > time) return -1;
    while ((events.time[row] as number) > time) row = events.previous[row] as number;
    return row;
  }

  function link(session: number, after: number, row: number): void {
    const next = after < 0 ? (first[session] as number) : (events.next[after] as number);
    events.previous[row] = after;
    events.next[row] = next;
    if (after < 0) first[session] = row;
    else events.next[after] = row;
    if (next < 0) last[session] = row;
    else events.previous[next] = row;
  }

  function unlink(session: number, row: number): void {
    const next = events.next[row] as number;
    const previous = events.previous[row] as number;
    if (previous < 0) first[session] = next;
    else events.next[previous] = next;
    if (next < 0) last[session] = previous;
    else events.previous[next] = previous;
    events.free(row);
  }

  /**
   * Can an event of this step change the entries as they were last found? Most cannot: another view of a session
   * that has entered, a second cart. A busy session is thus not searched again for each of its events.
   */
  function canChange(slot: number, window: number, time: number, step: number): boolean {
    const head = firstEntry[slot] as number;
    if (step === 0) {
      let entry = -1;
      let next = head;
      while (next >= 0 && (entries.at[next] as number) <= time) {
        entry = next;
        next = entries.next[next] as number;
      }
      if (entry < 0 || time - (entries.last[entry] as number) > window) return true;
      if (next >= 0 && (entries.at[next] as number) - time <= window) return true;
      if (time > (entries.last[entry] as number)) entries.last[entry] = time;
      return false;
    }
    let entry = head;
    while (entry >= 0 && (entries.at[entry] as number) + window < time) entry = entries.next[entry] as number;
    if (entry < 0) return false;
    const depth = entries.depth[entry] as number;
    if (depth < step || time < stepTime(entry, step - 1) - tieGraceMs) return false;
    return depth === step || time < stepTime(entry, step);
  }

  function stepTime(entry: number, step: number): number {
    const at = entries.at[entry] as number;
    return step === 0 ? at : at + (entries.offsets[entry * entries.stride + step - 1] as number);
  }

  function settle(): void {
    for (const slot of dirty) {
      if (isDirty[slot] === 0) continue;
      isDirty[slot] = 0;
      const session = Math.floor(slot / funnelCount);
      settleFunnel(session, slot - session * funnelCount);
      if ((first[session] as number) < 0) close(session);
    }
    dirty.length = 0;
  }

  function settleFunnel(session: number, funnel: number): void {
    let count = 0;
    for (let row = first[session] as number; row >= 0; row = events.next[row] as number) {
      const step = signatures.step(events.signature[row] as number, funnel);
      if (step < 0) continue;
      times[count] = events.time[row] as number;
      stepOf[count] = step;
      count += 1;
    }
    const steps = stepCounts[funnel] as number;
    findEntries(times, stepOf, count, steps, windows[funnel] as number, found);
    const cohort = cohorts[funnel] as CohortMinutes;
    const slot = session * funnelCount + funnel;
    let old = firstEntry[slot] as number;
    let previous = -1;
    for (let i = 0; i < found.count; i += 1) {
      const at = found.at[i] as number;
      while (old >= 0 && (entries.at[old] as number) < at) old = drop(cohort, old);
      let row = old;
      if (old >= 0 && entries.at[old] === at) {
        old = entries.next[old] as number;
        if (!sameSteps(row, i, steps)) {
          cohort.remove(row);
          write(row, i, steps);
          cohort.add(row);
        }
      } else {
        row = entries.take();
        entries.at[row] = at;
        write(row, i, steps);
        cohort.add(row);
      }
      entries.last[row] = found.last[i] as number;
      if (previous < 0) firstEntry[slot] = row;
      else entries.next[previous] = row;
      previous = row;
    }
    while (old >= 0) old = drop(cohort, old);
    if (previous < 0) firstEntry[slot] = -1;
    else entries.next[previous] = -1;
  }

  function drop(cohort: CohortMinutes, entry: number): number {
    const next = entries.next[entry] as number;
    cohort.remove(entry);
    entries.free(entry);
    return next;
  }

  function sameSteps(row: number, i: number, steps: number): boolean {
    if (entries.depth[row] !== found.depth[i]) return false;
    for (let step = 1; step < (found.depth[i] as number); step += 1) {
      const offset = found.offsets[i * (steps - 1) + step - 1];
      if (entries.offsets[row * entries.stride + step - 1] !== offset) return false;
    }
    return true;
  }

  function write(row: number, i: number, steps: number): void {
    entries.depth[row] = found.depth[i] as number;
    for (let step = 1; step < (found.depth[i] as number); step += 1) {
      entries.offsets[row * entries.stride + step - 1] = found.offsets[i * (steps - 1) + step - 1] as number;
    }
  }

  function hasCreditable(session: number, seed: boolean, from: number, to: number): boolean {
    for (let row = first[session] as number; row >= 0; row = events.next[row] as number) {
      const time = events.time[row] as number;
      if (time > to) return false;
      if (time < from) continue;
      const flags = events.flags[row] as number;
      if ((flags & eventFlags.creditable) !== 0 && ((flags & eventFlags.seed) !== 0) === seed) return true;
    }
    return false;
  }

  function sweep(keepFrom: number, part: number): void {
    const rowsInUse = ids.length;
    const count = Math.min(rowsInUse, Math.ceil(rowsInUse * part));
    for (let i = 0; i < count; i += 1) {
      if (swept >= rowsInUse) swept = 0;
      if (ids[swept] !== undefined) expire(swept, keepFrom);
      swept += 1;
    }
  }

  function expire(session: number, keepFrom: number): void {
    let row = first[session] as number;
    while (row >= 0 && (events.time[row] as number) < keepFrom) {
      unlink(session, row);
      row = first[session] as number;
    }
    if (row < 0) {
      close(session);
      return;
    }
    for (let funnel = 0; funnel < funnelCount; funnel += 1) {
      const slot = session * funnelCount + funnel;
      let entry = firstEntry[slot] as number;
      while (entry >= 0 && (entries.last[entry] as number) + (windows[funnel] as number) < keepFrom) {
        entry = drop(cohorts[funnel] as CohortMinutes, entry);
      }
      firstEntry[slot] = entry;
    }
  }

  function close(session: number): void {
    for (let funnel = 0; funnel < funnelCount; funnel += 1) {
      let entry = firstEntry[session * funnelCount + funnel] as number;
      while (entry >= 0) entry = drop(cohorts[funnel] as CohortMinutes, entry);
    }
    for (let row = first[session] as number; row >= 0; ) {
      const next = events.next[row] as number;
      events.free(row);
      row = next;
    }
    rows.delete(ids[session] as string);
    ids[session] = undefined;
    first[session] = -1;
    isDirty.fill(0, session * funnelCount, (session + 1) * funnelCount);
    generations[session] = (generations[session] as number) + 1;
    freeRows.push(session);
  }

  function evict(most: number, onEvicted: (silentSince: number) => void): number {
    if (rows.size <= most) return 0;
    // To look at all of them for each new one would be slow: a few more go at once, a few steps for each.
    const going = Math.min(rows.size, rows.size - most + Math.floor(most / 256));
    const silences = new Float64Array(rows.size);
    let count = 0;
    for (let session = 0; session < ids.length; session += 1) {
      if (ids[session] === undefined) continue;
      silences[count] = silentSince(session);
      count += 1;
    }
    const limit = nthSmallest(silences, going - 1);
    let ties = going;
    for (const since of silences) if (since < limit) ties -= 1;
    for (let session = 0; session < ids.length; session += 1) {
      if (ids[session] === undefined) continue;
      const since = silentSince(session);
      if (since > limit || (since === limit && ties <= 0)) continue;
      if (since === limit) ties -= 1;
      close(session);
      onEvicted(since);
    }
    return going;
  }

  function silentSince(session: number): number {
    return events.time[last[session] as number] as number;
  }
}
