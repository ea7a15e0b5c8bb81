import type { LiveFunnel, LiveOrders } from './live-frame.ts';
import type { Entries } from './live-sql.ts';

/** What one look at one funnel found. */
export interface FunnelLook {
  /** minutes that stood still and were held against SQL */
  readonly held: number;
  /** minutes that events moved while we looked: which of two states SQL saw, nobody can say */
  readonly moved: number;
  /** in words */
  readonly differences: readonly string[];
}

const entryWindows = { '15m': 15, '1h': 60, '24h': 1440 } as const;
const minute = 60_000;
const iso = (at: number): string => new Date(at).toISOString();

interface Counts {
  readonly reached: readonly number[];
  readonly stillInTime: readonly number[];
}

const same = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((value, index) => value === b[index]);

/** reached and stillInTime of each step (funnel.md 5). */
function countsOf(entries: readonly Entries[], steps: number, now: number): Counts {
  const sum = (fits: (entry: Entries) => boolean): number =>
    entries.reduce((total, entry) => total + (fits(entry) ? entry.count : 0), 0);
  const each = Array.from({ length: steps }, (_, index) => index);
  return {
    reached: each.map((index) => sum(({ depth }) => depth > index)),
    stillInTime: each.map((index) =>
      index === 0 ? 0 : sum(({ depth, closesAt }) => depth === index && closesAt > now),
    ),
  };
}

function byMinute(entries: readonly Entries[]): ReadonlyMap<number, readonly Entries[]> {
  const found = new Map<number, Entries[]>();
  for (const entry of entries) found.set(entry.at, [...(found.get(entry.at) ?? []), entry]);
  return found;
}

/**
 * One funnel. Bronze as SQL saw it lies between the two frames: a minute that is alike in both is what SQL must
 * have counted.
 * @param after was read after SQL was; windows are open or closed by its `now`
 */
export function lookAt(
  before: LiveFunnel,
  after: LiveFunnel,
  entries: readonly Entries[],
  { now, horizonStart }: { readonly now: number; readonly horizonStart: number },
): FunnelLook {
  const steps = after.windows['24h'].length;
  const nothing = Array.from({ length: steps }, () => 0);
  const earlier = new Map(before.cohorts.map((cohort) => [cohort.at, cohort]));
  const later = new Map(after.cohorts.map((cohort) => [cohort.at, cohort]));
  const counted = byMinute(entries);
  const minutes = [...new Set([...earlier.keys(), ...later.keys(), ...counted.keys()])]
    .filter((at) => at >= horizonStart)
    .sort((a, b) => a - b);
  const differences: string[] = [];
  let [held, moved] = [0, 0];
  for (const at of minutes) {
    const live = later.get(at) ?? { reached: nothing, stillInTime: nothing };
    if (!same(earlier.get(at)?.reached ?? nothing, live.reached)) {
      moved += 1;
      continue;
    }
    held += 1;
    const sql = countsOf(counted.get(at) ?? [], steps, now);
    if (!same(live.reached, sql.reached))
      differences.push(`${iso(at)} reached: live ${live.reached.join(' ')}, SQL ${sql.reached.join(' ')}`);
    if (!same(live.stillInTime, sql.stillInTime))
      differences.push(
        `${iso(at)} still in time: live ${live.stillInTime.join(' ')}, SQL ${sql.stillInTime.join(' ')}`,
      );
  }
  if (moved === 0) differences.push(...windowDifferences(after, entries, now, horizonStart));
  return { held, moved, differences };
}

function windowDifferences(
  { windows }: LiveFunnel,
  entries: readonly Entries[],
  now: number,
  horizonStart: number,
): readonly string[] {
  return (['15m', '1h', '24h'] as const).flatMap((name) => {
    const from = Math.max(horizonStart, Math.floor((now - entryWindows[name] * minute) / minute) * minute);
    const live = windows[name];
    const { reached, stillInTime } = countsOf(
      entries.filter(({ at }) => at >= from),
      live.length,
      now,
    );
    return live.flatMap((step, index) => {
      const before = reached[index - 1] ?? 0;
      const [sessions, open] = [reached[index] ?? 0, stillInTime[index] ?? 0];
      const dropped = index === 0 ? 0 : before - sessions - open;
      const agrees = step.sessions === sessions && step.stillInTime === open && step.dropped === dropped;
      return agrees
        ? []
        : [
            `${name}, step ${index + 1}: live ${step.sessions} reached, ${step.stillInTime} still in time, ` +
              `${step.dropped} dropped; SQL ${sessions}, ${open}, ${dropped}`,
          ];
    });
  });
}

/** undefined: they moved while we looked. */
export function lookAtOrders(
  before: LiveOrders,
  after: LiveOrders,
  sql: LiveOrders,
): readonly string[] | undefined {
  const told = (orders: LiveOrders): string =>
    `${orders.orders} orders, ${orders.unattributed} unattributed, ` +
    (orders.revenue.map(({ currency, amount }) => `${(amount / 100).toFixed(2)} ${currency}`).join(' + ') ||
      'no revenue');
  if (told(before) !== told(after)) return undefined;
  return told(after) === told(sql) ? [] : [`orders of 24h: live ${told(after)}; SQL ${told(sql)}`];
}
