import { creditReach } from './credits.ts';
import type { FunnelDefinition } from './definitions.ts';
import { tieGraceMs } from './entry-rules.ts';
import { minuteOf } from './minutes.ts';

/** The first minute whose cohort is shown (ms). */
export const horizonStartOf = (now: number, horizonHours: number): number =>
  minuteOf(now - horizonHours * 3_600_000);

/**
 * How far before the horizon an event can still matter (ms). By the tie grace a step may stand 2 s before the one
 * before it, so the purchase of the oldest entry stands up to 2 s × (steps − 1) before it, and 24 h before that the
 * event that gives the credit. An entry needs one window: no step-1 event may stand in it. Whether an event that
 * far before it was spent by an earlier entry needs a second window: that one's own. (Two windows are no more than
 * 24 h while the horizon is.)
 */
export function lookBackOf(funnels: readonly FunnelDefinition[]): number {
  return Math.max(
    ...funnels.map(
      ({ windowSeconds, steps }) =>
        Math.max(2 * windowSeconds * 1000, creditReach.before) + tieGraceMs * (steps.length - 1),
    ),
  );
}
