import { entryWindows, rateGroupSeconds, rateGroups } from '../../live-dashboard/frames.ts';
import type { DeadLetterCount, Warehouse } from '../../sinks/warehouse.ts';
import { minutesHeld } from './dead-letter-minutes.ts';
import type { LiveView } from './live-view.ts';
import { MINUTE, windowStart } from './window-ring.ts';

/** A source that was silent for longer begins anew; all of history is not read to tell how long it is. ms */
const rememberedMs = 7 * 86_400_000;

/** The slices of dead letters that the live view counts: whole minutes of the longest of its windows. */
export const countedLetters = (now: number, horizonMs: number): { from: number; sliceMs: number } => ({
  from: windowStart(now, Math.max(minutesHeld(horizonMs), ...Object.values(entryWindows))),
  sliceMs: MINUTE,
});

/**
 * Counters of what leaves a row go on after a restart where they were (funnel.md, "Frames to the browser"). Called
 * when the funnels are rebuilt and before anything comes in; `now` in ms. Rejects as the warehouse does.
 * @param upTo events of a higher ingest_seq are left to who follows the warehouse
 * @returns the dead letters that were counted
 */
export async function restoreLive(
  live: Pick<LiveView, 'restore'>,
  warehouse: Pick<Warehouse, 'countArrivals' | 'countDeadLetters' | 'newestBySource'>,
  {
    now,
    horizonMs,
    upTo,
  }: { readonly now: number; readonly horizonMs: number; readonly upTo?: number | undefined },
): Promise<readonly DeadLetterCount[]> {
  const bounds = { lateMs: horizonMs, ...(upTo === undefined ? {} : { upTo }) };
  const letters = countedLetters(now, horizonMs);
  const sliceMs = rateGroupSeconds * 1_000;
  const near = { from: now - (rateGroups + 1) * sliceMs, sliceMs, ...bounds };
  const [events, rates, deadLetters, reached] = await Promise.all([
    warehouse.countArrivals({ ...letters, ...bounds }),
    warehouse.countArrivals(near),
    warehouse.countDeadLetters(letters),
    warehouse.newestBySource(now - rememberedMs),
  ]);
  live.restore({ events, rates, deadLetters, reached }, now);
  return deadLetters;
}
