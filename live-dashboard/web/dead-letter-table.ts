import type { DeadLetterMinute } from '../frames.ts';
import { clock, integer } from './format.ts';
import type { ChartTable } from './table-view.ts';

/** Dead letters by minute of arrival and reason since `from` (ms since 1970), newest first. */
export function deadLetterTable(minutes: readonly DeadLetterMinute[], from: number): ChartTable {
  return {
    columns: ['Arrived', 'Reason', 'Concerns', 'Count'],
    rows: minutes
      .filter(({ at }) => at >= from)
      .flatMap(({ at, reasons }) =>
        reasons.map(({ reason, concerns, count }) => [
          clock(at, { seconds: false }),
          reason,
          concerns ?? '–',
          integer(count),
        ]),
      )
      .reverse(),
  };
}
