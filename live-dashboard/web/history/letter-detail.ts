import { element } from '../dom.ts';
import { integer } from '../format.ts';
import type { Letter } from './api.ts';
import { contextFacts, issuesOf, payloadLines } from './letter-parts.ts';
import { momentText, pill } from './moments.ts';

/** One letter whole: its facts, each issue, and the payload with the faulty line marked. Payloads are text only. */
export function letterDetail(letter: Letter): HTMLElement {
  const issues = issuesOf(letter);
  const fact = (name: string, value: string): readonly HTMLElement[] => [
    element('dt', {}, name),
    element('dd', {}, value),
  ];
  return element(
    'div',
    { class: 'det', id: 'letter', role: 'region', 'aria-label': 'The dead letter', tabindex: '-1' },
    element('div', { class: 'row' }, element('b', { class: 'reason' }, letter.reason), pill(letter.status)),
    element(
      'dl',
      { class: 'facts' },
      ...fact(
        'Failed',
        `${momentText(letter.failed_at)} (UTC ${letter.failed_at.slice(0, 19).replace('T', ' ')})`,
      ),
      ...fact(
        'Received',
        `${momentText(letter.received_at)} (UTC ${letter.received_at.slice(0, 19).replace('T', ' ')})`,
      ),
      ...fact(
        'Source, stage',
        `${letter.source}, ${letter.stage}, ${integer(letter.attempts)} ${letter.attempts === 1 ? 'replay' : 'replays'}`,
      ),
      ...fact(
        'Came',
        `${letter.seen === 1 ? 'once' : `${integer(letter.seen)} times`}, last ${momentText(letter.last_seen_at)}`,
      ),
      ...(letter.resolution === null ? [] : fact('Resolution', letter.resolution)),
      ...fact('Letter', letter.event_id),
      ...contextFacts(letter).flatMap(([name, value]) => fact(name, value)),
    ),
    ...issues.map(({ path, code, message }) =>
      element('p', { class: 'iss' }, element('b', {}, path === '' ? code : path), ` ${message} (${code})`),
    ),
    element(
      'pre',
      { class: 'pay', tabindex: '0', 'aria-label': 'Payload' },
      ...payloadLines(letter.payload ?? '', issues).map(({ text, faulty }) =>
        element('span', faulty ? { class: 'bad' } : {}, `${text}\n`),
      ),
    ),
  );
}
