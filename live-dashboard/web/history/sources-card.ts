import type { SnapshotFrame } from '../../frames.ts';
import { element } from '../dom.ts';
import { integer, milliseconds } from '../format.ts';
import { sourceName } from '../source-names.ts';
import { getJson } from './api.ts';
import { pill } from './moments.ts';
import { card, defined, nothing, rowsLink } from './parts.ts';

/** Kept over redraws: what was read before stands until it is read again. */
let place: HTMLElement | undefined;

/** What comes in now: sources, queue and commits, of the live view. Filled once it answered. */
export function sourcesCard(): HTMLElement {
  place ??= element('div', { id: 'sources-now' }, nothing('reading the live view …'));
  void fill(place);
  return card({
    id: 'sources',
    title: 'Sources and queue, now',
    aside: [rowsLink('/api/live', 'sources and queue')],
    body: [place],
  });
}

async function fill(place: HTMLElement): Promise<void> {
  const answer = await getJson<SnapshotFrame>('/api/live');
  if (answer.kind === 'failed') {
    place.replaceChildren(nothing(answer.message));
    return;
  }
  const { sources, queueDepth, commitP95, warehouse } = answer.value;
  const row = (name: Node | string, state: Node | string, detail: string): HTMLElement =>
    element(
      'tr',
      {},
      element('th', { scope: 'row', class: 'l' }, name),
      element('td', { class: 'l' }, state),
      element('td', { class: 'l m' }, detail),
    );
  place.replaceChildren(
    element(
      'div',
      { class: 'scroll', role: 'region', 'aria-label': 'Sources and queue', tabindex: '0' },
      element(
        'table',
        { class: 't left data' },
        element(
          'thead',
          {},
          element(
            'tr',
            {},
            ...['Source', 'State', 'Detail'].map((name) => element('th', { scope: 'col', class: 'l' }, name)),
          ),
        ),
        element(
          'tbody',
          {},
          ...sources.map(({ source, state, detail }) => row(sourceName(source), pill(state), detail ?? '')),
          row(
            defined('Queue depth', 'Messages waiting in RabbitMQ; – when unknown.'),
            integer(queueDepth),
            'messages',
          ),
          row(
            defined('Commit p95', '95 of 100 batches were durable within this time, last minute.'),
            commitP95 === null ? '–' : `${milliseconds(commitP95)} ms`,
            warehouse ?? '',
          ),
        ),
      ),
    ),
  );
}
