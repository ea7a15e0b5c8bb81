import { definitionOf } from '../../../sinks/gold-definitions.ts';
import { integer } from '../format.ts';
import { goldAddress, type Runs } from './api.ts';
import { ratio } from './compare.ts';
import { type Column, tableCard } from './data-table.ts';
import { dayCell } from './day-cells.ts';
import type { Day } from './days.ts';
import { ownColumn, rateText } from './gold-columns.ts';
import type { Asked } from './page.ts';
import { type FunnelDailyRow, groupBy, type StepRow } from './rows.ts';

/** A table of a funnel by entry day, for each funnel that has entries in the range. */
export function funnelTables(
  asked: Asked,
  steps: readonly StepRow[],
  daily: readonly FunnelDailyRow[],
  letters: ReadonlyMap<Day, number>,
): readonly HTMLElement[] {
  const groups = groupBy(steps, (row) => row.funnel_name);
  const known = asked.runs.report.funnels.map(({ name }) => name).filter((name) => groups.has(name));
  const others = [...groups.keys()].filter((name) => !known.includes(name));
  return [...known, ...others].map((name) =>
    funnelTable(asked, name, groups.get(name) ?? [], name === 'purchase' ? daily : [], letters),
  );
}

function funnelTable(
  { days, today, open, range, runs }: Asked,
  name: string,
  rows: readonly StepRow[],
  daily: readonly FunnelDailyRow[],
  letters: ReadonlyMap<Day, number>,
): HTMLElement {
  const byDay = new Map(
    [...groupBy(rows, (row) => row.funnel_date)].map(([day, of]) => [
      day,
      new Map(of.map((row) => [row.step_order, row])),
    ]),
  );
  const names = new Map(rows.map((row) => [row.step_order, row.funnel_step]));
  const orders = [...names.keys()].sort((a, b) => a - b);
  const [first = 1, last = 1] = [orders[0], orders.at(-1)];
  const label = (order: number): string => names.get(order) ?? '';
  const sessions = (day: Day, order: number): number => byDay.get(day)?.get(order)?.sessions ?? 0;
  const unattributed = new Map(daily.map((row) => [row.metric_date, row.unattributed_purchases]));
  const rate = (key: string, from: number, to: number): Column<Day> =>
    ownColumn(
      key,
      `${label(from)} → ${label(to)}`,
      `Sessions that reached ${label(to)} ÷ sessions that reached ${label(from)}, of those who entered on the day.`,
      (day) => ratio(sessions(day, to), sessions(day, from)),
      rateText,
    );
  const inTime = (day: Day): number =>
    orders.reduce((sum, order) => sum + (byDay.get(day)?.get(order)?.still_in_time ?? 0), 0);
  const columns: readonly Column<Day>[] = [
    {
      key: 'day',
      heading: 'Day',
      value: (day) => day,
      show: (day) => dayCell(day, today, day === open, letters),
    },
    ...orders.map((order) =>
      ownColumn<Day>(
        `step-${order}`,
        label(order),
        definitionOf('conversion_funnel', 'sessions'),
        (day) => sessions(day, order),
        integer,
      ),
    ),
    ...orders.slice(1).map((order, index) => rate(`rate-${order}`, orders[index] ?? first, order)),
    ...(orders.length > 2 ? [{ ...rate('rate-all', first, last), kind: 'strong' as const }] : []),
    ownColumn<Day>(
      'still_in_time',
      'Still in time',
      'Entries of the day that can still take their next step. Nobody still in time is called a loss.',
      inTime,
      integer,
    ),
    ...(daily.length === 0
      ? []
      : [
          ownColumn<Day>(
            'unattributed',
            'Unattributed',
            definitionOf('funnel_daily', 'unattributed_purchases'),
            (day) => unattributed.get(day) ?? 0,
            integer,
          ),
        ]),
  ];
  return tableCard<Day>({
    id: `funnel-${name}`,
    title: `${titleOf(runs, name)} funnel by entry day`,
    note: windowText(runs, name),
    columns,
    rows: [...days].reverse(),
    order: { key: 'day', descending: true },
    things: 'days',
    source: goldAddress('conversion_funnel', range),
    isOpenDay: (day) => day === open,
    file: `funnel-${name}-${range.from}-${range.to}`,
  });
}

const titleOf = ({ report }: Runs, name: string): string =>
  report.funnels.find((one) => one.name === name)?.title ?? name;

function windowText({ report }: Runs, name: string): readonly string[] {
  const seconds = report.funnels.find((one) => one.name === name)?.window_seconds;
  if (seconds === undefined) return [];
  const text = seconds % 3600 === 0 ? `${seconds / 3600} h` : `${Math.round(seconds / 60)} min`;
  return [`${text} to convert`];
}
