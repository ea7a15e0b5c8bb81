import { element, setText } from './dom.ts';
import type { EntryPoint } from './entry-content.ts';
import { clock, share, utcClock } from './format.ts';

const GAP = 14;

export interface BubbleContent {
  readonly point: EntryPoint;
  /** `View → Cart` */
  readonly way: string;
  /** where the point is in the chart, CSS pixels */
  readonly left: number;
  readonly top: number;
}

/** What is known of the point that the trend card's pointer is at, beside it. Its text is no part of the page's. */
export function createTrendBubble(place: HTMLElement) {
  const entered = element('b');
  const utc = element('span');
  const way = element('span');
  const numbers = element('b');
  const interval = element('span');
  const revised = element('div', { class: 'rv' });
  place.replaceChildren(
    element('div', {}, entered, utc),
    element('div', {}, way, numbers, interval),
    revised,
  );

  return function show(content: BubbleContent | undefined): void {
    place.hidden = content === undefined;
    if (content === undefined) return;
    const { point } = content;
    setText(entered, `${minute(point.from)} to ${minute(point.to)}`);
    setText(utc, `${utcClock(point.from).slice(0, 5)} to ${utcClock(point.to)}`);
    setText(way, content.way);
    // without the time, which stands above
    setText(numbers, point.says.slice(6));
    const [low, high] = point.interval ?? [0, 0];
    setText(interval, point.interval === null ? '' : `95%: ${share(low, 1)} to ${share(high, 1)}`);
    setText(revised, point.revised === '' ? '' : `◇ ${point.revised}`);
    const frame = place.offsetParent;
    const [width, height] = [frame?.clientWidth ?? 0, frame?.clientHeight ?? 0];
    const right = content.left + GAP;
    const fits = right + place.offsetWidth <= width;
    const left = fits ? right : content.left - GAP - place.offsetWidth;
    place.style.left = `${Math.max(0, Math.min(left, width - place.offsetWidth))}px`;
    // above the point when it is low, else below: the line is seen
    place.style.top = `${content.top > height / 2 ? 4 : Math.max(4, height - place.offsetHeight - 30)}px`;
  };
}

const minute = (at: number): string => clock(at, { seconds: false });
