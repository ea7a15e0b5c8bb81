import type { SourceState } from '../frames.ts';
import { byId, element, setHidden, setTextOf } from './dom.ts';
import { integer } from './format.ts';
import { sourceName } from './operations-view.ts';
import type { LiveState } from './state.ts';
import { isWaiting } from './status.ts';

const DEFAULT_TRACKING = 'http://127.0.0.1:9000';

/** Nothing that could show in a funnel has come: no event at all, or bots only. */
export function isEmpty(state: LiveState): boolean {
  if (state.newestEvent === null) return true;
  const { bots, bySource } = state.counters['24h'];
  const stored = bySource.reduce((sum, source) => sum + source.events, 0);
  const inFunnels = state.funnels.some((funnel) => funnel.windows['24h'].some((step) => step.sessions > 0));
  return !inFunnels && bots > 0 && bots === stored;
}

const curl = (base: string, path: string, body: Readonly<Record<string, string>>): string =>
  `curl -s ${base}${path} \\\n  -H 'content-type: application/json' \\\n  -d '${JSON.stringify(body)}'`;

/** What came so far, in a sentence: nothing, or nothing that a funnel counts. */
export function emptyHeading(state: LiveState): string {
  const { bots, deadLetters } = state.counters['24h'];
  if (state.newestEvent !== null && bots > 0) {
    const name = state.newestBot === null ? '' : ` (${bots === 1 ? '' : 'the newest: '}${state.newestBot})`;
    return `${arrived(bots)}, from ${bots === 1 ? 'a bot' : 'bots'}${name}. Bots are left out.`;
  }
  if (deadLetters > 0)
    return `${arrived(deadLetters)} and became ${deadLetters === 1 ? 'a dead letter' : 'dead letters'}.`;
  return 'No event has arrived yet.';
}

const arrived = (count: number): string => `${integer(count)} ${count === 1 ? 'event' : 'events'} arrived`;

/** The first thing a newcomer sees: two lines that, pasted, move the page. */
export function showEmpty(state: LiveState): void {
  const empty = isEmpty(state) && !isWaiting(state);
  setHidden('empty', !empty);
  document.body.classList.toggle('nothing-yet', empty);
  setHidden('events-card', empty && state.recent.length === 0);
  if (!empty) return;
  setTextOf('empty-heading', emptyHeading(state));
  const base = state.sources.find((source) => source.source === 'tracking')?.url ?? DEFAULT_TRACKING;
  const page = '/products/cinnamon';
  setTextOf('curl-1', curl(base, '/track/page_view', { session_id: 's-1', page_url: page }));
  setTextOf(
    'curl-2',
    curl(base, '/track/add_to_cart', { session_id: 's-1', page_url: page, product_id: 'cinnamon' }),
  );

  const list = byId('empty-sources');
  const lines = [
    ...state.sources.map((source) => [sourceName(source.source), doing(source, state.queueDepth)] as const),
    ['Warehouse', state.warehouse] as const,
  ];
  const shown = JSON.stringify(lines);
  if (list.dataset.shown === shown) return;
  list.dataset.shown = shown;
  list.replaceChildren(
    ...lines.map(([name, text]) => element('div', {}, element('dt', {}, name), element('dd', {}, text))),
  );
}

/** `listening on 127.0.0.1:9000`, `consuming, queue empty`, `connecting: why` … */
function doing({ source, state, detail, url }: SourceState, queueDepth: number | null): string {
  const queue =
    source !== 'rabbitmq' || state !== 'consuming' || queueDepth === null ? '' : waiting(queueDepth);
  if (detail !== null) return `${state} ${detail}${queue}`;
  return url === null ? `${state}${queue}` : `${state} on ${new URL(url).host}`;
}

const waiting = (depth: number): string => (depth === 0 ? ', queue empty' : `, ${integer(depth)} waiting`);

/** Copies the text of the code beside a button; selects it where the clipboard is not ours to use. */
export function startCopyButtons(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>('button[data-copy]')) {
    button.addEventListener('click', async () => {
      const code = byId(button.dataset.copy ?? '');
      try {
        await navigator.clipboard.writeText(code.textContent ?? '');
        button.textContent = 'Copied';
        setTimeout(() => {
          button.textContent = 'Copy';
        }, 2_000);
      } catch {
        getSelection()?.selectAllChildren(code);
      }
    });
  }
}
