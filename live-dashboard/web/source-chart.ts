import type uPlot from 'uplot';
import { colour, faint } from './colours.ts';
import { byId, setHidden, setText } from './dom.ts';
import { clock, rate } from './format.ts';
import { createRateChart } from './rate-chart.ts';
import { type RatePoints, ratePoints } from './rate-points.ts';
import { createScaleTop } from './scale-top.ts';
import { type StackedSource, sourceName, stackOrder } from './source-names.ts';
import { stackUp } from './stack.ts';
import type { LiveState } from './state.ts';
import { createChartTable } from './table-view.ts';

const HEIGHT = 150;
const tokens: Readonly<Record<StackedSource, string>> = {
  tracking: '--source-1',
  collector: '--source-2',
  rabbitmq: '--source-3',
  replay: '--source-4',
};

interface Shown {
  readonly points: RatePoints;
  /** events per second as they are, not summed; in the order of the stack */
  readonly raw: readonly (readonly number[])[];
}

/** The last 15 minutes by source, one band upon the other. */
export function createSourceChart() {
  const place = byId('sources-chart');
  const asTable = createChartTable('sources-table', 'Events per second by source');
  const scaleTop = createScaleTop();
  let shown: Shown | undefined;
  let at: number | null | undefined;
  const chart = createRateChart(place, HEIGHT, options(pointAt));

  /** Under the cursor: the values themselves; else the sum of the newest point and the highest. */
  function tell(): void {
    if (shown === undefined) return;
    const { points, raw } = shown;
    const sums = points.at.map((_, i) => raw.reduce((sum, line) => sum + (line[i] ?? 0), 0));
    const start = at === null || at === undefined ? undefined : points.at[at];
    setText(
      byId('sources-summary'),
      start !== undefined && at !== null && at !== undefined
        ? [
            clock(start),
            ...cells(raw, at).map((text, i) => `${sourceName(stackOrder[i] ?? '')} ${text}`),
          ].join(' · ')
        : `${rate(sums.at(-1) ?? 0)} a second in the last 10 s, at most ${rate(Math.max(0, ...sums))}`,
    );
  }

  function pointAt(index: number | null | undefined): void {
    at = index;
    tell();
  }

  function show({ rates }: LiveState, now: number): void {
    const points = ratePoints(rates, now);
    const raw = stackOrder.map((source) => points.values(rates.bySource[source]));
    const sums = stackUp([...raw].reverse());
    const highest = Math.max(0, ...(sums.at(-1) ?? []));
    setHidden('sources-none', highest > 0);
    const data: uPlot.AlignedData = [
      points.at.map((start) => start / 1000),
      ...[...sums].reverse().map((sum) => [...sum]),
    ];
    const scale = {
      from: points.from / 1000,
      to: points.to / 1000,
      top: scaleTop.of(highest * 1.05, now, 'sources'),
    };
    shown = { points, raw };
    if (chart.show(data, scale)) tell();
    asTable.show(() => ({
      columns: ['Time', ...stackOrder.map(sourceName)],
      rows: points.at.map((start, i) => [clock(start), ...cells(raw, i)]).reverse(),
    }));
  }

  return { show, redraw: chart.redraw };
}

const cells = (raw: readonly (readonly number[])[], index: number): readonly string[] =>
  raw.map((line) => rate(line[index] ?? 0));

function options(pointAt: (index: number | null | undefined) => void) {
  const axis = {
    stroke: () => colour('--text-3'),
    font: '11px system-ui, sans-serif',
    ticks: { show: false },
    grid: { stroke: () => colour('--line'), width: 1 },
  };
  const lowest = stackOrder.length - 1;
  return {
    padding: [6, 2, 0, 0] as [number, number, number, number],
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 24,
        space: 80,
        values: (_plot: uPlot, splits: number[]) => splits.map((at) => clock(at * 1000, { seconds: false })),
      },
      // as wide as its widest number, so that the plot keeps its left edge
      { ...axis, size: 44, space: 34 },
    ],
    series: [
      {},
      ...stackOrder.map((source, i) => ({
        stroke: () => colour(tokens[source]),
        width: 1.25,
        points: { show: false },
        // the others are filled down to their neighbour only: colours never lie upon each other
        ...(i === lowest ? { fill: () => faint(tokens[source], 0.34) } : {}),
      })),
    ],
    bands: stackOrder.slice(0, lowest).map((source, i) => ({
      series: [i + 1, i + 2] as [number, number],
      fill: () => faint(tokens[source], 0.34),
    })),
    hooks: { setCursor: [(plot: uPlot) => pointAt(plot.cursor.idx)] },
  };
}
