import { element, setText } from '../dom.ts';
import { createChartTable } from '../table-view.ts';
import type { Charts } from './charts.ts';
import { type Day, longDay, shortDay } from './days.ts';
import { card, defined } from './parts.ts';

export interface DayLine {
  readonly name: string;
  readonly definition: string;
  /** of each day, oldest first; null: a gap */
  readonly values: readonly (number | null)[];
  readonly show: (value: number | null) => string;
}

export interface DayLines {
  readonly id: string;
  readonly title: string;
  readonly aside: readonly (Node | string)[];
  readonly days: readonly Day[];
  readonly today: Day;
  readonly open: Day | undefined;
  readonly lines: readonly DayLine[];
}

/** A line a row, each on its own scale from 0; the number is that of the last complete day, or of the day pointed at. */
export function dayLines(chart: DayLines): {
  readonly rows: readonly HTMLElement[];
  draw(charts: Charts): void;
} {
  const { id, days, open, today } = chart;
  const settled = open === undefined ? days.length - 1 : days.indexOf(open) - 1;
  const told = element('p', { class: 'sub', id: `${id}-told` });
  const made = chart.lines.map((line, index) => ({
    line,
    number: element('b', { class: 'r num', 'data-line': line.name }),
    place: element('div', {
      class: 'chart',
      role: 'img',
      'aria-label': `${line.name} by day, ${line.show(line.values[settled] ?? null)} on the last complete day`,
      'data-chart': `${id}-${index}`,
    }),
  }));

  function tell(at: number | null): void {
    const index = at ?? settled;
    for (const { line, number } of made) setText(number, line.show(line.values[index] ?? null));
    const day = days[index];
    setText(
      told,
      day === undefined ? 'no complete day' : `${longDay(day, today)}${day === open ? ', so far' : ''}`,
    );
  }

  const table = element('div', { id: `${id}-as-table` });
  const ends = [days[0], days[Math.floor((days.length - 1) / 2)], days.at(-1)].filter(
    (day) => day !== undefined,
  );
  tell(null);
  return {
    rows: [
      told,
      ...made.map(({ line, number, place }) =>
        element(
          'div',
          { class: 'ls' },
          element('span', {}, defined(line.name, line.definition)),
          number,
          place,
        ),
      ),
      element(
        'div',
        { class: 'axr', 'aria-hidden': 'true' },
        element('span', {}, ...[...new Set(ends)].map((day) => element('span', {}, shortDay(day)))),
      ),
      table,
    ],
    draw(charts) {
      for (const { line, place } of made)
        charts.line({ place, height: 38, days, values: line.values, open, onDay: tell });
      createChartTable(table.id, chart.title).show(() => ({
        columns: ['Day', ...chart.lines.map(({ name }) => name)],
        rows: days
          .map((day, index) => [
            day === open ? `${longDay(day, today)}, so far` : longDay(day, today),
            ...chart.lines.map(({ values, show }) => show(values[index] ?? null)),
          ])
          .reverse(),
      }));
    },
  };
}

/** The rows as a card of their own. */
export function dayLinesCard(chart: DayLines) {
  const { rows, draw } = dayLines(chart);
  return { element: card({ id: chart.id, title: chart.title, aside: chart.aside, body: rows }), draw };
}
