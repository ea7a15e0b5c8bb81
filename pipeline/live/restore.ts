import { entryWindows, rateGroupSeconds, rateGroups } from '../../live-dashboard/frames.ts';
import type { Warehouse } from '../../sinks/warehouse.ts';
import { minutesHeld } from './dead-letter-minutes.ts';
import type { LiveView } from './live-view.ts';
import { MINUTE, windowStart } from './window-ring.ts';

/** A source that was silent for longer begins anew; all of history is not read to tell how long it is. ms */
const rememberedMs = 7 * 86_400_000;

/**
 * Counters of what leaves a row go on after a restart where they were (funnel.md, "Frames to the browser"). Called
 * when the funnels are rebuilt and before anything comes in; `now` in ms. Rejects as the warehouse does.
 */
export async function restoreLive(
  live: Pick<LiveView, 'restore'>,
  warehouse: Pick<Warehouse, 'countArrivals' | 'countDeadLetters' | 'newestBySource'>,
  { now, horizonMs }: { readonly now: number; readonly horizonMs: number },
): Promise<void> {
  const minutes = Math.max(minutesHeld(horizonMs), ...Object.values(entryWindows));
  const whole = { from: windowStart(now, minutes), sliceMs: MINUTE, lateMs: horizonMs };
  const sliceMs = rateGroupSeconds * 1_000;
  const near = { from: now - (rateGroups + 1) * sliceMs, sliceMs, lateMs: horizonMs };
  const [events, rates, deadLetters, reached] = await Promise.all([
    warehouse.countArrivals(whole),
    warehouse.countArrivals(near),
    warehouse.countDeadLetters(whole),
    warehouse.newestBySource(now - rememberedMs),
  ]);
  live.restore({ events, rates, deadLetters, reached }, now);
}
