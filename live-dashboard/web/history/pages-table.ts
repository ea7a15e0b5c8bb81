import { definitionOf } from '../../../sinks/gold-definitions.ts';
import { derivedFigures } from '../../derived-figures.ts';
import { integer } from '../format.ts';
import { goldAddress } from './api.ts';
import { ratio } from './compare.ts';
import { tableCard } from './data-table.ts';
import { msText, ownColumn, percentText, rateText, secondsText } from './gold-columns.ts';
import { cellBar } from './parts.ts';
import type { DayRange } from './range.ts';
import { groupBy, numberOf, type PageRow, sum } from './rows.ts';

interface Page {
  readonly path: string;
  readonly views: number;
  readonly visitors: number;
  readonly seconds: number | null;
  readonly scroll: number | null;
  readonly entries: number;
  readonly bounce: number | null;
  readonly exit: number | null;
  readonly load: number | null;
}

/** The pages of a range, most viewed first. */
export function pagesTable(rows: readonly PageRow[], range: DayRange): HTMLElement {
  const pages = [...groupBy(rows, (row) => row.page_path)].map(([path, of]) => pageOf(path, of));
  const most = Math.max(1, ...pages.map(({ views }) => views));
  const { pageVisitors, pageMean, pageBounce, pageExit } = derivedFigures;
  return tableCard<Page>({
    id: 'pages',
    title: 'Pages',
    columns: [
      { key: 'path', heading: 'Path', kind: 'mono', value: ({ path }) => path, show: ({ path }) => path },
      {
        ...ownColumn<Page>(
          'views',
          'Views',
          definitionOf('page_performance', 'views'),
          ({ views }) => views,
          integer,
        ),
        kind: 'strong',
      },
      {
        key: 'bar',
        heading: '',
        drawing: true,
        kind: 'left',
        value: () => null,
        show: ({ views }) => [cellBar(views / most)],
      },
      ownColumn('visitors', 'Visitors a day', pageVisitors.text, ({ visitors }) => visitors, integer),
      ownColumn(
        'seconds',
        'Time on page',
        `${definitionOf('page_performance', 'avg_time_on_page_seconds')} ${pageMean.text}`,
        ({ seconds }) => seconds,
        secondsText,
      ),
      ownColumn(
        'scroll',
        'Scroll depth',
        `${definitionOf('page_performance', 'avg_scroll_depth')} ${pageMean.text}`,
        ({ scroll }) => scroll,
        percentText,
      ),
      ownColumn(
        'entries',
        'Entries',
        definitionOf('page_performance', 'entries'),
        ({ entries }) => entries,
        integer,
      ),
      ownColumn('bounce', 'Bounce', pageBounce.text, ({ bounce }) => bounce, rateText),
      ownColumn('exit', 'Exit', pageExit.text, ({ exit }) => exit, rateText),
      ownColumn(
        'load',
        'Load',
        `${definitionOf('page_performance', 'avg_load_time_ms')} ${pageMean.text}`,
        ({ load }) => load,
        msText,
      ),
    ],
    rows: pages,
    order: { key: 'views', descending: true },
    things: 'pages',
    source: goldAddress('page_performance', range),
    file: `pages-${range.from}-${range.to}`,
  });
}

function pageOf(path: string, rows: readonly PageRow[]): Page {
  const views = sum(rows, (row) => row.views);
  return {
    path,
    views,
    visitors: sum(rows, (row) => row.unique_visitors) / rows.length,
    seconds: mean(
      rows,
      (row) => numberOf(row.avg_time_on_page_seconds),
      (row) => row.views,
    ),
    scroll: mean(
      rows,
      (row) => numberOf(row.avg_scroll_depth),
      (row) => row.views,
    ),
    entries: sum(rows, (row) => row.entries),
    bounce: mean(
      rows,
      (row) => numberOf(row.bounce_rate),
      (row) => row.entries,
    ),
    exit: ratio(
      sum(rows, (row) => row.exits),
      views,
    ),
    load: mean(
      rows,
      (row) => numberOf(row.avg_load_time_ms),
      (row) => row.views,
    ),
  };
}

/** Of the rows that have a value, weighted; null where none has. */
export function mean<T>(
  rows: readonly T[],
  of: (row: T) => number | null,
  weight: (row: T) => number,
): number | null {
  const had = rows.filter((row) => of(row) !== null);
  return ratio(
    sum(had, (row) => (of(row) ?? 0) * weight(row)),
    sum(had, weight),
  );
}
