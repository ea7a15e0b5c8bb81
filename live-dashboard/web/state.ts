import {
  type CohortMinute,
  type DeadLetterMinute,
  type DeltaFrame,
  type Frame,
  type FunnelFrame,
  type RecentEvent,
  recentLimit,
  type SnapshotFrame,
} from '../frames.ts';
import { mergeRates } from './rates.ts';

/** What the page knows: the last snapshot with every delta since laid on it. */
export type LiveState = SnapshotFrame;

/**
 * What the trend card shows, in the address as `trend`: `all`, from the first step to the last; or k, from step k
 * to step k + 1, counted from 1.
 */
export type TrendChoice = 'all' | number;

/** The choice as an address or a switch writes it; undefined when such a funnel has no such trend. */
export function trendChoice(text: string | null, steps: number): TrendChoice | undefined {
  if (text === 'all') return 'all';
  const step = Number(text);
  return Number.isInteger(step) && step >= 1 && step < steps ? step : undefined;
}

/** The two steps of a trend, from 0. */
export const trendEnds = (
  trend: TrendChoice,
  steps: number,
): { readonly from: number; readonly to: number } =>
  trend === 'all' ? { from: 0, to: steps - 1 } : { from: trend - 1, to: trend };

export type Applied =
  | { readonly kind: 'applied'; readonly state: LiveState }
  /** a frame was missed: ask for a snapshot, and keep showing what there is */
  | { readonly kind: 'gap' };

/** Lays a frame on the state. Pure; a delta that the state already holds changes nothing. */
export function applyFrame(state: LiveState | undefined, frame: Frame): Applied {
  if (frame.kind === 'snapshot') return { kind: 'applied', state: frame };
  if (state === undefined || frame.seq > state.seq + 1) return { kind: 'gap' };
  if (frame.seq <= state.seq) return { kind: 'applied', state };
  return { kind: 'applied', state: merge(state, frame) };
}

function merge(state: LiveState, delta: DeltaFrame): LiveState {
  const { funnels, deadLetterMinutes, rates, recent, ...small } = delta;
  const { horizonStart } = delta;
  return {
    ...state,
    ...small,
    kind: 'snapshot',
    funnels: mergeFunnels(state.funnels, funnels ?? [], horizonStart),
    deadLetterMinutes: mergeMinutes<DeadLetterMinute>(
      state.deadLetterMinutes,
      deadLetterMinutes ?? [],
      horizonStart,
    ),
    rates: rates === undefined ? state.rates : mergeRates(state.rates, rates),
    recent: recent === undefined ? state.recent : mergeRecent(state.recent, recent),
  };
}

function mergeFunnels(
  held: readonly FunnelFrame[],
  changed: readonly FunnelFrame[],
  horizonStart: number,
): readonly FunnelFrame[] {
  const byName = new Map(changed.map((funnel) => [funnel.name, funnel]));
  return held.map((funnel) => {
    const newer = byName.get(funnel.name);
    const cohorts = mergeMinutes<CohortMinute>(funnel.cohorts, newer?.cohorts ?? [], horizonStart);
    return { ...funnel, ...newer, cohorts };
  });
}

/** Touched minutes replace their older selves; minutes before the horizon are let go. Oldest first. */
function mergeMinutes<T extends { readonly at: number }>(
  held: readonly T[],
  touched: readonly T[],
  horizonStart: number,
): readonly T[] {
  const expired = held[0] !== undefined && held[0].at < horizonStart;
  if (touched.length === 0 && !expired) return held;
  const byMinute = new Map(held.map((minute) => [minute.at, minute]));
  for (const minute of touched) byMinute.set(minute.at, minute);
  return [...byMinute.values()].filter(({ at }) => at >= horizonStart).sort((a, b) => a.at - b.at);
}

function mergeRecent(held: readonly RecentEvent[], added: readonly RecentEvent[]): readonly RecentEvent[] {
  const newest = held[0]?.n ?? 0;
  return [...added.filter((event) => event.n > newest), ...held].slice(0, recentLimit);
}
