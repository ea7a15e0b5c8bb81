import { element } from '../dom.ts';
import { clock, integer, milliseconds, share } from '../format.ts';
import { getJson, goldAddress, goldRows, type LetterCount, together } from './api.ts';
import { dayChartCard } from './day-chart-card.ts';
import { type Day, longDay } from './days.ts';
import type { Figure } from './figures.ts';
import { lettersChart } from './letters-chart.ts';
import { lettersView } from './letters-view.ts';
import type { Asked, Drawing, LoadPage } from './page.ts';
import { groupBy, type HealthRow, numberOf, sum } from './rows.ts';
import { runsTable, tookSeconds } from './runs-table.ts';
import { errorsOf, lagText, servicesCard, worstOf } from './services.ts';
import { sourcesCard } from './sources-card.ts';

interface Read {
  readonly health: readonly HealthRow[];
  readonly letters: readonly LetterCount[];
}

export const loadOperations: LoadPage = async (asked) => {
  const { range, signal } = asked;
  const read = await Promise.all([
    goldRows<HealthRow>('system_health_daily', range, signal),
    getJson<{ readonly rows: readonly LetterCount[] }>(summaryAddress(asked), signal),
  ]);
  const answers = together(read);
  if (answers.kind === 'failed') return answers;
  const [health, { rows: letters }] = answers.value;
  return { kind: 'ok', value: () => draw(asked, { health, letters }) };
};

/** The day that Gold is made up to; it is not whole, whatever day it is now. */
const goldDay = ({ runs, today }: Asked): Day => runs.gold_day ?? today;

const summaryAddress = ({ range }: Pick<Asked, 'range'>): string =>
  `/api/dead-letters/summary?from=${range.from}&to=${range.to}`;

function draw(asked: Asked, { health, letters }: Read): Drawing {
  const { range, days, today, open, runs } = asked;
  const chart = dayChartCard(lettersChart(letters, days, today, open));
  chart.element.append(lettersView(range, letters));
  const logged = groupBy(health, (row) => row.metric_date);
  const lastDay = [...days].reverse().find((day) => day < goldDay(asked) && logged.has(day));
  const services = servicesCard(asked, health, lastDay);
  return {
    figures: figures(asked, health, letters, lastDay),
    cards: [
      chart.element,
      element('div', { class: 'g2' }, runsTable(runs.runs), services.element),
      sourcesCard(),
    ],
    charts(charts) {
      chart.draw(charts);
      services.draw(charts);
    },
  };
}

function figures(
  asked: Asked,
  health: readonly HealthRow[],
  letters: readonly LetterCount[],
  lastDay: string | undefined,
): readonly Figure[] {
  const { range, days, today, open, runs } = asked;
  const made = goldDay(asked);
  const pending = sum(
    letters.filter(({ status }) => status === 'pending'),
    (row) => row.letters,
  );
  const of = health.filter((row) => row.metric_date === lastDay);
  const lag = worstOf(of, (row) => numberOf(row.event_lag_ms));
  const latency = worstOf(of, (row) => numberOf(row.p95_latency_ms));
  const complete = health.filter((row) => row.metric_date < made);
  const rated = complete.length === 0 ? health : complete;
  const requests = sum(rated, (row) => row.requests);
  const newest = runs.runs.find(({ status }) => status === 'success');
  const took = newest === undefined ? null : tookSeconds(newest);
  const address = goldAddress('system_health_daily', range);
  const onDay = lastDay === undefined ? 'no complete day' : `on ${longDay(lastDay, today)}`;
  return [
    {
      name: 'pending',
      value: integer(pending),
      open: open !== undefined,
      note: `of ${integer(sum(letters, (row) => row.letters))} in these ${days.length} days`,
      rows: summaryAddress(asked),
    },
    {
      name: 'eventLag',
      value: lag === undefined ? '–' : lagText(lag.value),
      note: lag === undefined ? onDay : `${lag.service}, ${onDay}`,
      rows: address,
    },
    {
      name: 'latency',
      value: latency === undefined ? '–' : milliseconds(latency.value),
      ...(latency === undefined ? {} : { unit: 'ms' }),
      note: latency === undefined ? onDay : `${latency.service}, ${onDay}`,
      rows: address,
    },
    {
      name: 'errorRate',
      value: share(sum(rated, errorsOf), requests),
      open: complete.length === 0 && health.length > 0,
      note: `${integer(sum(rated, errorsOf))} of ${integer(requests)} requests`,
      rows: address,
    },
    {
      name: 'lastCycle',
      value: took === null ? '–' : took.toFixed(1),
      ...(took === null ? {} : { unit: 's' }),
      note:
        newest === undefined
          ? 'no run yet'
          : `${integer(newest.rows_inserted)} rows at ${clock(Date.parse(newest.started_at))}`,
      rows: '/api/runs',
    },
  ];
}
