import { type RatesFrame, rateGroupSeconds, rateGroups } from '../../live-dashboard/frames.ts';
import { mostAhead } from './arrival.ts';

const GROUP = rateGroupSeconds * 1000;
const groupOf = (at: number): number => Math.floor(at / GROUP) * GROUP;

/** Groups of the last minute. */
const MINUTE_GROUPS = 60 / rateGroupSeconds;

/**
 * Stored events per second in groups of 5 s over 15 minutes, by name (a canonical type or a source). Groups are of
 * arrival, so that a restart changes none; what waited on its way is added to a group that was told already.
 */
export interface Rates {
  /** `at`: ms; one from before the 15 minutes counts nowhere */
  add(at: number, now: number, type: string, source: string, count?: number): void;
  /** All whole groups of the last 15 minutes; names that are 0 throughout are left out. */
  whole(now: number): RatesFrame;
  /**
   * Whole groups that start at or after `from`, and earlier ones from the first that was added to since the last
   * call; undefined when all of them are 0.
   */
  news(from: number, now: number): RatesFrame | undefined;
  /** Mean of the last 12 whole groups. */
  perSecond(source: string, now: number): number;
  /** The start of the group that is still filling. */
  edge(now: number): number;
}

interface Lines {
  add(at: number, name: string, count: number): void;
  values(from: number, groups: number): Readonly<Record<string, readonly number[]>>;
  sum(name: string, from: number, groups: number): number;
}

/** The groups that are shown, the one that is still filling, and those of clocks that are ahead of ours. */
const CELLS = rateGroups + 1 + mostAhead / GROUP + 1;

function createLines(): Lines {
  const lines = new Map<string, { readonly counts: Float64Array; readonly groups: Float64Array }>();
  const cellOf = (group: number): number => (group / GROUP) % CELLS;

  function countAt(line: { counts: Float64Array; groups: Float64Array }, group: number): number {
    const cell = cellOf(group);
    return line.groups[cell] === group ? (line.counts[cell] ?? 0) : 0;
  }

  return {
    add(at, name, count) {
      let line = lines.get(name);
      if (line === undefined) {
        line = { counts: new Float64Array(CELLS), groups: new Float64Array(CELLS) };
        lines.set(name, line);
      }
      const group = groupOf(at);
      const cell = cellOf(group);
      if (line.groups[cell] !== group) {
        line.groups[cell] = group;
        line.counts[cell] = 0;
      }
      line.counts[cell] = (line.counts[cell] ?? 0) + count;
    },
    values(from, groups) {
      const result: Record<string, number[]> = {};
      for (const [name, line] of lines) {
        const counts = Array.from({ length: groups }, (_, i) => countAt(line, from + i * GROUP));
        if (counts.some((count) => count > 0)) result[name] = counts.map((count) => count / rateGroupSeconds);
      }
      return result;
    },
    sum(name, from, groups) {
      const line = lines.get(name);
      let sum = 0;
      if (line !== undefined) for (let i = 0; i < groups; i++) sum += countAt(line, from + i * GROUP);
      return sum;
    },
  };
}

/** The names are of closed lists (canonical types, sources), so that the lines are few. */
export function createRates(): Rates {
  const byType = createLines();
  const bySource = createLines();
  /** the earliest group that was added to since news were asked for */
  let touched = Number.POSITIVE_INFINITY;

  function frame(from: number, now: number): RatesFrame {
    const groups = Math.max(0, (groupOf(now) - from) / GROUP);
    return {
      groupSeconds: rateGroupSeconds,
      from,
      groups,
      byType: byType.values(from, groups),
      bySource: bySource.values(from, groups),
    };
  }
  const first = (now: number): number => groupOf(now) - rateGroups * GROUP;

  return {
    add(at, now, type, source, count = 1) {
      if (groupOf(at) < first(now)) return;
      byType.add(at, type, count);
      bySource.add(at, source, count);
      touched = Math.min(touched, groupOf(at));
    },
    whole: (now) => frame(first(now), now),
    news(from, now) {
      const changed = frame(Math.max(Math.min(from, touched), first(now)), now);
      touched = Number.POSITIVE_INFINITY;
      return Object.keys(changed.byType).length === 0 ? undefined : changed;
    },
    perSecond(source, now) {
      const from = groupOf(now) - MINUTE_GROUPS * GROUP;
      return bySource.sum(source, from, MINUTE_GROUPS) / 60;
    },
    edge: groupOf,
  };
}
