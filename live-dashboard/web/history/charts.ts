import uPlot from 'uplot';
import { colour, faint } from '../colours.ts';
import { niceTop } from '../scale-top.ts';
import { stackUp } from '../stack.ts';
import { type Day, dayMs, shortDay } from './days.ts';

const HALF_DAY = 43_200;
const barSize = { part: 0.56, most: 38 } as const;

export interface Layer {
  /** a value of each day */
  readonly values: readonly number[];
  readonly token: string;
  /** how strong its colour is, 0 to 1 */
  readonly strength: number;
}

export interface BarChart {
  readonly place: HTMLElement;
  readonly height: number;
  readonly days: readonly Day[];
  /** from the lowest of the stack up */
  readonly layers: readonly Layer[];
  /** the day that is still running, which is hatched; of one layer only */
  readonly open: Day | undefined;
  readonly axis: (value: number) => string;
  readonly axisWidth: number;
  /** the day under the cursor; null: none */
  readonly onDay: (index: number | null) => void;
}

export interface LineChart {
  readonly place: HTMLElement;
  readonly height: number;
  readonly days: readonly Day[];
  /** null: a gap */
  readonly values: readonly (number | null)[];
  readonly open: Day | undefined;
  readonly onDay: (index: number | null) => void;
}

/** The charts of one drawing of a page, which a change of theme redraws and the next drawing lets go. */
export interface Charts {
  /** noted, and made by `show` */
  bars(chart: BarChart): void;
  line(chart: LineChart): void;
  /** Makes what was noted. All widths are read before anything is made: else each chart lays out the page anew. */
  show(): void;
  redraw(): void;
  destroy(): void;
}

interface Noted {
  readonly place: HTMLElement;
  readonly height: number;
  readonly options: Omit<uPlot.Options, 'width' | 'height' | 'legend'>;
  readonly data: uPlot.AlignedData;
}

export function createCharts(): Charts {
  const plots = new Map<HTMLElement, { readonly plot: uPlot; readonly height: number }>();
  const noted: Noted[] = [];
  const watch = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const held = target instanceof HTMLElement ? plots.get(target) : undefined;
      if (held === undefined || target.clientWidth === 0 || target.clientWidth === held.plot.width) continue;
      held.plot.setSize({ width: target.clientWidth, height: held.height });
    }
  });

  return {
    bars(chart) {
      noted.push({ ...chart, options: barOptions(chart), data: barData(chart) });
    },
    line(chart) {
      noted.push({ ...chart, options: lineOptions(chart), data: lineData(chart) });
    },
    show() {
      const widths = noted.map(({ place }) => Math.max(1, place.clientWidth));
      for (const [index, { place, height, options, data }] of noted.splice(0).entries()) {
        const width = widths[index] ?? 1;
        plots.set(place, {
          plot: new uPlot({ ...options, width, height, legend: { show: false } }, data, place),
          height,
        });
        watch.observe(place);
      }
    },
    redraw() {
      for (const { plot } of plots.values()) plot.redraw(false);
    },
    destroy() {
      watch.disconnect();
      for (const { plot } of plots.values()) plot.destroy();
      plots.clear();
    },
  };
}

const seconds = (day: Day): number => dayMs(day) / 1000;
const cursorOf = (onDay: (index: number | null) => void) => ({
  cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
  hooks: { setCursor: [(plot: uPlot) => onDay(plot.cursor.idx ?? null)] },
});
const axisStyle = {
  stroke: () => colour('--text-3'),
  font: '11px system-ui, sans-serif',
  ticks: { show: false },
};

/** As many names as there is room for, counted back from the newest day. */
const dayAxis = (days: readonly Day[]) => ({
  ...axisStyle,
  grid: { show: false },
  size: 24,
  splits: (plot: uPlot) => {
    const each = Math.max(1, Math.ceil(days.length / Math.max(2, plot.width / 82)));
    return days.filter((_, index) => (days.length - 1 - index) % each === 0).map(seconds);
  },
  values: (_plot: uPlot, splits: readonly number[]) =>
    splits.map((at) => shortDay(new Date(at * 1000).toISOString().slice(0, 10))),
});

/** Highest sum first: what is drawn later lies upon it. */
function barData({ days, layers, open }: BarChart): uPlot.AlignedData {
  const openAt = open === undefined ? -1 : days.indexOf(open);
  const sums = [...stackUp(layers.map(({ values }) => values))].reverse();
  return [
    days.map(seconds),
    ...sums.map((line) => line.map((value, index) => (index === openAt ? null : value))),
  ];
}

function barOptions(chart: BarChart) {
  const { days, layers } = chart;
  const totals = stackUp(layers.map(({ values }) => values)).at(-1) ?? [];
  const top = niceTop(Math.max(0, ...totals) * 1.04);
  const edges: [number, number] = [seconds(days[0] ?? '') - HALF_DAY, seconds(days.at(-1) ?? '') + HALF_DAY];
  const cursor = cursorOf(chart.onDay);
  return {
    padding: [8, 16, 0, 0] as [number, number, number, number],
    ...cursor,
    scales: { x: { range: () => edges }, y: { range: (): [number, number] => [0, top] } },
    axes: [
      dayAxis(days),
      {
        ...axisStyle,
        grid: { stroke: () => colour('--line'), width: 1 },
        size: chart.axisWidth,
        space: 34,
        values: (_plot: uPlot, splits: readonly number[]) => splits.map(chart.axis),
      },
    ],
    series: [
      {},
      ...[...layers].reverse().map(({ token, strength }) => ({
        paths: uPlot.paths.bars?.({ size: [barSize.part, barSize.most] }) ?? null,
        // opaque, so that what lies below does not show through
        fill: () => mixed(colour(token), colour('--surface'), strength),
        width: 0,
        points: { show: false },
      })),
    ],
    hooks: { ...cursor.hooks, draw: [(plot: uPlot) => drawOpenDay(plot, chart)] },
  };
}

/** The running day: hatched, since it is not all of its day. */
function drawOpenDay(plot: uPlot, { days, layers, open }: BarChart): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  const floor = bbox.top + bbox.height;
  const index = open === undefined ? -1 : days.indexOf(open);
  const value = layers.reduce((sum, layer) => sum + (layer.values[index] ?? 0), 0);
  const token = layers[0]?.token === '--loss' ? '--loss' : undefined;
  if (open !== undefined && value > 0) {
    const width = Math.min(barSize.most * ratio, (barSize.part * bbox.width) / days.length);
    const x = plot.valToPos(seconds(open), 'x', true) - width / 2;
    const y = plot.valToPos(value, 'y', true);
    ctx.fillStyle = colour(token === undefined ? '--blue-soft' : '--loss-soft');
    ctx.fillRect(x, y, width, floor - y);
    hatch(ctx, { x, y, width, height: floor - y }, colour(token ?? '--blue-2'), ratio);
  }
  ctx.setLineDash([]);
  ctx.strokeStyle = colour('--line-2');
  ctx.lineWidth = ratio;
  ctx.beginPath();
  ctx.moveTo(bbox.left, floor - ratio / 2);
  ctx.lineTo(bbox.left + bbox.width, floor - ratio / 2);
  ctx.stroke();
}

function hatch(
  ctx: CanvasRenderingContext2D,
  box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
  stroke: string,
  ratio: number,
): void {
  const { x, y, width, height } = box;
  ctx.save();
  ctx.beginPath();
  ctx.rect(x, y, width, height);
  ctx.clip();
  ctx.setLineDash([]);
  ctx.strokeStyle = stroke;
  ctx.lineWidth = 1.6 * ratio;
  ctx.beginPath();
  for (let step = -height; step < width; step += 5 * ratio) {
    ctx.moveTo(x + step, y + height);
    ctx.lineTo(x + step + height, y);
  }
  ctx.stroke();
  ctx.restore();
  ctx.lineWidth = ratio;
  ctx.strokeStyle = stroke;
  ctx.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1);
}

/** The running day's part of the line is a series of its own, dashed. */
function lineData({ days, values, open }: LineChart): uPlot.AlignedData {
  const openAt = open === undefined ? -1 : days.indexOf(open);
  const solid = values.map((value, index) => (index === openAt ? null : value));
  const dashed = values.map((value, index) => (openAt >= 0 && index >= openAt - 1 ? value : null));
  return [days.map(seconds), solid, dashed];
}

function lineOptions(chart: LineChart) {
  const { days, values } = chart;
  const top = niceTop(Math.max(0, ...values.map((value) => value ?? 0)) * 1.06);
  const first = seconds(days[0] ?? '');
  const last = seconds(days.at(-1) ?? '');
  const alone = days.length < 2;
  const edges: [number, number] = alone ? [first - HALF_DAY, last + HALF_DAY] : [first, last];
  return {
    padding: [4, 4, 2, 4] as [number, number, number, number],
    ...cursorOf(chart.onDay),
    scales: { x: { range: () => edges }, y: { range: (): [number, number] => [0, top] } },
    axes: [{ show: false }, { show: false }],
    series: [
      {},
      {
        stroke: () => colour('--blue'),
        width: 1.5,
        fill: () => faint('--blue', 0.09),
        points: { show: alone },
      },
      { stroke: () => colour('--blue'), width: 1.5, dash: [2, 3], points: { show: alone } },
    ],
  };
}

/** Two hex colours, `part` of the first. */
function mixed(one: string, other: string, part: number): string {
  if (part >= 1) return one;
  const channels = (text: string): readonly number[] =>
    [1, 3, 5].map((at) => Number.parseInt(text.slice(at, at + 2), 16));
  const below = channels(other);
  return `rgb(${channels(one)
    .map((value, index) => Math.round(value * part + (below[index] ?? 0) * (1 - part)))
    .join(',')})`;
}
