import { definitionOf } from '../../../sinks/gold-definitions.ts';
import { derivedFigures } from '../../derived-figures.ts';
import { integer } from '../format.ts';
import { goldAddress } from './api.ts';
import { tableCard } from './data-table.ts';
import { msText, ownColumn, percentText, rateText, secondsText } from './gold-columns.ts';
import { cellBar } from './parts.ts';
import type { DayRange } from './range.ts';
import { numberOf, type PageRange } from './rows.ts';

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
export function pagesTable(rows: readonly PageRange[], range: DayRange): HTMLElement {
  const pages = rows.map(pageOf);
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
    source: goldAddress('page_range', range),
    file: `pages-${range.from}-${range.to}`,
  });
}

const pageOf = (row: PageRange): Page => ({
  path: row.page_path,
  views: row.views,
  visitors: Number(row.visitors_a_day),
  seconds: numberOf(row.avg_time_on_page_seconds),
  scroll: numberOf(row.avg_scroll_depth),
  entries: row.entries,
  bounce: numberOf(row.bounce_rate),
  exit: numberOf(row.exit_rate),
  load: numberOf(row.avg_load_time_ms),
});
