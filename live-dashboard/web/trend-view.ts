import uPlot from 'uplot';
import type { EntryWindow, FunnelFrame } from '../frames.ts';
import { type Cohort, groupCohorts, joinCohorts, trendSpans } from './cohorts.ts';
import { colour, faint } from './colours.ts';
import { type RatePoint, ratePoint, settledAverage } from './conversion.ts';
import { byId, setTextOf } from './dom.ts';
import { clock, integer, share } from './format.ts';
import { createScaleTop } from './scale-top.ts';
import { type TrendChoice, trendEnds } from './state.ts';

const HEIGHT = 200;

type Column = (number | null)[];

interface Shown {
  readonly cohorts: readonly Cohort[];
  readonly from: number;
  readonly to: number;
  readonly top: number;
}

/** Conversion between two steps by entry time; open cohorts dotted, and never a fall. */
export function createTrend() {
  const place = byId('trend');
  let shown: Shown = { cohorts: [], from: 0, to: 1, top: 1 };
  let drawn = '';
  const scale = createScaleTop();
  const plot = new uPlot(
    options(() => shown),
    [[], [], [], [], []],
    place,
  );
  const fit = (): void => {
    if (place.clientWidth > 0) plot.setSize({ width: place.clientWidth, height: HEIGHT });
  };
  new ResizeObserver(fit).observe(place);

  function show(funnel: FunnelFrame, window: EntryWindow, choice: TrendChoice, now: number): void {
    const { span, bin } = trendSpans[window];
    const ends = trendEnds(choice, funnel.steps.length);
    const times = { now, windowMs: funnel.windowSeconds * 1000, span, bin };
    const cohorts = joinCohorts(groupCohorts(funnel.cohorts, funnel.steps.length, times));
    const points = cohorts.map((cohort) => ratePoint(cohort, ends));
    const highest = Math.max(0.01, ...points.map(({ rate }) => rate ?? 0));
    const view = JSON.stringify([funnel.name, window, choice]);
    const top = Math.min(1, scale.of(highest * 1.1, now, view));
    const key = JSON.stringify([view, top, cohorts]);
    if (key === drawn) return;
    drawn = key;

    shown = { cohorts, from: (now - span) / 1000, to: now / 1000, top };
    const settled: Column = points.map(({ open, rate }) => (open ? null : rate));
    // the dotted line begins at the last settled point, so that the two meet
    const open: Column = points.map(({ open, rate }, i) => (open || points[i + 1]?.open ? rate : null));
    plot.setData([
      cohorts.map((cohort) => (cohort.from + Math.min(cohort.to, now)) / 2000),
      points.map(({ interval }) => interval?.[1] ?? null),
      points.map(({ interval }) => interval?.[0] ?? null),
      settled,
      open,
    ]);
    setTextOf('trend-of', `${funnel.steps[ends.from]?.label ?? ''} → ${funnel.steps[ends.to]?.label ?? ''}`);
    setTextOf(
      'trend-legend',
      `cohorts of ${bin / 60_000} min or more · band: 95% interval · dotted: still in time, will rise`,
    );
    setTextOf('trend-summary', summary(points));
  }

  return { show, redraw: () => plot.redraw(false) };
}

function summary(points: readonly RatePoint[]): string {
  if (points.every(({ whole }) => whole === 0)) return 'nothing in this window';
  const { part, whole } = settledAverage(points);
  if (whole === 0) return 'no cohort is settled yet';
  return `${share(part, whole)} settled average, ${integer(part)} of ${integer(whole)} sessions`;
}

function options(shown: () => Shown): uPlot.Options {
  const axis = {
    stroke: () => colour('--text-3'),
    font: '11px system-ui, sans-serif',
    ticks: { show: false },
    grid: { stroke: () => colour('--line'), width: 1 },
  };
  return {
    width: 600,
    height: HEIGHT,
    padding: [8, 18, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: { x: { range: () => [shown().from, shown().to] }, y: { range: () => [0, shown().top] } },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 24,
        space: 70,
        values: (_plot, splits) => splits.map((at) => clock(at * 1000, { seconds: false })),
      },
      {
        ...axis,
        size: 40,
        space: 34,
        values: (_plot, splits) => splits.map((value) => `${+(value * 100).toFixed(2)}%`),
      },
    ],
    series: [
      {},
      { stroke: () => 'transparent', points: { show: false } },
      { stroke: () => 'transparent', points: { show: false } },
      {
        stroke: () => colour('--blue'),
        width: 2,
        points: { show: true, size: 4, fill: () => colour('--blue') },
      },
      { stroke: () => faint('--blue', 0.75), width: 2, dash: [3, 4], points: { show: false } },
    ],
    bands: [{ series: [1, 2], fill: () => faint('--blue', 0.13) }],
    hooks: { drawClear: [(plot) => drawOpenZone(plot, shown())] },
  };
}

/** From the first open cohort on: a tint and a line, so that the dotted end is not taken for a fall. */
function drawOpenZone(plot: uPlot, { cohorts }: Shown): void {
  const first = cohorts.find((cohort) => cohort.open);
  if (first === undefined) return;
  const { ctx, bbox } = plot;
  const left = Math.max(bbox.left, plot.valToPos(first.from / 1000, 'x', true));
  ctx.save();
  ctx.setLineDash([]);
  ctx.fillStyle = faint('--text-3', 0.07);
  ctx.fillRect(left, bbox.top, bbox.left + bbox.width - left, bbox.height);
  ctx.fillStyle = faint('--text-3', 0.4);
  ctx.fillRect(left, bbox.top, devicePixelRatio, bbox.height);
  ctx.restore();
}
