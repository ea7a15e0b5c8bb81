import type { EntryWindow } from '../frames.ts';
import { entryWindows } from '../frames.ts';
import { element } from './dom.ts';
import type { EntryTimes } from './entry-times.ts';
import { clock } from './format.ts';

const MINUTE = 60_000;
/** minutes between two labels */
const tickMinutes: Readonly<Record<EntryWindow, number>> = { '15m': 30, '1h': 120, '24h': 360 };
/** room that a label needs at each side of its middle, and "now" at the right edge; px */
const HALF = 17;
const NOW = 46;

/** The times under the matrix's charts, and a bracket for the entry window where it is shorter than the axis. */
export function createTimeAxis(place: HTMLElement) {
  let drawn = '';
  let latest: { readonly times: EntryTimes; readonly window: EntryWindow } | undefined;

  function draw(): void {
    if (latest === undefined || place.clientWidth === 0) return;
    const { times, window } = latest;
    const { from, until } = times;
    const key = `${from} ${until} ${window} ${place.clientWidth}`;
    if (key === drawn) return;
    drawn = key;
    const percent = (at: number): string => `${(((at - from) / (until - from)) * 100).toFixed(3)}%`;
    const labels = ticks(from, until, tickMinutes[window])
      .filter((at) => {
        const x = ((at - from) / (until - from)) * place.clientWidth;
        return x >= HALF && x <= place.clientWidth - NOW;
      })
      .map((at) => {
        const label = element('span', {}, clock(at, { seconds: false }));
        label.style.left = percent(at);
        return label;
      });
    const start = until - entryWindows[window] * MINUTE;
    const bracket = element('i', { title: 'the chosen window' });
    bracket.style.left = percent(start);
    place.replaceChildren(
      ...(start > from ? [bracket] : []),
      ...labels,
      element('span', { class: 'now' }, 'now'),
    );
  }
  new ResizeObserver(draw).observe(place);

  return function show(times: EntryTimes, window: EntryWindow): void {
    latest = { times, window };
    draw();
  };
}

/** Whole multiples of `every` minutes of the viewer's day. Zones lie at whole quarters of an hour. */
function ticks(from: number, until: number, every: number): readonly number[] {
  const quarter = 15 * MINUTE;
  const found: number[] = [];
  for (let at = Math.ceil(from / quarter) * quarter; at < until; at += quarter) {
    const time = new Date(at);
    if ((time.getHours() * 60 + time.getMinutes()) % every === 0) found.push(at);
  }
  return found;
}
