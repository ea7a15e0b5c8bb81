import { rateGroupSeconds } from '../frames.ts';
import { colour, faint } from './colours.ts';
import { byId, createRows, element, setAttribute, setHidden } from './dom.ts';
import { typeOrder } from './event-types.ts';
import { clock, rate } from './format.ts';
import { createRateChart, type RateChart } from './rate-chart.ts';
import { type RatePoints, ratePoints } from './rate-points.ts';
import { activeNames, lastMinuteRate } from './rates.ts';
import { createScaleTop, type ScaleTop } from './scale-top.ts';
import { silentFor } from './silence.ts';
import type { LiveState } from './state.ts';
import { createChartTable } from './table-view.ts';

const HEIGHT = 26;

interface TypeLine {
  readonly cell: HTMLTableCellElement;
  readonly place: HTMLElement;
  readonly chart: RateChart;
  readonly top: ScaleTop;
}

/** One row a type that came in the last 15 minutes: its rate, its silence, its line. */
export function createTypes() {
  const table = byId<HTMLTableElement>('types');
  const body = table.tBodies[0];
  if (body === undefined) throw new Error('#types has no body');
  const showRows = createRows(body, 'type', ['type', 'per-second', 'silent', 'line']);
  const asTable = createChartTable('types-table', 'Events per second by type');
  const lines = new Map<string, TypeLine>();

  /** The chart of a row; a row that went and came again has a new one. */
  function lineOf(type: string): TypeLine | undefined {
    const cell = body?.querySelector<HTMLTableCellElement>(`[data-type="${type}"] > [data-value="line"]`);
    const known = lines.get(type);
    if (cell === null || cell === undefined || known?.cell === cell) return known;
    known?.chart.destroy();
    const place = element('div', { class: 'chart spark', role: 'img' });
    cell.append(place);
    const made = { cell, place, chart: createSpark(place), top: createScaleTop() };
    lines.set(type, made);
    return made;
  }

  function show(state: LiveState, now: number): void {
    const { rates } = state;
    const active = activeNames(rates, rates.byType, now);
    const types = typeOrder.filter((type) => active.includes(type));
    setHidden('types-none', types.length > 0);
    showRows(
      types.map((type) => ({
        key: type,
        cells: [type, rate(lastMinuteRate(rates, rates.byType, type, now)), silence(state, type, now)],
      })),
    );
    for (const [type, { chart }] of lines) {
      if (types.some((one) => one === type)) continue;
      chart.destroy();
      lines.delete(type);
    }
    const points = ratePoints(rates, now);
    for (const type of types) {
      const line = lineOf(type);
      if (line !== undefined) drawLine(line, points, points.values(rates.byType[type]), now);
    }
    asTable.show(() => ({
      columns: ['Time', ...types],
      rows: points.at
        .map((at, i) => [clock(at), ...types.map((type) => rate(points.values(rates.byType[type])[i] ?? 0))])
        .reverse(),
    }));
  }

  return {
    show,
    redraw: () => {
      for (const { chart } of lines.values()) chart.redraw();
    },
  };
}

function drawLine(line: TypeLine, points: RatePoints, values: readonly number[], now: number): void {
  const highest = Math.max(0, ...values);
  const scale = {
    from: points.from / 1000,
    to: points.to / 1000,
    top: line.top.of(highest * 1.05, now, 'type'),
  };
  if (!line.chart.show([points.at.map((at) => at / 1000), [...values]], scale)) return;
  setAttribute(line.place, 'aria-label', `last 15 minutes: at most ${rate(highest)} a second`);
}

/** `silent 4m`, in whole minutes; nothing while a type comes as it usually does. */
function silence({ rates }: LiveState, type: string, now: number): string {
  const groupMs = rateGroupSeconds * 1000;
  const end = rates.from + rates.groups * groupMs;
  const silent = silentFor(rates.byType[type] ?? [], groupMs, end, now);
  return silent === null ? '' : `silent ${Math.floor(silent / 60_000)}m`;
}

const createSpark = (place: HTMLElement): RateChart =>
  createRateChart(place, HEIGHT, {
    padding: [3, 2, 1, 0],
    cursor: { show: false },
    axes: [{ show: false }, { show: false }],
    series: [
      {},
      {
        stroke: () => colour('--blue'),
        width: 1.25,
        fill: () => faint('--blue', 0.1),
        points: { show: false },
      },
    ],
  });
