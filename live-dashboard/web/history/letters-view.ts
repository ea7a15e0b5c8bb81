import { createDeadLetterActions } from '../dead-letter-actions.ts';
import { element, setText } from '../dom.ts';
import { integer } from '../format.ts';
import type { LetterOutcome } from '../letter-outcome.ts';
import { getJson, type Letter, type LetterCount, type Letters } from './api.ts';
import { letterDetail } from './letter-detail.ts';
import { detailText } from './letter-parts.ts';
import { momentText, pill } from './moments.ts';
import { nothing } from './parts.ts';
import type { DayRange } from './range.ts';

const PAGE = 50;
const filters = ['reason', 'source', 'status', 'text'] as const;
type Filter = (typeof filters)[number];

/**
 * Dead letters of a range: filters (kept in the address), the list newest first, and beside it the one that is open.
 * Chosen ones can be tried, replayed and discarded; what became of each stands in its row.
 */
export function lettersView(range: DayRange, counts: readonly LetterCount[]) {
  const query = new URLSearchParams(location.search);
  const chosen = new Map<Filter, string>(filters.map((name) => [name, query.get(name) ?? '']));
  if (!query.has('status')) chosen.set('status', 'pending');
  let opened = query.get('letter') ?? '';
  const picked = new Set<string>();
  let offset = 0;
  let asked = 0;

  const body = element('tbody');
  const told = element('span', { class: 'sub', id: 'letters-told', role: 'status' });
  const list = element(
    'div',
    { class: 'scroll lst', role: 'region', 'aria-label': 'Dead letters, newest first', tabindex: '0' },
    element(
      'table',
      { class: 't left data', id: 'letters-table' },
      element(
        'thead',
        {},
        element(
          'tr',
          {},
          ...['Failed', 'Source', 'Reason', 'Detail', 'Status'].map((name) =>
            element('th', { scope: 'col', class: 'l' }, name),
          ),
        ),
      ),
      body,
    ),
  );
  const beside = element('div', { class: 'beside' });
  const more = element('button', { type: 'button', class: 'link more' }, 'Show more');
  more.hidden = true;
  more.addEventListener('click', () => void show(offset + PAGE));

  function remember(name: string, value: string): void {
    const address = new URL(location.href);
    address.searchParams.set(name, value);
    history.replaceState(null, '', address);
  }

  function choose(name: Filter, value: string): void {
    chosen.set(name, value);
    remember(name, value);
    void show(0);
  }

  function select(name: Filter, label: string, all: string, values: readonly string[]): HTMLElement {
    const made = element('select', { 'aria-label': label, id: `letters-${name}` });
    const current = chosen.get(name) ?? '';
    const options = current === '' || values.includes(current) ? values : [...values, current];
    for (const [value, text] of [['', all], ...options.map((one) => [one, one])]) {
      const option = element('option', { value: value ?? '' }, text ?? '');
      option.selected = value === current;
      made.append(option);
    }
    made.addEventListener('change', () => choose(name, made.value));
    return made;
  }

  const distinct = (of: (row: LetterCount) => string): readonly string[] =>
    [...new Set(counts.map(of))].sort();
  const search = element('input', {
    type: 'search',
    id: 'letters-text',
    placeholder: 'Event id or text',
    'aria-label': 'Search in dead letters',
    maxlength: '100',
    value: chosen.get('text') ?? '',
  });
  search.addEventListener('change', () => choose('text', search.value.trim()));

  async function show(from: number): Promise<void> {
    asked += 1;
    const mine = asked;
    const parameters = new URLSearchParams({
      from: range.from,
      to: range.to,
      limit: String(PAGE),
      offset: String(from),
    });
    for (const name of filters) {
      const value = chosen.get(name) ?? '';
      if (value !== '') parameters.set(name, value);
    }
    const answer = await getJson<Letters>(`/api/dead-letters?${parameters}`);
    // a later choice was quicker
    if (mine !== asked) return;
    if (answer.kind === 'failed') {
      setText(told, answer.message);
      return;
    }
    offset = from;
    const { rows, total, next_offset: next } = answer.value;
    const lines = rows.map(row);
    if (from === 0) {
      picked.clear();
      body.replaceChildren(...lines);
    } else body.append(...lines);
    actions.update();
    setText(told, `${integer(total)} ${total === 1 ? 'letter' : 'letters'}`);
    more.hidden = next === null;
    if (opened !== '' && beside.childElementCount === 0) void open(opened, false);
    else if (opened === '')
      beside.replaceChildren(
        nothing(total === 0 ? 'no dead letter with these filters' : 'choose a letter to see it whole'),
      );
  }

  function row(letter: Letter): HTMLElement {
    const button = element(
      'button',
      { type: 'button', class: 'link', id: `letter-${letter.event_id}` },
      momentText(letter.failed_at),
    );
    button.addEventListener('click', () => void open(letter.event_id, true));
    const pick = element('input', { type: 'checkbox', 'aria-label': `Choose ${letter.event_id}` });
    pick.disabled = letter.status !== 'pending';
    pick.addEventListener('change', () => {
      if (pick.checked) picked.add(letter.event_id);
      else picked.delete(letter.event_id);
      actions.update();
    });
    return element(
      'tr',
      { 'data-letter': letter.event_id, ...(letter.event_id === opened ? { 'aria-current': 'true' } : {}) },
      element('th', { scope: 'row', class: 'l' }, pick, ' ', button),
      element('td', { class: 'l' }, letter.source),
      element('td', { class: 'mono' }, letter.reason),
      element('td', { class: 'l m' }, detailText(letter)),
      element('td', { class: 'l', 'data-value': 'status' }, pill(letter.status)),
    );
  }

  /** Each row says what became of its letter; one that is pending no more cannot be chosen again. */
  function showOutcomes(outcomes: readonly LetterOutcome[]): void {
    for (const { id, text, resolved } of outcomes) {
      const line = [...body.children].find((one) => one.getAttribute('data-letter') === id);
      const status = line?.querySelector<HTMLElement>('[data-value="status"]');
      if (status !== null && status !== undefined) setText(status, text);
      const pick = line?.querySelector('input');
      if (!resolved || pick === null || pick === undefined) continue;
      picked.delete(id);
      pick.checked = false;
      pick.disabled = true;
    }
  }

  async function open(id: string, focus: boolean): Promise<void> {
    opened = id;
    remember('letter', id);
    for (const line of body.children) {
      if (line.getAttribute('data-letter') === id) line.setAttribute('aria-current', 'true');
      else line.removeAttribute('aria-current');
    }
    const answer = await getJson<Letters>(`/api/dead-letters?id=${encodeURIComponent(id)}`);
    if (opened !== id) return;
    const letter = answer.kind === 'ok' ? answer.value.rows[0] : undefined;
    const detail = letter === undefined ? nothing('This letter could not be read.') : letterDetail(letter);
    beside.replaceChildren(detail);
    if (focus) detail.focus();
  }

  const place = element('span', { class: 'sp', id: 'letter-actions' });
  const actions = createDeadLetterActions({
    container: place,
    selected: () => [...picked].map((id) => ({ id })),
    onOutcome: showOutcomes,
  });
  const whole = element(
    'div',
    { class: 'letters' },
    element(
      'div',
      { class: 'fl' },
      select(
        'reason',
        'Reason',
        'All reasons',
        distinct(({ reason }) => reason),
      ),
      select(
        'source',
        'Source',
        'All sources',
        distinct(({ source }) => source),
      ),
      select('status', 'Status', 'All states', ['pending', 'replayed', 'discarded']),
      search,
      told,
      place,
    ),
    element('div', { class: 'dlg' }, element('div', {}, list, more), beside),
  );
  void show(0);
  return { element: whole };
}
