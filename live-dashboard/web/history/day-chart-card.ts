import { element, setText } from '../dom.ts';
import { createChartTable } from '../table-view.ts';
import type { BarChart, Charts } from './charts.ts';
import { type Day, longDay } from './days.ts';
import { card, nothing } from './parts.ts';

export interface DayChart extends Omit<BarChart, 'place' | 'onDay'> {
  readonly id: string;
  readonly title: string;
  readonly aside: readonly (Node | string)[];
  readonly today: Day;
  /** its table: headings after "Day", and the cells of a day */
  readonly columns: readonly string[];
  readonly cells: (index: number) => readonly string[];
  /** what is said while nothing is pointed at */
  readonly summary: string;
}

/** A card of bars by day with its words and its table; `draw` once it stands on the page. */
export function dayChartCard(chart: DayChart): {
  readonly element: HTMLElement;
  draw(charts: Charts): void;
} {
  const { id, title, days, cells } = chart;
  const empty = chart.layers.every(({ values }) => values.every((value) => value === 0));
  const place = element('div', {
    class: 'chart',
    role: 'img',
    'aria-labelledby': `${id}-heading`,
    'aria-describedby': `${id}-summary`,
  });
  place.style.height = `${chart.height}px`;
  const summary = element('p', { class: 'sub', id: `${id}-summary` }, chart.summary);
  const table = element('div', { id: `${id}-as-table` });
  return {
    element: card({
      id,
      title,
      aside: chart.aside,
      body: [place, ...(empty ? [nothing()] : []), summary, table],
    }),
    draw(charts) {
      const line = (index: number): string =>
        `${longDay(days[index] ?? '', chart.today)}: ${cells(index)
          .map((cell, at) => `${cell} ${chart.columns[at] ?? ''}`)
          .join(', ')}`;
      charts.bars({
        ...chart,
        place,
        onDay: (index) => setText(summary, index === null ? chart.summary : line(index)),
      });
      createChartTable(table.id, title).show(() => ({
        columns: ['Day', ...chart.columns],
        rows: days
          .map((day, index) => [
            day === chart.open ? `${longDay(day, chart.today)}, so far` : longDay(day, chart.today),
            ...cells(index),
          ])
          .reverse(),
      }));
    },
  };
}
