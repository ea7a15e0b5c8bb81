import { element, setText } from '../dom.ts';
import type { LetterOutcome } from '../letter-outcome.ts';
import type { Letter } from './api.ts';
import { detailText } from './letter-parts.ts';
import { momentText, pill } from './moments.ts';

export interface LetterRowsOptions {
  /** chosen ones have changed */
  readonly onPicked: () => void;
  readonly onOpen: (id: string) => void;
}

interface Row {
  readonly letter: Letter;
  readonly element: HTMLElement;
  readonly pick: HTMLInputElement;
  readonly status: HTMLElement;
}

const columns = ['Failed', 'Source', 'Reason', 'Detail', 'Status'] as const;
const newestFirst = (a: Row, b: Row): number =>
  a.letter.failed_at === b.letter.failed_at ? 0 : a.letter.failed_at < b.letter.failed_at ? 1 : -1;

/**
 * The rows of dead letters, each made once: a list that is read anew keeps what was chosen, what the focus is on and
 * what became of letters here, also of those that the filters would not show any more. On a narrow page a row is two
 * lines, a grid: so the roles of a table are told.
 */
export function letterRows({ onPicked, onOpen }: LetterRowsOptions) {
  const rows = new Map<string, Row>();
  const picked = new Set<string>();
  const became = new Map<string, LetterOutcome>();
  let opened = '';

  const all = element('input', { type: 'checkbox', 'aria-label': 'Choose all that are shown' });
  all.addEventListener('change', () => {
    for (const row of rows.values()) choose(row, all.checked);
    tellPicked();
  });
  const body = element('tbody', { role: 'rowgroup' });
  const heads = columns.map((name, index) =>
    element(
      'th',
      { scope: 'col', role: 'columnheader', class: 'l' },
      ...(index === 0 ? [all, ' '] : []),
      name,
    ),
  );
  const table = element(
    'table',
    { class: 't left data', id: 'letters-table', role: 'table' },
    element('thead', { role: 'rowgroup' }, element('tr', { role: 'row' }, ...heads)),
    body,
  );
  const list = element(
    'div',
    { class: 'scroll lst', role: 'region', 'aria-label': 'Dead letters, newest first', tabindex: '0' },
    table,
  );

  function choose({ pick, letter }: Row, chosen: boolean): void {
    pick.checked = chosen && !pick.disabled;
    if (pick.checked) picked.add(letter.event_id);
    else picked.delete(letter.event_id);
  }

  function tellPicked(): void {
    const open = [...rows.values()].filter(({ pick }) => !pick.disabled).length;
    all.disabled = open === 0;
    all.checked = open > 0 && picked.size === open;
    all.indeterminate = picked.size > 0 && picked.size < open;
    onPicked();
  }

  function rowOf(letter: Letter): Row {
    const { event_id: id } = letter;
    const button = element(
      'button',
      { type: 'button', class: 'link', id: `letter-${id}` },
      momentText(letter.failed_at),
    );
    button.addEventListener('click', () => onOpen(id));
    const pick = element('input', { type: 'checkbox', id: `choose-${id}`, 'aria-label': `Choose ${id}` });
    const status = element('td', { class: 'l', role: 'cell', 'data-value': 'status' });
    const row: Row = {
      letter,
      pick,
      status,
      element: element(
        'tr',
        { role: 'row', 'data-letter': id },
        element('th', { scope: 'row', role: 'rowheader', class: 'l' }, pick, ' ', button),
        element('td', { class: 'l', role: 'cell', 'data-value': 'source' }, letter.source),
        element('td', { class: 'mono', role: 'cell', 'data-value': 'reason' }, letter.reason),
        element('td', { class: 'l m', role: 'cell', 'data-value': 'detail' }, detailText(letter)),
        status,
      ),
    };
    pick.addEventListener('change', () => {
      choose(row, pick.checked);
      tellPicked();
    });
    return row;
  }

  /** What became of it here stands before what it was when it was read. */
  function showStatus({ letter, status, pick }: Row): void {
    const outcome = became.get(letter.event_id);
    if (outcome === undefined || (letter.status !== 'pending' && !outcome.resolved))
      status.replaceChildren(pill(letter.status));
    else setText(status, outcome.text);
    pick.disabled = letter.status !== 'pending' || outcome?.resolved === true;
    if (pick.disabled) {
      pick.checked = false;
      picked.delete(letter.event_id);
    }
  }

  const isSame = (one: Letter, other: Letter): boolean =>
    one.status === other.status && one.reason === other.reason && one.detail === other.detail;

  function put(letter: Letter): void {
    const known = rows.get(letter.event_id);
    if (known !== undefined && isSame(known.letter, letter)) return;
    const made = rowOf(letter);
    made.pick.checked = picked.has(letter.event_id);
    rows.set(letter.event_id, made);
    showStatus(made);
  }

  function markOpened(): void {
    for (const { element: line, letter } of rows.values())
      if (letter.event_id === opened) line.setAttribute('aria-current', 'true');
      else line.removeAttribute('aria-current');
  }

  return {
    element: list,
    /** @param anew these are all from the first on; else they come behind those that stand */
    show(letters: readonly Letter[], anew: boolean): void {
      const wanted = new Set(letters.map(({ event_id }) => event_id));
      if (anew)
        for (const id of [...rows.keys()])
          if (!wanted.has(id) && !became.has(id)) {
            rows.delete(id);
            // nobody acts on what is out of sight
            picked.delete(id);
          }
      for (const letter of letters) put(letter);
      const lines = [...rows.values()].sort(newestFirst).map((row) => row.element);
      if (lines.some((line, index) => body.children[index] !== line) || body.children.length !== lines.length)
        body.replaceChildren(...lines);
      markOpened();
      tellPicked();
    },
    /** Each row says what became of its letter; one that is pending no more cannot be chosen again. */
    showOutcomes(outcomes: readonly LetterOutcome[]): void {
      for (const outcome of outcomes) {
        became.set(outcome.id, outcome);
        const row = rows.get(outcome.id);
        if (row !== undefined) showStatus(row);
      }
      tellPicked();
    },
    /** Other letters are asked for: choices and outcomes were of these. */
    forget(): void {
      rows.clear();
      picked.clear();
      became.clear();
      tellPicked();
    },
    open(id: string): void {
      opened = id;
      markOpened();
    },
    picked: (): readonly string[] => [...picked],
    count: (): number => rows.size,
    /** of those that the list would still name: what was resolved here is pending no more */
    pending: (): number => [...rows.values()].filter(({ pick }) => !pick.disabled).length,
  };
}
