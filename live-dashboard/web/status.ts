import { age, clock, integer, share } from './format.ts';
import type { LiveState } from './state.ts';

/** A connection that is silent this long makes the numbers old ones; a blip shows nothing. ms */
const OLD_AFTER = 3_000;

export interface Link {
  /** ms on the page's clock */
  readonly now: number;
  readonly lastHeard: number | undefined;
  readonly nextTry: number | undefined;
  /** the server's clock when it was last heard */
  readonly serverHeard: number;
}

export interface Status {
  readonly word: string;
  readonly detail: string;
  readonly tone: 'live' | 'wait' | 'degraded';
}

/** A line above the figures: about the connection or the server, never about the shop. */
export interface LinkNotice {
  readonly word: string;
  readonly text: string;
  readonly mayTry: boolean;
}

export const isOld = (link: Link): boolean =>
  link.lastHeard !== undefined && link.now - link.lastHeard > OLD_AFTER;

/** Before it is ready a server has no numbers, only progress. */
export const isWaiting = (state: LiveState): boolean =>
  state.state.kind === 'starting' || state.state.kind === 'rebuilding';

/** @param empty nothing that could show has come */
export function statusOf(state: LiveState | undefined, link: Link, empty: boolean): Status {
  if (link.lastHeard === undefined || state === undefined) {
    return { word: 'Connecting', detail: '', tone: 'wait' };
  }
  const silence = link.now - link.lastHeard;
  if (isOld(link)) return { word: 'Reconnecting', detail: `last frame ${age(silence)} ago`, tone: 'wait' };
  const asOf = `as of ${clock(link.serverHeard + silence)}`;
  switch (state.state.kind) {
    case 'starting':
      return { word: 'Starting', detail: state.state.doing, tone: 'wait' };
    case 'rebuilding':
      return { word: 'Rebuilding', detail: share(state.state.done, state.state.total), tone: 'wait' };
    case 'stopping':
      return { word: 'Stopping', detail: asOf, tone: 'wait' };
    case 'degraded': {
      const { dataAsOf } = state.state;
      const detail = dataAsOf === undefined ? asOf : `as of ${clock(dataAsOf)}`;
      return { word: 'Degraded', detail, tone: 'degraded' };
    }
    case 'live':
      return { word: 'Live', detail: empty ? 'waiting for events' : asOf, tone: 'live' };
  }
}

/** @param shownSince the server's clock of the numbers on the page, when they are older than `state` */
export function linkNotice(
  state: LiveState | undefined,
  link: Link,
  shownSince: number | undefined,
): LinkNotice | undefined {
  if (state === undefined || link.lastHeard === undefined) return undefined;
  if (isOld(link)) {
    const lost = shownSince ?? link.serverHeard;
    const ago = age(link.now - link.lastHeard + (link.serverHeard - lost));
    return {
      word: 'Old numbers',
      text: `The connection was lost at ${clock(lost)}. Everything below is as of then, ${ago} ago. ${again(link)}`,
      mayTry: true,
    };
  }
  if (isWaiting(state)) {
    return shownSince === undefined
      ? undefined
      : {
          word: 'Old numbers',
          text: `${progressText(state)}. Everything below is as of ${clock(shownSince)}.`,
          mayTry: false,
        };
  }
  if (state.state.kind !== 'degraded') return undefined;
  const { reason, since, dataAsOf } = state.state;
  // "warehouse away since 21:40, events wait, none is lost"
  const text = reason.replace(/,|$/, (end) => ` since ${clock(since, { seconds: false })}${end}`);
  const numbers = dataAsOf === undefined ? '' : ` Data as of ${clock(dataAsOf)}.`;
  return { word: 'Degraded', text: `${text}.${numbers}`, mayTry: false };
}

function again({ nextTry, now }: Link): string {
  if (nextTry === undefined || nextTry <= now) return 'Trying again now.';
  return `Trying again in ${Math.ceil((nextTry - now) / 1000)}s.`;
}

/** What a server does that is not ready yet. */
export function progressText(state: LiveState | undefined): string {
  if (state?.state.kind === 'rebuilding') {
    const { done, total } = state.state;
    const part = total > 0 ? share(done, total) : '–';
    return `Rebuilding from stored events: ${part}, ${integer(done)} of ${integer(total)}`;
  }
  return state?.state.kind === 'starting' ? `Starting: ${state.state.doing}` : 'Connecting …';
}
