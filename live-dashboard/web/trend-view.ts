import uPlot from 'uplot';
import type { EntryWindow, FunnelFrame } from '../frames.ts';
import { type Cohort, groupCohorts, joinCohorts, trendSpans } from './cohorts.ts';
import { byId, setTextOf } from './dom.ts';
import { clock, integer, share } from './format.ts';
import { niceTop } from './scale-top.ts';
import { wilson } from './wilson.ts';

const HEIGHT = 200;

type Column = (number | null)[];

const colour = (token: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(token).trim();

function faint(token: string, alpha: number): string {
  const hex = colour(token);
  const value = Math.round(alpha * 255)
    .toString(16)
    .padStart(2, '0');
  return `${hex}${value}`;
}

interface Shown {
  readonly cohorts: readonly Cohort[];
  readonly from: number;
  readonly to: number;
  readonly top: number;
}

/** Conversion from the first step to the last by entry time; open cohorts dotted, and never a fall. */
export function createTrend() {
  const place = byId('trend');
  let shown: Shown = { cohorts: [], from: 0, to: 1, top: 1 };
  let drawn = '';
  const plot = new uPlot(
    options(() => shown),
    [[], [], [], [], []],
    place,
  );
  const fit = (): void => {
    if (place.clientWidth > 0) plot.setSize({ width: place.clientWidth, height: HEIGHT });
  };
  new ResizeObserver(fit).observe(place);

  function show(funnel: FunnelFrame, window: EntryWindow, now: number): void {
    const { span, bin } = trendSpans[window];
    const last = funnel.steps.length - 1;
    const times = { now, windowMs: funnel.windowSeconds * 1000, span, bin };
    const cohorts = joinCohorts(groupCohorts(funnel.cohorts, funnel.steps.length, times));
    const key = JSON.stringify([funnel.name, window, cohorts]);
    if (key === drawn) return;
    drawn = key;

    const x = cohorts.map((cohort) => (cohort.from + Math.min(cohort.to, now)) / 2000);
    const rates = cohorts.map(({ reached }): number | null =>
      (reached[0] ?? 0) > 0 ? (reached[last] ?? 0) / (reached[0] ?? 1) : null,
    );
    const bands = cohorts.map(({ reached, open }) =>
      open ? null : wilson(reached[last] ?? 0, reached[0] ?? 0),
    );
    const settled: Column = rates.map((value, i) => (cohorts[i]?.open ? null : value));
    // the dotted line begins at the last settled point, so that the two meet
    const open: Column = rates.map((value, i) => (cohorts[i]?.open || cohorts[i + 1]?.open ? value : null));
    const highest = Math.max(0.01, ...rates.map((value) => value ?? 0));
    shown = {
      cohorts,
      from: (now - span) / 1000,
      to: now / 1000,
      top: Math.min(1, niceTop(highest * 1.1)),
    };
    plot.setData([
      x,
      bands.map((band) => band?.[1] ?? null),
      bands.map((band) => band?.[0] ?? null),
      settled,
      open,
    ]);
    tell(funnel, cohorts, bin);
  }

  return { show, redraw: () => plot.redraw(false) };
}

function tell(funnel: FunnelFrame, cohorts: readonly Cohort[], bin: number): void {
  const last = funnel.steps.length - 1;
  const sum = (step: number) =>
    cohorts.filter((cohort) => !cohort.open).reduce((all, cohort) => all + (cohort.reached[step] ?? 0), 0);
  setTextOf('trend-of', `${funnel.steps[0]?.label ?? ''} → ${funnel.steps[last]?.label ?? ''}`);
  setTextOf(
    'trend-legend',
    `cohorts of ${bin / 60_000} min or more · band: 95% interval · dotted: still in time, will rise`,
  );
  const entered = sum(0);
  setTextOf(
    'trend-summary',
    cohorts.every((cohort) => (cohort.reached[0] ?? 0) === 0)
      ? 'nothing in this window'
      : entered === 0
        ? 'no cohort is settled yet'
        : `${share(sum(last), entered)} settled average, ${integer(sum(last))} of ${integer(entered)} sessions`,
  );
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
