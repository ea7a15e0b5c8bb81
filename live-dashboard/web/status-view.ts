import { byId, setAttribute, setHidden, setText, setTextOf } from './dom.ts';
import { isEmpty } from './empty-view.ts';
import { lettersAddress } from './letters-address.ts';
import type { DataNotice } from './notices.ts';
import type { LiveState } from './state.ts';
import { isOld, isWaiting, type Link, linkNotice, progressText, statusOf } from './status.ts';

let announced = '';

/**
 * Connection word and clock, the line about the connection, and the progress of a rebuild.
 * @param shown the numbers on the page: older than `state` while a server that came back rebuilds its own
 */
export function showStatus(state: LiveState | undefined, shown: LiveState | undefined, link: Link): void {
  const { word, detail, tone } = statusOf(state, link, state !== undefined && isEmpty(state));
  setTextOf('state-word', word);
  setTextOf('state-detail', detail);
  byId('state-dot').dataset.tone = tone;
  const kept = shown !== undefined && shown !== state;
  document.body.classList.toggle('stale', isOld(link) || kept);
  const notice = linkNotice(state, link, kept ? shown.now : undefined);
  setHidden('notice', notice === undefined);
  if (notice !== undefined) {
    setTextOf('notice-word', notice.word);
    setTextOf('notice-text', notice.text);
    setHidden('try-now', !notice.mayTry);
  }
  showRebuild(state, shown);
}

const tones: Readonly<Record<DataNotice['kind'], string>> = {
  broken: 'loss',
  fell: 'loss',
  incomplete: 'loss',
  revised: 'rev',
};

/** The line below the funnel; none while one above it says that the numbers are old or the server is not well. */
export function showDataNotice(notice: DataNotice | undefined): void {
  const told = byId('notice').hidden ? notice : undefined;
  setHidden('data-notice', told === undefined);
  if (told === undefined) return;
  byId('data-notice').dataset.tone = tones[told.kind];
  setTextOf('data-notice-word', told.word);
  setTextOf('data-notice-text', told.text);
  setHidden('see-dead-letters', told.kind !== 'broken');
  setAttribute(byId('see-dead-letters'), 'href', lettersAddress({ concerns: told.deadLetterType }));
}

/** Says a change of state once to who cannot see it; numbers and the clock never. */
export function announce(notice: DataNotice | undefined): void {
  const word = byId('state-word').textContent ?? '';
  const above = byId('notice').hidden ? '' : (byId('notice-word').textContent ?? '');
  const below = notice === undefined || above !== '' ? '' : `${notice.kind} ${notice.fallen ?? ''}`;
  const key = `${word}|${above}|${below}`;
  if (key === announced) return;
  announced = key;
  const line = below === '' ? above : `${notice?.word ?? ''}: ${notice?.text ?? ''}`;
  setText(byId('announcer'), [word, line].filter((part) => part !== '').join('. '));
}

/** No half-true numbers: while the state is rebuilt only its progress is shown, or the numbers of before, as old. */
function showRebuild(state: LiveState | undefined, shown: LiveState | undefined): void {
  const waiting = shown === undefined || isWaiting(shown);
  document.body.classList.toggle('waiting', waiting);
  setHidden('rebuilding', !waiting);
  setHidden('numbers', waiting);
  setHidden('strip', waiting);
  if (!waiting) return;
  setTextOf('rebuilding-text', progressText(state));
  const bar = byId<HTMLProgressElement>('rebuilding-bar');
  if (state?.state.kind === 'rebuilding') {
    const { done, total } = state.state;
    bar.value = total > 0 ? Math.min(1, done / total) : 0;
  } else bar.removeAttribute('value');
}
