import uPlot from 'uplot';
import {
  paintAverage,
  paintBar,
  paintBaseline,
  paintLonePoint,
  paintOpenZone,
  paintRevised,
} from './chart-paint.ts';
import { colour, faint } from './colours.ts';
import { element, setAttribute } from './dom.ts';
import type { EntryContent, EntryPoint } from './entry-content.ts';
import type { EntryPointer } from './entry-pointer.ts';
import { middleOf, spanAt } from './entry-span.ts';
import type { EntryTimes } from './entry-times.ts';

/** How a chart by entry time looks; lengths in CSS pixels. */
export interface ChartLook {
  /** a count a bar, in this colour; absent: a line */
  readonly bars?: () => string;
  /** what still can rise is marked */
  readonly openZone: boolean;
  readonly lineWidth: number;
  readonly dash: readonly number[];
  /** half the height of the mark of a revised point */
  readonly mark: number;
  readonly padding: [number, number, number, number];
  readonly axes: uPlot.Axis[];
}

export interface Drawing {
  readonly content: EntryContent;
  readonly times: Pick<EntryTimes, 'from' | 'until' | 'openFrom'>;
  readonly top: number;
}

export interface EntryChart {
  /** Draws only when something is other than it was; tells whether it did. */
  show(drawing: Drawing): boolean;
  /** For a change of theme: the same paths in other colours. */
  redraw(): void;
  /** From the left edge of the chart, CSS pixels; `at` ms since 1970. */
  leftOf(at: number): number;
  topOf(value: number): number;
  destroy(): void;
}

/**
 * A chart by entry time, as large as its place. It moves the pointer, and follows it.
 * @param told called with the point at the pointer, or undefined when nothing is pointed at
 * @param drawn called when what was shown is drawn: only then places in it can be asked for
 */
export function createEntryChart(
  place: HTMLElement,
  look: ChartLook,
  pointer: EntryPointer,
  told: (point: EntryPoint | undefined) => void,
  drawn: () => void = () => undefined,
): EntryChart {
  let shown: Drawing | undefined;
  let shownKey = '';
  const plot = new uPlot(
    optionsOf(
      place,
      look,
      () => shown,
      () => {
        if (shown === undefined) return;
        tell();
        drawn();
      },
    ),
    [[], [], [], [], []],
    place,
  );
  const cursor = element('i', { class: 'cursor', 'aria-hidden': 'true' });
  cursor.hidden = true;
  plot.over.append(cursor);

  function tell(): void {
    const at = pointer.at();
    const index = at === null || shown === undefined ? undefined : spanAt(shown.content.points, at);
    const point = index === undefined ? undefined : shown?.content.points[index];
    cursor.hidden = at === null || point === undefined;
    if (at !== null) {
      const left = Math.max(0, Math.min(plot.over.clientWidth - 1, plot.valToPos(at / 1000, 'x')));
      cursor.style.transform = `translateX(${left}px)`;
    }
    told(point);
  }
  const unwatch = pointer.watch(tell);

  const pointAt = (event: PointerEvent): void =>
    pointer.point(plot.posToVal(event.clientX - plot.over.getBoundingClientRect().left, 'x') * 1000);
  plot.over.addEventListener('pointermove', pointAt);
  plot.over.addEventListener('pointerdown', pointAt);
  plot.over.addEventListener('pointerleave', (event) => {
    // a finger leaves when it is lifted: what it tapped stays to be read
    if (event.pointerType === 'mouse') pointer.point(null);
  });

  const size = new ResizeObserver(() => {
    const { clientWidth: width, clientHeight: height } = place;
    if (width === 0 || (width === plot.width && height === plot.height)) return;
    plot.setSize({ width, height });
  });
  size.observe(place);

  return {
    show(drawing) {
      const key = JSON.stringify(drawing);
      if (key === shownKey) return false;
      shownKey = key;
      shown = drawing;
      setAttribute(place, 'aria-label', drawing.content.summary);
      plot.setData(columnsOf(drawing));
      return true;
    },
    redraw: () => plot.redraw(false),
    leftOf: (at) => plot.valToPos(at / 1000, 'x') + plot.over.offsetLeft,
    topOf: (value) => plot.valToPos(value, 'y') + plot.over.offsetTop,
    destroy() {
      size.disconnect();
      unwatch();
      plot.destroy();
    },
  };
}

const xOf = ({ times }: Drawing, point: EntryPoint): number => middleOf(point, times.until) / 1000;

/** Upper and lower edge of the band, the settled line, the open one. */
function columnsOf(drawing: Drawing): uPlot.AlignedData {
  const { points } = drawing.content;
  return [
    points.map((point) => xOf(drawing, point)),
    points.map(({ interval }) => interval?.[1] ?? null),
    points.map(({ interval }) => interval?.[0] ?? null),
    points.map(({ open, value }) => (open ? null : value)),
    // the open line begins at the last settled point, so that the two meet
    points.map(({ open, value }, i) => (open || points[i + 1]?.open ? value : null)),
  ];
}

function optionsOf(
  place: HTMLElement,
  look: ChartLook,
  shown: () => Drawing | undefined,
  drawn: () => void,
): uPlot.Options {
  const { lineWidth: width, bars } = look;
  const hidden = { stroke: () => 'transparent', width: 0, points: { show: false } };
  const line = (stroke: () => string, dash: readonly number[] = []) =>
    bars === undefined ? { stroke, width, dash: [...dash], points: { show: false } } : hidden;
  return {
    width: Math.max(1, place.clientWidth),
    height: Math.max(1, place.clientHeight),
    padding: look.padding,
    legend: { show: false },
    // one pointer for all charts, moved by mouse, finger and key: not uPlot's
    cursor: { show: false },
    scales: {
      x: { range: () => [(shown()?.times.from ?? 0) / 1000, (shown()?.times.until ?? 1000) / 1000] },
      y: { range: () => [0, shown()?.top ?? 1] },
    },
    axes: look.axes,
    series: [{}, hidden, hidden, line(() => colour('--blue')), line(() => faint('--blue', 0.75), look.dash)],
    bands: [{ series: [1, 2], fill: () => faint('--blue', 0.13) }],
    hooks: {
      drawClear: [(plot) => look.openZone && paintOpenZone(plot, shown()?.times.openFrom)],
      drawAxes: [(plot) => paintAverage(plot, shown()?.content.average ?? null)],
      draw: [paintBaseline, (plot) => paintPoints(plot, look, shown()), drawn],
    },
  };
}

function paintPoints(plot: uPlot, { bars, mark, lineWidth }: ChartLook, drawing: Drawing | undefined): void {
  if (drawing === undefined) return;
  const { points } = drawing.content;
  const fill = bars?.() ?? colour('--blue');
  for (const [i, { from, to, value }] of points.entries()) {
    if (value === null) continue;
    if (bars !== undefined) paintBar(plot, { from, to, value }, fill);
    else if ((points[i - 1]?.value ?? null) === null && (points[i + 1]?.value ?? null) === null) {
      const point = points[i];
      if (point !== undefined) paintLonePoint(plot, xOf(drawing, point), value, lineWidth, fill);
    }
  }
  for (const point of points) {
    if (point.revised !== '' && point.value !== null)
      paintRevised(plot, xOf(drawing, point), point.value, mark);
  }
}
