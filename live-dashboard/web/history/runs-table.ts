import { duration, integer } from '../format.ts';
import type { Run } from './api.ts';
import { type Column, tableCard } from './data-table.ts';
import { momentText, pill } from './moments.ts';
import { defined } from './parts.ts';

/** How long a run took, seconds; null: it is not over. */
export const tookSeconds = ({ started_at, finished_at }: Run): number | null =>
  finished_at === null ? null : (Date.parse(finished_at) - Date.parse(started_at)) / 1000;

/** 2.1s, 8m 48s */
export const tookText = (seconds: number | null): string =>
  seconds === null ? '–' : seconds < 60 ? `${seconds.toFixed(1)}s` : duration(seconds);

const columns: readonly Column<Run>[] = [
  {
    key: 'started',
    heading: 'Started',
    value: ({ started_at }) => started_at,
    show: (run) => momentText(run.started_at),
  },
  {
    key: 'type',
    heading: 'Type',
    kind: 'left',
    value: ({ run_type }) => run_type,
    show: ({ run_type }) => run_type,
  },
  {
    key: 'status',
    heading: 'Status',
    kind: 'left',
    value: ({ status }) => status,
    show: ({ status }) => [pill(status)],
  },
  {
    key: 'took',
    heading: 'Took',
    definition: 'From the start of the run to its end.',
    value: tookSeconds,
    show: (run) => tookText(tookSeconds(run)),
  },
  {
    key: 'rows',
    heading: 'Rows',
    definition: 'Rows that the run wrote to Silver and Gold.',
    value: ({ rows_inserted }) => rows_inserted,
    show: ({ rows_inserted }) => integer(rows_inserted),
  },
  {
    key: 'message',
    heading: 'Message',
    kind: 'left',
    value: ({ error_message }) => error_message,
    show: ({ error_message }) =>
      error_message === null ? '' : [defined(error_message, error_message, { class: 'def message' })],
  },
];

/** The newest runs of Silver and Gold. */
export const runsTable = (runs: readonly Run[]): HTMLElement =>
  tableCard<Run>({
    id: 'runs',
    title: 'ETL runs',
    note: ['the newest 50, in your zone'],
    columns,
    rows: runs,
    order: { key: 'started', descending: true },
    things: 'runs',
    source: '/api/runs',
    file: 'etl-runs',
    empty: 'no run yet',
  });
