import { createDeadLetterActions } from '../dead-letter-actions.ts';
import { element, setText } from '../dom.ts';
import { integer } from '../format.ts';
import { getJson, type LetterCount, type Letters } from './api.ts';
import { letterDetail } from './letter-detail.ts';
import { letterRows } from './letter-rows.ts';
import { nothing } from './parts.ts';
import type { DayRange } from './range.ts';

const PAGE = 50;
/** rows that one call answers with */
const mostRows = 500;
const filters = ['reason', 'source', 'status', 'text'] as const;
type Filter = (typeof filters)[number];

let kept: ReturnType<typeof makeLettersView> | undefined;

/**
 * Dead letters of a range: filters (kept in the address), the list newest first, and beside it the one that is open.
 * Chosen ones can be tried, replayed and discarded; what became of each stands in its row. There is one for as long as
 * the page is open: a cycle of Gold draws the page anew, and must not forget what somebody chose or is waiting for.
 */
export function lettersView(range: DayRange, counts: readonly LetterCount[]): HTMLElement {
  kept ??= makeLettersView();
  kept.renew(range, counts);
  return kept.element;
}

function makeLettersView() {
  const query = new URLSearchParams(location.search);
  const chosen = new Map<Filter, string>(filters.map((name) => [name, query.get(name) ?? '']));
  if (!query.has('status')) chosen.set('status', 'pending');
  let opened = query.get('letter') ?? '';
  let range: DayRange | undefined;
  let asked = 0;

  const told = element('span', { class: 'sub', id: 'letters-told', role: 'status' });
  const pickedText = element('span', { class: 'sub', id: 'letters-picked' });
  const beside = element('div', { class: 'beside' });
  const more = element('button', { type: 'button', class: 'link more', id: 'letters-more' }, 'Show more');
  more.hidden = true;
  more.addEventListener('click', () => {
    // A letter that was resolved here is in the pending ones' list no more: those behind it have moved up.
    const from = chosen.get('status') === 'pending' ? rows.pending() : rows.count();
    void read(from, PAGE);
  });
  const place = element('span', { class: 'sp', id: 'letter-actions' });
  const rows = letterRows({ onPicked: showPicked, onOpen: (id) => void open(id, true) });
  const actions = createDeadLetterActions({
    container: place,
    selected: () => rows.picked().map((id) => ({ id })),
    onOutcome: rows.showOutcomes,
  });

  function showPicked(): void {
    const count = rows.picked().length;
    setText(pickedText, count === 0 ? '' : `${integer(count)} chosen`);
    actions.update();
  }

  function remember(name: string, value: string): void {
    const address = new URL(location.href);
    address.searchParams.set(name, value);
    history.replaceState(null, '', address);
  }

  function choose(name: Filter, value: string): void {
    chosen.set(name, value);
    remember(name, value);
    rows.forget();
    void read(0, PAGE);
  }

  function select(name: Filter, label: string, all: string) {
    const made = element('select', { 'aria-label': label, id: `letters-${name}` });
    made.addEventListener('change', () => choose(name, made.value));
    let shown = '';
    function offer(values: readonly string[]): void {
      const current = chosen.get(name) ?? '';
      const options = current === '' || values.includes(current) ? values : [...values, current];
      const key = JSON.stringify(options);
      // an open list is not pulled from under the pointer
      if (key === shown) return;
      shown = key;
      made.replaceChildren(
        ...[['', all] as const, ...options.map((one) => [one, one] as const)].map(([value, text]) =>
          element('option', { value }, text),
        ),
      );
      made.value = current;
    }
    return { element: made, offer };
  }

  const reason = select('reason', 'Reason', 'All reasons');
  const source = select('source', 'Source', 'All sources');
  const status = select('status', 'Status', 'All states');
  status.offer(['pending', 'replayed', 'discarded']);
  const search = element('input', {
    type: 'search',
    id: 'letters-text',
    placeholder: 'Event id or text',
    'aria-label': 'Search in dead letters',
    maxlength: '100',
    value: chosen.get('text') ?? '',
  });
  search.addEventListener('change', () => choose('text', search.value.trim()));

  async function read(from: number, limit: number): Promise<void> {
    if (range === undefined) return;
    asked += 1;
    const mine = asked;
    const parameters = new URLSearchParams({
      from: range.from,
      to: range.to,
      limit: String(limit),
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
    const { rows: letters, total, next_offset: next } = answer.value;
    rows.show(letters, from === 0);
    setText(told, `${integer(total)} ${total === 1 ? 'letter' : 'letters'}`);
    more.hidden = next === null;
    if (opened !== '' && beside.querySelector('#letter') === null) void open(opened, false);
    else if (opened === '')
      beside.replaceChildren(
        nothing(total === 0 ? 'no dead letter with these filters' : 'choose a letter to see it whole'),
      );
  }

  async function open(id: string, focus: boolean): Promise<void> {
    opened = id;
    remember('letter', id);
    rows.open(id);
    const answer = await getJson<Letters>(`/api/dead-letters?id=${encodeURIComponent(id)}`);
    if (opened !== id) return;
    const letter = answer.kind === 'ok' ? answer.value.rows[0] : undefined;
    const detail = letter === undefined ? nothing('This letter could not be read.') : letterDetail(letter);
    beside.replaceChildren(detail);
    if (focus) detail.focus();
  }

  const distinct = (counts: readonly LetterCount[], of: (row: LetterCount) => string): readonly string[] =>
    [...new Set(counts.map(of))].sort();

  rows.open(opened);
  const whole = element(
    'div',
    { class: 'letters' },
    element(
      'div',
      { class: 'fl' },
      reason.element,
      source.element,
      status.element,
      search,
      told,
      pickedText,
      place,
    ),
    element('div', { class: 'dlg' }, element('div', {}, rows.element, more), beside),
  );

  return {
    element: whole,
    /** Gold was made anew, or other days are asked for. */
    renew(days: DayRange, counts: readonly LetterCount[]): void {
      if (range !== undefined && (range.from !== days.from || range.to !== days.to)) rows.forget();
      range = days;
      reason.offer(distinct(counts, (row) => row.reason));
      source.offer(distinct(counts, (row) => row.source));
      void read(0, Math.min(mostRows, Math.max(PAGE, rows.count())));
    },
  };
}
