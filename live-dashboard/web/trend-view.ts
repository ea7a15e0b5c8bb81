import type uPlot from 'uplot';
import type { EntryWindow, FunnelFrame } from '../frames.ts';
import { trendSpans } from './cohorts.ts';
import { colour } from './colours.ts';
import { byId, setAttribute, setHidden, setText, setTextOf } from './dom.ts';
import { createEntryChart } from './entry-chart.ts';
import { type EntryContent, type EntryPoint, rateContent, wayOf } from './entry-content.ts';
import type { EntryPointer } from './entry-pointer.ts';
import { middleOf, stepFrom } from './entry-span.ts';
import type { EntryTimes } from './entry-times.ts';
import { clock, zone } from './format.ts';
import { createScaleTop } from './scale-top.ts';
import { type TrendChoice, trendEnds } from './state.ts';
import { createTrendBubble } from './trend-bubble.ts';

/** Conversion between two steps by entry time, large; open cohorts dotted, and never a fall. */
export function createTrend(pointer: EntryPointer) {
  const place = byId('trend');
  const scale = createScaleTop();
  const showBubble = createTrendBubble(byId('trend-bubble'));
  let shown: { readonly content: EntryContent; readonly times: EntryTimes; readonly way: string } | undefined;
  const chart = createEntryChart(place, look, pointer, tell, placeZoneWords);

  function tell(point: EntryPoint | undefined): void {
    if (shown === undefined) return;
    const { content, times, way } = shown;
    const at =
      point === undefined
        ? content.points.length - 1
        : content.points.findIndex(({ from }) => from === point.from);
    setAttribute(place, 'aria-valuemax', String(Math.max(0, content.points.length - 1)));
    setAttribute(place, 'aria-valuenow', String(Math.max(0, at)));
    setAttribute(place, 'aria-valuetext', point === undefined ? content.summary : spoken(point));
    showBubble(
      point && {
        point,
        way,
        left: chart.leftOf(middleOf(point, times.until)),
        top: chart.topOf(point.value ?? 0),
      },
    );
  }

  function show(funnel: FunnelFrame, window: EntryWindow, choice: TrendChoice, times: EntryTimes): void {
    const ends = trendEnds(choice, funnel.steps.length);
    const content = rateContent(funnel, times, ends);
    const highest = Math.max(0.01, ...content.points.map(({ value }) => value ?? 0));
    const view = JSON.stringify([funnel.name, window, choice]);
    const top = Math.min(1, scale.of(highest * 1.1, times.until, view));
    const way = wayOf(funnel, ends);
    shown = { content, times, way };
    const { from, until, openFrom } = times;
    setTextOf('trend-of', way);
    setTextOf('trend-bin', `cohorts of ${trendSpans[window].bin / 60_000} min or more`);
    setTextOf('zone', zone(until));
    setTextOf('trend-summary', content.told);
    setHidden('trend-dotted', content.average === null);
    chart.show({ content, times: { from, until, openFrom }, top });
  }

  /** Where there is room the words stand at the zone that they are about, else at the right. */
  function placeZoneWords(): void {
    const { openFrom, until } = shown?.times ?? { openFrom: undefined, until: 0 };
    const words = byId('trend-zone');
    setHidden('trend-zone', openFrom === undefined || openFrom >= until);
    if (openFrom === undefined) return;
    const left = chart.leftOf(openFrom);
    const taken = (words.previousElementSibling?.clientWidth ?? 0) + 64;
    words.classList.add('at');
    setText(words, 'still in time: these points will rise');
    const roomy = left > taken && left + words.offsetWidth <= place.clientWidth;
    words.style.left = roomy ? `${left}px` : '';
    words.classList.toggle('at', roomy);
    if (!roomy) setText(words, 'hatched: still in time, these points will rise');
  }

  place.addEventListener('keydown', (event) => {
    if (shown === undefined || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    const { content, times } = shown;
    const at = pointer.at();
    const next = byKey(event.key, content.points, at, times.until);
    if (next === undefined) return;
    event.preventDefault();
    pointer.point(next);
  });
  place.addEventListener('focus', () => {
    if (shown === undefined || !place.matches(':focus-visible')) return;
    pointer.point(pointer.at() ?? stepFrom(shown.content.points, null, 1, shown.times.until));
  });
  place.addEventListener('blur', () => pointer.point(null));

  return { show, redraw: chart.redraw };
}

/** Arrows go one point on or back, Home and End to the oldest and the newest. */
function byKey(
  key: string,
  points: readonly EntryPoint[],
  at: number | null,
  until: number,
): number | null | undefined {
  const end = (point: EntryPoint | undefined) => (point === undefined ? null : middleOf(point, until));
  switch (key) {
    case 'ArrowRight':
    case 'ArrowUp':
      return stepFrom(points, at, 1, until);
    case 'ArrowLeft':
    case 'ArrowDown':
      return stepFrom(points, at, -1, until);
    case 'Home':
      return end(points[0]);
    case 'End':
      return end(points.at(-1));
    default:
      return undefined;
  }
}

const spoken = ({ says, revised }: EntryPoint): string => (revised === '' ? says : `${says}, ${revised}`);

/** px */
const HALF_LABEL = 17;
const axis = {
  stroke: () => colour('--text-3'),
  font: '11px system-ui, sans-serif',
  ticks: { show: false },
  grid: { stroke: () => colour('--line'), width: 1 },
};
const look = {
  openZone: true,
  lineWidth: 2,
  dash: [3, 4],
  mark: 5.5,
  padding: [8, 2, 0, 0] as [number, number, number, number],
  axes: [
    {
      ...axis,
      grid: { show: false },
      size: 24,
      space: 70,
      // one that would be cut at the right edge is left out
      values: (plot: uPlot, splits: number[]) =>
        splits.map((at) =>
          plot.valToPos(at, 'x') > plot.over.clientWidth - HALF_LABEL
            ? ''
            : clock(at * 1000, { seconds: false }),
        ),
    },
    {
      ...axis,
      size: 40,
      space: 34,
      values: (_plot: uPlot, splits: number[]) => splits.map((value) => `${+(value * 100).toFixed(2)}%`),
    },
  ],
};
