import { definitionOf } from '../../../sinks/gold-definitions.ts';
import { integer } from '../format.ts';
import { getJson, goldAddress, goldRows, type LetterCount, together } from './api.ts';
import { beforeText, change, comparedDays, perDay } from './compare.ts';
import { conversionFigure } from './conversion-figure.ts';
import { dayLinesCard } from './day-lines.ts';
import type { Day } from './days.ts';
import type { Figure } from './figures.ts';
import { funnelTables } from './funnel-table.ts';
import { conspicuousDays, lettersByDay } from './letter-days.ts';
import type { Asked, Drawing, LoadPage } from './page.ts';
import { pagesTable } from './pages-table.ts';
import { rowsLink, separator } from './parts.ts';
import { rangeBefore } from './range.ts';
import { type BehaviorRow, type FunnelDailyRow, type PageRange, type StepRow, sum } from './rows.ts';

interface Read {
  /** of the range and of the range before it */
  readonly behavior: readonly BehaviorRow[];
  readonly funnel: readonly FunnelDailyRow[];
  /** of the range */
  readonly steps: readonly StepRow[];
  readonly pages: readonly PageRange[];
  readonly letters: readonly LetterCount[];
}

export const loadBehavior: LoadPage = async (asked) => {
  const { range, signal } = asked;
  const both = { from: rangeBefore(range).from, to: range.to };
  const read = await Promise.all([
    goldRows<BehaviorRow>('behavior_daily', both, signal),
    goldRows<FunnelDailyRow>('funnel_daily', both, signal),
    goldRows<StepRow>('conversion_funnel', range, signal),
    goldRows<PageRange>('page_range', range, signal),
    getJson<{ readonly rows: readonly LetterCount[] }>(
      `/api/dead-letters/summary?from=${range.from}&to=${range.to}`,
      signal,
    ),
  ]);
  const answers = together(read);
  if (answers.kind === 'failed') return answers;
  const [behavior, funnel, steps, pages, { rows: letters }] = answers.value;
  return { kind: 'ok', value: () => draw(asked, { behavior, funnel, steps, pages, letters }) };
};

const counts = [
  ['sessions', 'Sessions'],
  ['page_views', 'Page views'],
  ['clicks', 'Clicks'],
  ['add_to_cart', 'Carts'],
  ['begin_checkout', 'Checkouts'],
  ['purchases', 'Purchases'],
] as const;

function draw(asked: Asked, { behavior, funnel, steps, pages, letters }: Read): Drawing {
  const { range, days, today, open } = asked;
  const byDay = new Map(behavior.map((row) => [row.metric_date, row]));
  const lines = dayLinesCard({
    id: 'by-day',
    title: 'By day',
    aside: [
      'each row its own scale from 0 · dashed: today so far',
      separator(),
      rowsLink(goldAddress('behavior_daily', range), 'behavior by day'),
    ],
    days,
    today,
    open,
    lines: counts.map(([column, name]) => ({
      name,
      definition: definitionOf('behavior_daily', column),
      values: days.map((day) => byDay.get(day)?.[column] ?? 0),
      show: integer,
    })),
  });
  const conspicuous = conspicuousDays(days, lettersByDay(letters));
  const inRange = funnel.filter((row) => row.metric_date >= range.from);
  return {
    figures: figures(asked, behavior, funnel),
    cards: [lines.element, ...funnelTables(asked, steps, inRange, conspicuous), pagesTable(pages, range)],
    charts: lines.draw,
  };
}

function figures(
  asked: Asked,
  behavior: readonly BehaviorRow[],
  funnel: readonly FunnelDailyRow[],
): readonly Figure[] {
  const { range, days, today, open, runs } = asked;
  const compared = comparedDays(range, (day) => day < today, runs.first_day);
  const total = (wanted: readonly Day[], column: (typeof counts)[number][0]): number => {
    const set = new Set(wanted);
    return sum(
      behavior.filter((row) => set.has(row.metric_date)),
      (row) => row[column],
    );
  };
  const count = (name: Figure['name'], column: (typeof counts)[number][0]): Figure => {
    const changed = change(
      perDay(total(compared.now, column), compared.now.length),
      perDay(total(compared.before, column), compared.before.length),
      'percent',
    );
    return {
      name,
      value: integer(total(days, column)),
      open: open !== undefined,
      ...(changed === undefined
        ? { note: 'nothing before to compare with' }
        : { change: changed, note: beforeText(range, compared) }),
      rows: goldAddress('behavior_daily', range),
    };
  };
  return [
    count('sessions', 'sessions'),
    count('pageViews', 'page_views'),
    count('carts', 'add_to_cart'),
    count('purchases', 'purchases'),
    conversionFigure(asked, funnel),
  ];
}
