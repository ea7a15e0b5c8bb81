import { byId, setHidden, setText, setTextOf } from './dom.ts';
import { isEmpty } from './empty-view.ts';
import { age, clock, integer, share } from './format.ts';
import type { LiveState } from './state.ts';

/** A connection that is silent this long makes the numbers old ones; a blip shows nothing. */
const OLD_AFTER = 3_000;

export interface Link {
  /** ms on the page's clock */
  readonly now: number;
  readonly lastHeard: number | undefined;
  readonly nextTry: number | undefined;
  /** the server's clock when it was last heard */
  readonly serverHeard: number;
}

interface Status {
  readonly word: string;
  readonly detail: string;
  readonly tone: 'live' | 'wait' | 'degraded';
}

export const isOld = (link: Link): boolean =>
  link.lastHeard !== undefined && link.now - link.lastHeard > OLD_AFTER;

/** Connection word and clock, the notice line, and the progress of a rebuild. */
export function showStatus(state: LiveState | undefined, link: Link): void {
  const { word, detail, tone } = statusOf(state, link);
  setTextOf('state-word', word);
  setTextOf('state-detail', detail);
  byId('state-dot').dataset.tone = tone;
  document.body.classList.toggle('stale', isOld(link));
  showNotice(state, link);
  showRebuild(state);
}

function statusOf(state: LiveState | undefined, link: Link): Status {
  if (link.lastHeard === undefined || state === undefined)
    return { word: 'Connecting', detail: '', tone: 'wait' };
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
    case 'degraded':
      return { word: 'Degraded', detail: asOf, tone: 'degraded' };
    case 'live':
      return { word: 'Live', detail: isEmpty(state) ? 'waiting for events' : asOf, tone: 'live' };
  }
}

/** One at most, the worst. */
function showNotice(state: LiveState | undefined, link: Link): void {
  const notice = noticeOf(state, link);
  setHidden('notice', notice === undefined);
  setHidden('try-now', !isOld(link));
  if (notice === undefined) return;
  setTextOf('notice-word', notice.word);
  setTextOf('notice-text', notice.text);
}

function noticeOf(
  state: LiveState | undefined,
  link: Link,
): { readonly word: string; readonly text: string } | undefined {
  if (state === undefined) return undefined;
  if (isOld(link) && link.lastHeard !== undefined) {
    const waits = link.nextTry === undefined ? 0 : Math.max(0, link.nextTry - link.now);
    const again =
      link.nextTry === undefined ? 'Trying again now.' : `Trying again in ${Math.ceil(waits / 1000)}s.`;
    const ago = age(link.now - link.lastHeard);
    return {
      word: 'Old numbers',
      text: `The connection was lost at ${clock(link.serverHeard)}. Everything below is as of then, ${ago} ago. ${again}`,
    };
  }
  if (state.state.kind === 'degraded') {
    return { word: 'Degraded', text: `${state.state.reason}, since ${clock(state.state.since)}.` };
  }
  if (state.evictedSessions > 0) {
    return {
      word: 'Counts incomplete',
      text: `${integer(state.evictedSessions)} oldest sessions were let go at the limit of ${integer(state.maxSessions)}.`,
    };
  }
  return undefined;
}

/** No half-true numbers: while the state is rebuilt only its progress is shown. */
function showRebuild(state: LiveState | undefined): void {
  const kind = state?.state.kind;
  const waiting = state === undefined || kind === 'starting' || kind === 'rebuilding';
  setHidden('rebuilding', !waiting);
  setHidden('numbers', waiting);
  setHidden('strip', waiting);
  setHidden('trend-card', waiting);
  if (!waiting) return;
  const bar = byId<HTMLProgressElement>('rebuilding-bar');
  const heading = byId('rebuilding-text');
  if (state?.state.kind === 'rebuilding') {
    const { done, total } = state.state;
    const part = total > 0 ? share(done, total) : '–';
    setText(heading, `Rebuilding from stored events: ${part}, ${integer(done)} of ${integer(total)}`);
    bar.value = total > 0 ? Math.min(1, done / total) : 0;
  } else {
    setText(heading, state?.state.kind === 'starting' ? `Starting: ${state.state.doing}` : 'Connecting …');
    bar.removeAttribute('value');
  }
}
