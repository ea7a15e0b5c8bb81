import { integer, share } from '../format.ts';
import { goldAddress } from './api.ts';
import { beforeText, change, comparedDays, ratio } from './compare.ts';
import type { Day } from './days.ts';
import type { Figure } from './figures.ts';
import type { Asked } from './page.ts';
import { type FunnelDailyRow, sum } from './rows.ts';

/** View → Purchase of the days on which nobody can convert any more, against those of the range before. */
export function conversionFigure({ range, days, runs }: Asked, funnel: readonly FunnelDailyRow[]): Figure {
  const complete = new Set(funnel.filter((row) => row.is_complete === 1).map((row) => row.metric_date));
  const compared = comparedDays(range, (day) => complete.has(day), runs.first_day);
  const steps = (wanted: readonly Day[]) => {
    const set = new Set(wanted);
    const rows = funnel.filter((row) => set.has(row.metric_date));
    return {
      views: sum(rows, (row) => row.view_sessions),
      purchases: sum(rows, (row) => row.purchase_sessions),
    };
  };
  // while no day is complete, what there is so far is better than nothing, and is said to be so
  const none = compared.now.length === 0;
  const now = steps(none ? days : compared.now);
  const before = steps(compared.before);
  const changed = none
    ? undefined
    : change(ratio(now.purchases, now.views), ratio(before.purchases, before.views), 'points');
  return {
    name: 'conversion',
    value: share(now.purchases, now.views),
    open: none,
    ...(changed === undefined
      ? { note: 'nothing before to compare with' }
      : { change: changed, note: beforeText(range, compared) }),
    rows: goldAddress('funnel_daily', range),
    also: `${integer(now.purchases)} of ${integer(now.views)} sessions`,
  };
}
