import type { CohortMinute, StepCounts } from '../../live-dashboard/frames.ts';
import type { Changes } from './changes.ts';
import type { FunnelDefinition } from './definitions.ts';
import { binOf, binsFor, quantile } from './duration-histogram.ts';
import type { Entries } from './entries.ts';
import { tieGraceMs } from './entry-rules.ts';
import { minuteMs, minuteNumber } from './minutes.ts';

/** Changes of one kind that follow each other within this time (ms) are told as one. */
const revisionMs = 600_000;

/** Sums over entries: sessions that reached each step, and how long each step took. */
interface Sums {
  readonly reached: number[];
  /** of step k (0-based) at k − 1; made when the first session reaches it */
  readonly durations: (Uint32Array | undefined)[];
}

interface Minute extends Sums {
  readonly at: number;
  firstEntry: number;
  version: number;
  /** reached before the change under way, when the cohort was closed already */
  before: readonly number[] | undefined;
  revised: CohortMinute['revised'];
}

/** The minute buckets of one funnel over the horizon (funnel.md 5, 7, 9). */
export interface CohortMinutes {
  /** Counts an entry; one older than the horizon counts nowhere. */
  add(entry: number): void;
  /** Counts the last step of an entry that was counted without it. */
  deepen(entry: number): void;
  /** Takes back what `add` counted, before the row is changed. */
  remove(entry: number): void;
  /** Marks closed cohorts that an event changed (funnel.md 7). After each event, before the change ends. */
  finishChange(): void;
  /** Touches cohorts in which a session's time ran out between the two, and drops those that left the horizon. */
  passTime(from: number, to: number, horizonStart: number): void;
  windowCounts(from: number, now: number): readonly StepCounts[];
  /** oldest first; minutes without a session only when `since` is given, as what became of a touched one */
  cohorts(now: number, since: number | undefined): readonly CohortMinute[];
  readonly bytes: number;
}

export function createCohortMinutes(
  funnel: FunnelDefinition,
  entries: Entries,
  changes: Changes,
): CohortMinutes {
  const window = funnel.windowSeconds * 1000;
  const steps = funnel.steps.length;
  // A step may stand a little before the entry, and the next one at the end of the window.
  const bins = binsFor(window + tieGraceMs * steps);
  /** by minute number: as keys, small integers are faster than times */
  const minutes = new Map<number, Minute>();
  /** over all minutes of the horizon */
  const total = noSums(steps);
  let horizonStart = Number.NEGATIVE_INFINITY;
  let touched: Minute[] = [];
  let histograms = 0;

  return {
    add,
    deepen,
    remove,
    finishChange,
    passTime,
    windowCounts,
    cohorts,
    get bytes() {
      return histograms * bins * 4 + minutes.size * 300;
    },
  };

  function add(entry: number): void {
    const at = entries.at[entry] as number;
    if (at < horizonStart) return;
    const number = minuteNumber(at);
    const minute = minutes.get(number) ?? newMinute(number);
    touch(minute);
    count(minute, entry, 1);
    count(total, entry, 1);
    entries.minutePrevious[entry] = -1;
    entries.minuteNext[entry] = minute.firstEntry;
    if (minute.firstEntry >= 0) entries.minutePrevious[minute.firstEntry] = entry;
    minute.firstEntry = entry;
  }

  function deepen(entry: number): void {
    const minute = minutes.get(minuteNumber(entries.at[entry] as number));
    if (minute === undefined) return;
    touch(minute);
    const step = (entries.depth[entry] as number) - 1;
    countStep(minute, entry, step, 1);
    countStep(total, entry, step, 1);
  }

  function remove(entry: number): void {
    const minute = minutes.get(minuteNumber(entries.at[entry] as number));
    if (minute === undefined) return;
    touch(minute);
    count(minute, entry, -1);
    count(total, entry, -1);
    const next = entries.minuteNext[entry] as number;
    const previous = entries.minutePrevious[entry] as number;
    if (previous >= 0) entries.minuteNext[previous] = next;
    else minute.firstEntry = next;
    if (next >= 0) entries.minutePrevious[next] = previous;
  }

  function count(sums: Sums, entry: number, by: 1 | -1): void {
    sums.reached[0] = (sums.reached[0] as number) + by;
    const depth = entries.depth[entry] as number;
    for (let step = 1; step < depth; step += 1) countStep(sums, entry, step, by);
  }

  /** @param step 0-based, not the first */
  function countStep(sums: Sums, entry: number, step: number, by: 1 | -1): void {
    sums.reached[step] = (sums.reached[step] as number) + by;
    const offset = entry * entries.stride + step - 1;
    const before = step === 1 ? 0 : (entries.offsets[offset - 1] as number);
    const durations = sums.durations[step - 1] ?? newDurations(sums, step);
    const bin = binOf((entries.offsets[offset] as number) - before);
    durations[bin] = (durations[bin] as number) + by;
  }

  function newDurations(sums: Sums, step: number): Uint32Array {
    const made = new Uint32Array(bins);
    sums.durations[step - 1] = made;
    histograms += 1;
    return made;
  }

  function newMinute(number: number): Minute {
    const minute: Minute = {
      ...noSums(steps),
      at: number * minuteMs,
      firstEntry: -1,
      version: 0,
      before: undefined,
      revised: undefined,
    };
    minutes.set(number, minute);
    return minute;
  }

  function touch(minute: Minute): void {
    minute.version = changes.touch();
    if (minute.before !== undefined || changes.cause === 'rebuild') return;
    if (minute.at + minuteMs + window > changes.now) return;
    minute.before = minute.reached.slice();
    touched.push(minute);
  }

  function finishChange(): void {
    if (touched.length === 0) return;
    const changed = touched.flatMap((minute) => {
      const { before } = minute;
      minute.before = undefined;
      const isSame = before?.every((count, step) => count === minute.reached[step]) ?? true;
      return isSame || before === undefined ? [] : [{ minute, before }];
    });
    touched = [];
    // An event that moves an entry from one minute to another changes both, and is one event: it counts where
    // somebody was before, which is what can be told as revised.
    const counted = changed.find(({ before }) => (before[0] as number) > 0) ?? changed[0];
    const why = changes.cause === 'replay' ? 'replay' : 'late';
    for (const one of changed) {
      const { revised } = one.minute;
      const goesOn = revised?.why === why && changes.now - revised.at < revisionMs;
      one.minute.revised = {
        at: changes.now,
        why,
        events: (one === counted ? 1 : 0) + (goesOn ? revised.events : 0),
        // What it was before the first of these events: the number of them and the change belong together.
        before: goesOn ? revised.before : one.before,
      };
    }
  }

  function passTime(from: number, to: number, newHorizonStart: number): void {
    if (newHorizonStart !== horizonStart) dropBefore(newHorizonStart);
    const lastClosing = minuteNumber(to - window);
    let closing = minuteNumber(Math.max(from - window, horizonStart));
    for (; closing <= lastClosing; closing += 1) {
      const minute = minutes.get(closing);
      if (minute !== undefined && anyClosed(minute, from, to)) minute.version = changes.touch();
    }
  }

  function dropBefore(newHorizonStart: number): void {
    horizonStart = newHorizonStart;
    for (const [number, minute] of minutes) {
      if (minute.at >= horizonStart) continue;
      minutes.delete(number);
      forget(minute);
    }
  }

  function anyClosed(minute: Minute, from: number, to: number): boolean {
    for (let entry = minute.firstEntry; entry >= 0; entry = entries.minuteNext[entry] as number) {
      const closes = (entries.at[entry] as number) + window;
      if (closes > from && closes <= to && (entries.depth[entry] as number) < steps) return true;
    }
    return false;
  }

  function forget(minute: Minute): void {
    for (let step = 0; step < steps; step += 1) {
      total.reached[step] = (total.reached[step] as number) - (minute.reached[step] as number);
      const own = minute.durations[step];
      if (own === undefined) continue;
      const all = total.durations[step] as Uint32Array;
      for (let bin = 0; bin < own.length; bin += 1) all[bin] = (all[bin] as number) - (own[bin] as number);
      histograms -= 1;
    }
  }

  /** Of step k (0-based): how many that reached k − 1 and not k can still convert; index 0 is 0. */
  function stillInTime(minute: Minute, now: number): number[] {
    const counts = new Array<number>(steps).fill(0);
    if (minute.at + minuteMs + window <= now) return counts;
    if (minute.at + window > now) {
      for (let step = 1; step < steps; step += 1) {
        counts[step] = (minute.reached[step - 1] as number) - (minute.reached[step] as number);
      }
      return counts;
    }
    for (let entry = minute.firstEntry; entry >= 0; entry = entries.minuteNext[entry] as number) {
      const depth = entries.depth[entry] as number;
      if (depth === steps || (entries.at[entry] as number) + window <= now) continue;
      counts[depth] = (counts[depth] as number) + 1;
    }
    return counts;
  }

  function windowCounts(from: number, now: number): readonly StepCounts[] {
    const whole = from <= horizonStart;
    const sums = whole ? total : noSums(steps);
    const open = new Array<number>(steps).fill(0);
    for (const minute of minutes.values()) {
      if (minute.at < from) continue;
      if (!whole) addUp(sums, minute);
      if (minute.at + minuteMs + window <= now) continue;
      stillInTime(minute, now).forEach((count, step) => {
        open[step] = (open[step] as number) + count;
      });
    }
    return sums.reached.map((sessions, step) => {
      const durations = step === 0 ? undefined : sums.durations[step - 1];
      const inTime = open[step] as number;
      return {
        sessions,
        stillInTime: inTime,
        dropped: step === 0 ? 0 : (sums.reached[step - 1] as number) - sessions - inTime,
        medianSeconds: seconds(durations, 0.5),
        p90Seconds: seconds(durations, 0.9),
      };
    });
  }

  function addUp(sums: Sums, minute: Minute): void {
    for (let step = 0; step < steps; step += 1) {
      sums.reached[step] = (sums.reached[step] as number) + (minute.reached[step] as number);
      const own = minute.durations[step];
      if (own === undefined) continue;
      const all = sums.durations[step];
      if (all === undefined) {
        sums.durations[step] = own.slice();
        continue;
      }
      for (let bin = 0; bin < own.length; bin += 1) all[bin] = (all[bin] as number) + (own[bin] as number);
    }
  }

  function cohorts(now: number, since: number | undefined): readonly CohortMinute[] {
    const found: CohortMinute[] = [];
    for (const minute of minutes.values()) {
      if (minute.at < horizonStart) continue;
      if (since === undefined ? minute.reached[0] === 0 && !minute.revised : minute.version <= since)
        continue;
      found.push({
        at: minute.at,
        reached: minute.reached.slice(),
        stillInTime: stillInTime(minute, now),
        ...(minute.revised === undefined ? {} : { revised: minute.revised }),
      });
    }
    return found.sort((a, b) => a.at - b.at);
  }
}

const noSums = (steps: number): Sums => ({
  reached: new Array<number>(steps).fill(0),
  durations: new Array<Uint32Array | undefined>(steps).fill(undefined),
});

function seconds(durations: Uint32Array | undefined, p: number): number | null {
  const ms = durations === undefined ? null : quantile(durations, p);
  return ms === null ? null : ms / 1000;
}
