import { definitionOf } from '../../../sinks/gold-definitions.ts';
import { element } from '../dom.ts';
import { integer, money, share } from '../format.ts';
import { getJson, goldAddress, goldRows, type LetterCount, together } from './api.ts';
import { beforeText, change, comparedDays, perDay, ratio } from './compare.ts';
import { conversionFigure } from './conversion-figure.ts';
import { chosenCurrency, currenciesOf, currencyChoice, othersText } from './currencies.ts';
import { type Column, tableCard } from './data-table.ts';
import { dayCell } from './day-cells.ts';
import { dayChartCard } from './day-chart-card.ts';
import type { Day } from './days.ts';
import type { Figure } from './figures.ts';
import { funnelCard } from './funnel-card.ts';
import { conspicuousDays, lettersByDay } from './letter-days.ts';
import { ordersTotals } from './orders-totals.ts';
import type { Asked, Drawing, LoadPage } from './page.ts';
import { rangeBefore } from './range.ts';
import {
  type FunnelDailyRow,
  groupBy,
  hundredths,
  numberOf,
  type OrdersRow,
  type StepRow,
  sum,
} from './rows.ts';

interface Read {
  /** of the range and of the range before it */
  readonly orders: readonly OrdersRow[];
  readonly funnel: readonly FunnelDailyRow[];
  /** of the range */
  readonly steps: readonly StepRow[];
  readonly letters: readonly LetterCount[];
}

export const loadExecutive: LoadPage = async (asked) => {
  const { range, signal } = asked;
  const both = { from: rangeBefore(range).from, to: range.to };
  const read = await Promise.all([
    goldRows<OrdersRow>('orders_payments_daily', both, signal),
    goldRows<FunnelDailyRow>('funnel_daily', both, signal),
    goldRows<StepRow>('conversion_funnel', range, signal),
    getJson<{ readonly rows: readonly LetterCount[] }>(
      `/api/dead-letters/summary?from=${range.from}&to=${range.to}`,
      signal,
    ),
  ]);
  const answers = together(read);
  if (answers.kind === 'failed') return answers;
  const [orders, funnel, steps, { rows: letters }] = answers.value;
  return { kind: 'ok', value: (query) => draw({ ...asked, query }, { orders, funnel, steps, letters }) };
};

function draw(asked: Asked, read: Read): Drawing {
  const { range, days, today, open, query } = asked;
  const inRange = read.orders.filter((row) => row.metric_date >= range.from);
  const currencies = currenciesOf(read.orders, (row) => row.total_orders);
  const currency = chosenCurrency(currencies, query);
  const mine = read.orders.filter((row) => row.currency === currency);
  const byDay = new Map(mine.map((row) => [row.metric_date, row]));
  const letters = conspicuousDays(days, lettersByDay(read.letters));

  const values = days.map((day) => hundredths(byDay.get(day)?.total_revenue ?? 0) / 100);
  const millions = Math.max(...values) >= 2_000_000;
  const unit = millions ? 1_000_000 : 1;
  const revenue = dayChartCard({
    id: 'revenue-by-day',
    title: 'Revenue by day',
    aside: [
      `${currency}${millions ? ' million' : ''}`,
      ...(open === undefined
        ? []
        : [' · ', element('i', { class: 'sw t', 'aria-hidden': 'true' }), ' today so far']),
    ],
    today,
    height: 226,
    days,
    layers: [{ values: values.map((value) => value / unit), token: '--blue', strength: 1 }],
    open,
    axis: (value) => (millions ? String(Math.round(value * 100) / 100) : integer(value)),
    axisWidth: millions ? 38 : 64,
    columns: [`${currency}, net of refunds`],
    cells: (index) => [integer(Math.round(values[index] ?? 0))],
    summary: `${money(
      currency,
      sum(
        inRange.filter((row) => row.currency === currency),
        (row) => hundredths(row.total_revenue),
      ),
    )} in ${days.length} days`,
  });

  const complete = completeDays(read.funnel);
  const funnelName = asked.runs.report.funnels[0]?.name ?? 'purchase';
  const ofFunnel = read.steps.filter((row) => row.funnel_name === funnelName);
  const lastComplete = [...days].reverse().find((day) => complete.has(day));
  return {
    figures: figures(asked, read, currency),
    choices: currencyChoice(currencies, currency),
    cards: [
      element('div', { class: 'g3' }, revenue.element, funnelCard(lastComplete, today, ofFunnel, true)),
      tableCard<Day>({
        id: 'orders',
        title: 'Orders and payments by day of creation',
        columns: orderColumns(currency, byDay, (day) => dayCell(day, today, day === open, letters)),
        rows: inRange.length === 0 ? [] : [...days].reverse(),
        order: { key: 'day', descending: true },
        things: 'days',
        source: goldAddress('orders_payments_daily', range),
        isOpenDay: (day) => day === open,
        file: `orders-${currency}-${range.from}-${range.to}`,
      }),
    ],
    charts: revenue.draw,
  };
}

const completeDays = (rows: readonly FunnelDailyRow[]): ReadonlySet<Day> =>
  new Set(rows.filter((row) => row.is_complete === 1).map((row) => row.metric_date));

function figures(asked: Asked, read: Read, currency: string): readonly Figure[] {
  const { range, days, today, open, runs } = asked;
  const orders = read.orders.filter((row) => row.currency === currency);
  const of = (wanted: readonly Day[]) => {
    const set = new Set(wanted);
    return orders.filter((row) => set.has(row.metric_date));
  };
  const compared = comparedDays(range, (day) => day < today, runs.first_day);
  const all = ordersTotals(of(days));
  const [now, before] = [ordersTotals(of(compared.now)), ordersTotals(of(compared.before))];
  // while no day is complete, what there is so far is better than nothing, and is said to be so
  const only = compared.now.length === 0;
  const rated = only ? all : now;
  const onBefore = beforeText(range, compared);
  const note = (changed: string | undefined): Pick<Figure, 'change' | 'note'> =>
    changed === undefined ? { note: 'nothing before to compare with' } : { change: changed, note: onBefore };
  const dayMean = (one: number, days: readonly Day[]) => perDay(one, days.length);
  const rows = goldAddress('orders_payments_daily', range);
  const isOpen = open !== undefined;

  const others = [...groupBy(read.orders, (row) => row.currency)]
    .filter(([name]) => name !== currency)
    .map(([name, group]) => {
      const mine = group.filter((row) => row.metric_date >= range.from);
      return { currency: name, hundredths: ordersTotals(mine).revenue, count: ordersTotals(mine).orders };
    })
    .filter(({ count }) => count > 0);

  return [
    {
      name: 'revenue',
      value: money(currency, all.revenue),
      open: isOpen,
      ...note(
        change(dayMean(now.revenue, compared.now), dayMean(before.revenue, compared.before), 'percent'),
      ),
      rows,
      also: othersText(others, 'orders'),
    },
    {
      name: 'orders',
      value: integer(all.orders),
      open: isOpen,
      ...note(change(dayMean(now.orders, compared.now), dayMean(before.orders, compared.before), 'percent')),
      rows,
    },
    {
      name: 'cancelRate',
      value: share(rated.cancelled, rated.orders),
      open: only,
      ...note(
        only
          ? undefined
          : change(ratio(now.cancelled, now.orders), ratio(before.cancelled, before.orders), 'points'),
      ),
      rows,
      also: `${integer(rated.cancelled)} of ${integer(rated.orders)} orders`,
    },
    {
      name: 'paymentSuccess',
      value: share(rated.tried === 0 ? 0 : rated.paid, rated.tried),
      open: only,
      ...note(
        only ? undefined : change(ratio(now.paid, now.tried), ratio(before.paid, before.tried), 'points'),
      ),
      rows,
      also:
        `${integer(rated.paid)} of ${integer(rated.tried)} orders` +
        (rated.daysOfNone === 0 ? '' : `, without ${integer(rated.daysOfNone)} days of 0%`),
    },
    conversionFigure(asked, read.funnel),
  ];
}

function orderColumns(
  currency: string,
  byDay: ReadonlyMap<Day, OrdersRow>,
  first: (day: Day) => readonly (Node | string)[],
): readonly Column<Day>[] {
  const meaning = (column: Parameters<typeof definitionOf<'orders_payments_daily'>>[1]): string =>
    definitionOf('orders_payments_daily', column);
  const count = (
    key: Parameters<typeof definitionOf<'orders_payments_daily'>>[1] & keyof OrdersRow,
    heading: string,
  ): Column<Day> => {
    const value = (day: Day): number => Number(byDay.get(day)?.[key] ?? 0);
    return { key, heading, definition: meaning(key), value, show: (day) => integer(value(day)) };
  };
  const amount = (key: 'total_revenue' | 'refunded_amount', heading: string): Column<Day> => {
    const value = (day: Day): number => hundredths(byDay.get(day)?.[key] ?? 0) / 100;
    return {
      key,
      heading: `${heading}, ${currency}`,
      definition: meaning(key),
      value,
      show: (day) => integer(Math.round(value(day))),
      ...(key === 'total_revenue' ? { kind: 'strong' as const } : {}),
    };
  };
  return [
    { key: 'day', heading: 'Day', value: (day) => day, show: first },
    amount('total_revenue', 'Revenue'),
    count('total_orders', 'Orders'),
    count('paid_orders', 'Paid online'),
    count('cod_orders', 'COD'),
    count('cancelled_orders', 'Cancelled'),
    {
      key: 'cancel_rate',
      heading: 'Cancel rate',
      definition: 'Orders that were ever cancelled ÷ orders created on the date.',
      value: (day) => ratio(byDay.get(day)?.cancelled_orders ?? 0, byDay.get(day)?.total_orders ?? 0),
      show: (day) => share(byDay.get(day)?.cancelled_orders ?? 0, byDay.get(day)?.total_orders ?? 0),
    },
    {
      key: 'payment_success_rate',
      heading: 'Payment success',
      definition: meaning('payment_success_rate'),
      value: (day) => numberOf(byDay.get(day)?.payment_success_rate ?? null),
      show: (day) => rate(numberOf(byDay.get(day)?.payment_success_rate ?? null)),
    },
    count('refunds_count', 'Refunds'),
    amount('refunded_amount', 'Refunded'),
  ];
}

const rate = (value: number | null): string => (value === null ? '–' : share(value, 1));
