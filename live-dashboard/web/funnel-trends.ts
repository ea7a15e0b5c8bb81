import type { DeadLetterMinute, EntryWindow, FunnelFrame } from '../frames.ts';
import { colour, faint } from './colours.ts';
import { byId, setTextOf } from './dom.ts';
import type { ChartLook } from './entry-chart.ts';
import { deadLetterContent, type EntryContent, enteredContent, rateContent } from './entry-content.ts';
import type { EntryPointer } from './entry-pointer.ts';
import { spanAt, stepFrom } from './entry-span.ts';
import type { EntryTimes } from './entry-times.ts';
import { utcClock } from './format.ts';
import { createLane, type Lane } from './lane.ts';
import { createScaleTop, type ScaleTop } from './scale-top.ts';
import { createTimeAxis } from './time-axis.ts';

const small = { lineWidth: 1.5, dash: [2, 3], mark: 4.5, axes: [{ show: false }, { show: false }] } as const;
const padding: [number, number, number, number] = [3, 0, 2, 0];
const rateLook: ChartLook = { ...small, axes: [...small.axes], padding, openZone: true };
const enteredLook: ChartLook = { ...rateLook, bars: () => faint('--blue', 0.42) };
const deadLetterLook: ChartLook = { ...rateLook, openZone: false, bars: () => colour('--loss') };

interface Row {
  readonly place: HTMLElement;
  readonly lane: Lane;
  readonly top: ScaleTop;
}

/** The last column of the matrix: who entered, the rate of each step, dead letters; one time axis. */
export function createFunnelTrends(pointer: EntryPointer) {
  let rows: readonly Row[] = [];
  let shown: EntryTimes | undefined;
  const showAxis = createTimeAxis(byId('entry-axis'));

  /** The rows of the steps are made anew with another funnel, and their charts with them. */
  function makeRows(): void {
    const places = [...byId('steps').querySelectorAll<HTMLElement>('.lane'), byId('dead-letter-lane')];
    if (places.length === rows.length && rows.every(({ place }, i) => place === places[i])) return;
    for (const { lane } of rows) lane.destroy();
    rows = places.map((place, i) => {
      const look = i === 0 ? enteredLook : i === places.length - 1 ? deadLetterLook : rateLook;
      return { place, lane: createLane(place, look, pointer), top: createScaleTop() };
    });
  }

  function tellUtc(): void {
    const at = pointer.at();
    const index = at === null || shown === undefined ? undefined : spanAt(shown.bins, at);
    const bin = index === undefined ? undefined : shown?.bins[index];
    setTextOf('entry-utc', bin === undefined ? '' : utcClock(bin.from));
  }
  pointer.watch(tellUtc);

  function show(
    funnel: FunnelFrame,
    window: EntryWindow,
    times: EntryTimes,
    deadLetters: readonly DeadLetterMinute[],
  ): void {
    makeRows();
    shown = times;
    showAxis(times, window);
    for (const [i, { lane, top }] of rows.entries()) {
      const drawing = contentOf(i, rows.length - 1, funnel, times, deadLetters);
      const highest = Math.max(0, ...drawing.content.points.map(({ value }) => value ?? 0));
      const wanted = top.of(
        Math.max(drawing.least, highest * drawing.room),
        times.until,
        `${funnel.name} ${window}`,
      );
      const { from, until, openFrom } = times;
      lane.show({
        content: drawing.content,
        times: { from, until, openFrom },
        top: Math.min(drawing.most, wanted),
        rest: i === 0 ? 'entered' : '',
      });
    }
    tellUtc();
  }

  // what was pointed at by key goes with the focus
  byId('steps').addEventListener('focusout', ({ relatedTarget }) => {
    if (!(relatedTarget instanceof Node) || !byId('steps').contains(relatedTarget)) pointer.point(null);
  });

  return {
    show,
    /** One point on or back, of the row that has the focus. */
    step(by: 1 | -1) {
      if (shown === undefined) return;
      const first = document.activeElement?.matches('.first *') === true;
      pointer.point(stepFrom(first ? shown.bins : shown.points, pointer.at(), by, shown.until));
    },
    redraw() {
      for (const { lane } of rows) lane.redraw();
    },
  };
}

interface Scaled {
  readonly content: EntryContent;
  /** the axis' top: at least, at most, and how far above the highest */
  readonly least: number;
  readonly most: number;
  readonly room: number;
}

function contentOf(
  row: number,
  last: number,
  funnel: FunnelFrame,
  times: EntryTimes,
  deadLetters: readonly DeadLetterMinute[],
): Scaled {
  const most = Number.POSITIVE_INFINITY;
  if (row === last) return { content: deadLetterContent(times, deadLetters), least: 12, most, room: 1.05 };
  if (row === 0) return { content: enteredContent(times), least: 1, most, room: 1.08 };
  const content = rateContent(funnel, times, { from: row - 1, to: row });
  return { content, least: 0.01, most: 1, room: 1.12 };
}
