import type { RecentEvent } from '../frames.ts';
import { byId, createRows, setText } from './dom.ts';
import { clock, integer } from './format.ts';
import { sourceName } from './source-names.ts';

/**
 * The last events, newest first. They stand still while somebody points at them or came among them by the keyboard; a
 * click leaves the focus behind too, but who clicked may long be elsewhere.
 */
export function createEvents() {
  const card = byId('events-card');
  const order = byId('events-order');
  const body = byId<HTMLTableElement>('events').tBodies[0];
  if (body === undefined) throw new Error('#events has no body');
  const showRows = createRows(body, 'event', ['at', 'source', 'type', 'session', 'outcome']);
  const canHover = matchMedia('(hover: hover)');
  let newest: readonly RecentEvent[] = [];
  let shown: readonly RecentEvent[] = [];

  /** A finger leaves no pointer behind: what it touched last would stand still for ever. */
  const isRead = (): boolean =>
    (canHover.matches && card.matches(':hover')) || card.querySelector(':focus-visible') !== null;

  function paint(): void {
    const paused = shown.length > 0 && isRead();
    if (!paused && shown !== newest) {
      shown = newest;
      showRows(shown.map((event) => ({ key: String(event.n), cells: cellsOf(event) })));
    }
    setText(order, paused ? pausedText(waiting(shown, newest)) : 'newest first');
    card.classList.toggle('paused', paused);
  }

  for (const kind of ['pointerenter', 'pointerleave', 'focusin', 'focusout'] as const) {
    // After it has happened: only then is the focus, or the pointer, where it went.
    card.addEventListener(kind, () => requestAnimationFrame(paint));
  }

  return {
    show(recent: readonly RecentEvent[]): void {
      newest = recent;
      paint();
    },
  };
}

/** They are numbered one after the other; a server that was started again begins anew. */
function waiting(shown: readonly RecentEvent[], newest: readonly RecentEvent[]): number {
  const [from, to] = [shown[0]?.n ?? 0, newest[0]?.n ?? 0];
  return to >= from ? to - from : to;
}

const pausedText = (count: number): string =>
  count === 0 ? 'paused' : `paused, ${integer(count)} newer wait`;

const cellsOf = (event: RecentEvent): readonly string[] => [
  clock(event.at),
  sourceName(event.source),
  event.type,
  event.sessionId ?? '–',
  event.reason === null ? event.outcome : `${event.outcome}: ${event.reason}`,
];
