import { element } from '../dom.ts';
import { integer } from '../format.ts';
import type { LetterCount } from './api.ts';
import type { DayChart } from './day-chart-card.ts';
import type { Day } from './days.ts';
import { groupBy, sum } from './rows.ts';

const strengths = [1, 0.55, 0.3] as const;

/** Dead letters by day: the two most frequent reasons and the rest, most frequent lowest. */
export function lettersChart(
  counts: readonly LetterCount[],
  days: readonly Day[],
  today: Day,
  open: Day | undefined,
): DayChart {
  const reasons = [...groupBy(counts, ({ reason }) => reason)]
    .map(([reason, rows]) => ({ reason, count: sum(rows, ({ letters }) => letters) }))
    .sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1))
    .map(({ reason }) => reason);
  const named = reasons.slice(0, reasons.length > 3 ? 2 : 3);
  const rest = reasons.slice(named.length);
  const groups = [
    ...named.map((reason) => ({ name: reason, of: new Set([reason]) })),
    ...(rest.length === 0 ? [] : [{ name: `${rest.length} other reasons`, of: new Set(rest) }]),
  ];
  const byDay = groupBy(counts, ({ failed_date }) => failed_date);
  const lines = groups.map(({ of }) =>
    days.map((day) =>
      sum(
        (byDay.get(day) ?? []).filter(({ reason }) => of.has(reason)),
        ({ letters }) => letters,
      ),
    ),
  );
  const total = sum(counts, ({ letters }) => letters);
  return {
    id: 'letters-by-day',
    title: 'Dead letters',
    aside: groups.flatMap(({ name }, index) => [
      element(
        'span',
        { class: 'lgi' },
        element('i', { class: `sw o o${index + 1}`, 'aria-hidden': 'true' }),
        ` ${name}`,
      ),
      ' ',
    ]),
    today,
    height: 120,
    days,
    layers: lines.map((values, index) => ({ values, token: '--loss', strength: strengths[index] ?? 0.3 })),
    open,
    axis: (value) => (Number.isInteger(value) ? integer(value) : ''),
    axisWidth: 44,
    columns: groups.map(({ name }) => name),
    cells: (index) => lines.map((values) => integer(values[index] ?? 0)),
    summary: `${integer(total)} dead letters in ${days.length} days${open === undefined ? '' : ', today so far'}`,
  };
}
