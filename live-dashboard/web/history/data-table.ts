import { element } from '../dom.ts';
import type { CsvValue } from './csv.ts';
import { card, nothing, rowsLink, separator } from './parts.ts';
import { isPrinting } from './printing.ts';
import { saveCsv } from './save-file.ts';
import { sortedBy, tableCsv, type WrittenColumn } from './table-rows.ts';
import { isOpen, readOrder, setOpen, type TableState, writeOrder } from './table-state.ts';

/** Rows that are seen before "Show all". */
const SHOWN = 14;

export interface Column<R> extends WrittenColumn<R> {
  readonly key: string;
  /** what the number means; every number has one */
  readonly definition?: string;
  readonly show: (row: R) => string | readonly (Node | string)[];
  readonly kind?: 'left' | 'strong' | 'mono';
}

export interface DataTable<R> {
  /** also the name of its file */
  readonly id: string;
  readonly title: string;
  readonly note?: readonly (Node | string)[];
  readonly columns: readonly Column<R>[];
  readonly rows: readonly R[];
  readonly order: TableState;
  /** "Show all 30 days" */
  readonly things: string;
  /** address of the rows that it was made from */
  readonly source: string;
  /** a row of a running day */
  readonly isOpenDay?: (row: R) => boolean;
  readonly file: string;
  /** instead of a table of no rows */
  readonly empty?: string;
}

/** A card with a table whose headings sort it, and its CSV: all rows, in the order that is shown. */
export function tableCard<R>(table: DataTable<R>): HTMLElement {
  const { id, title, rows, columns } = table;
  const csv = element('button', { type: 'button', class: 'link', 'aria-label': `${title}: CSV` }, 'CSV');
  const { note = [] } = table;
  const aside = [
    ...note,
    ...(note.length > 0 ? [separator()] : []),
    rowsLink(table.source, title),
    separator(),
    csv,
  ];
  if (rows.length === 0) return card({ id, title, aside: note, body: [nothing(table.empty)] });

  let order = readOrder(
    id,
    columns.map(({ key }) => key),
    table.order,
  );
  const head = element('tr');
  const body = element('tbody');
  const more = element('button', { type: 'button', class: 'link more' });
  const scroll = element(
    'div',
    { class: 'scroll', role: 'region', 'aria-labelledby': `${id}-heading`, tabindex: '0' },
    element('table', { class: 't data', id: `${id}-table` }, element('thead', {}, head), body),
  );

  for (const column of columns) head.append(heading(column));
  csv.addEventListener('click', () => saveCsv(`${table.file}.csv`, tableCsv(columns, sorted())));
  more.addEventListener('click', () => {
    setOpen(id, !isOpen(id));
    fill();
  });

  function heading(column: Column<R>): HTMLElement {
    const cell = element('th', { scope: 'col', 'data-column': column.key, ...classOf(column) });
    if (column.drawing) {
      cell.append(element('span', column.heading === '' ? { class: 'vh' } : {}, column.heading || 'drawing'));
      return cell;
    }
    const sort = element('button', {
      type: 'button',
      class: column.definition === undefined ? 'sort' : 'sort def',
    });
    sort.append(column.heading, element('span', { class: 'arrow', 'aria-hidden': 'true' }));
    if (column.definition !== undefined) sort.dataset.text = column.definition;
    sort.addEventListener('click', () => {
      const turned = order.key === column.key ? !order.descending : typeof sample(column) !== 'string';
      order = { key: column.key, descending: turned };
      writeOrder(id, order, table.order);
      fill();
    });
    cell.append(sort);
    return cell;
  }

  /** Numbers begin with the largest, texts with the first. */
  const sample = (column: Column<R>): CsvValue =>
    rows.map(column.value).find((value) => value !== null) ?? null;

  function sorted(): readonly R[] {
    const column = columns.find(({ key }) => key === order.key);
    return column === undefined ? rows : sortedBy(rows, column.value, order.descending);
  }

  function fill(): void {
    for (const cell of head.children) {
      const mine = cell.getAttribute('data-column') === order.key;
      if (mine) cell.setAttribute('aria-sort', order.descending ? 'descending' : 'ascending');
      else cell.removeAttribute('aria-sort');
      const arrow = cell.querySelector('.arrow');
      if (arrow !== null) arrow.textContent = mine ? (order.descending ? ' ↓' : ' ↑') : '';
    }
    const shown = isOpen(id) || isPrinting() ? sorted() : sorted().slice(0, SHOWN);
    body.replaceChildren(...shown.map((row) => rowOf(row)));
    more.hidden = rows.length <= SHOWN;
    more.textContent = isOpen(id)
      ? `Show ${SHOWN} ${table.things}`
      : `Show all ${rows.length} ${table.things}`;
  }

  function rowOf(row: R): HTMLElement {
    const line = element('tr', table.isOpenDay?.(row) === true ? { class: 'now' } : {});
    for (const [index, column] of columns.entries()) {
      const shown = column.show(row);
      const attributes = { 'data-column': column.key, ...classOf(column) };
      const cell = index === 0 ? element('th', { scope: 'row', ...attributes }) : element('td', attributes);
      cell.append(...(typeof shown === 'string' ? [shown] : shown));
      line.append(cell);
    }
    return line;
  }

  fill();
  return card({ id, title, aside, body: [scroll, more] });
}

const classOf = ({ kind }: { readonly kind?: 'left' | 'strong' | 'mono' }): Record<string, string> =>
  kind === undefined ? {} : { class: kind === 'left' ? 'l' : kind };
