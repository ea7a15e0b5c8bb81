import { byId, element, setText } from './dom.ts';

/** A chart as a table: the first cell of a row is its heading. */
export interface ChartTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface ChartTableView {
  /** To be called when the chart is drawn; `read` runs only while the table is open. */
  show(read: () => ChartTable): void;
}

/**
 * A link "show as table" and the table it opens, with a first column that stays while the rest scrolls. Cells are
 * set in place, so that what is being read does not move.
 * @param id of the empty element it is put into; title: what the table is of; link: id of the element that gets the
 * link, where that is another
 */
export function createChartTable(id: string, title: string, link: string = id): ChartTableView {
  const place = byId(id);
  const head = element('tr');
  const body = element('tbody');
  const table = element('table', { class: 't as-table' }, element('thead', {}, head), body);
  const scroll = element(
    'div',
    { class: 'scroll tall', role: 'region', 'aria-label': title, tabindex: '0' },
    table,
  );
  scroll.id = `${id}-scroll`;
  scroll.hidden = true;
  const button = element('button', {
    class: 'link',
    type: 'button',
    'aria-expanded': 'false',
    'aria-controls': scroll.id,
    'aria-label': `${title}: show as table`,
  });
  button.textContent = 'show as table';
  byId(link).append(button);
  place.append(scroll);
  let latest: (() => ChartTable) | undefined;

  function toggle(open: boolean): void {
    scroll.hidden = !open;
    if (open) opened.add(id);
    else opened.delete(id);
    const text = open ? 'hide table' : 'show as table';
    setText(button, text);
    button.setAttribute('aria-label', `${title}: ${text}`);
    button.setAttribute('aria-expanded', String(open));
    fill();
  }

  function fill(): void {
    if (scroll.hidden || latest === undefined) return;
    const { columns, rows } = latest();
    resize(head, columns.length, () => element('th', { scope: 'col' }));
    for (const [index, column] of columns.entries()) setText(head.children[index] ?? head, column);
    resize(body, rows.length, () => element('tr'));
    for (const [index, cells] of rows.entries()) {
      const row = body.children[index];
      if (row === undefined) continue;
      resize(row, cells.length, (column) => (column === 0 ? element('th', { scope: 'row' }) : element('td')));
      for (const [column, text] of cells.entries()) setText(row.children[column] ?? row, text);
    }
  }

  button.addEventListener('click', () => toggle(scroll.hidden !== false));
  if (opened.has(id)) toggle(true);
  return {
    show(read) {
      latest = read;
      fill();
    },
  };
}

/** Tables that were opened: a page that is drawn anew finds them open. */
const opened = new Set<string>();

/** Adds and removes children at the end until there are `count`. */
function resize(parent: Element, count: number, make: (index: number) => Element): void {
  while (parent.children.length > count) parent.lastElementChild?.remove();
  for (let index = parent.children.length; index < count; index++) parent.append(make(index));
}
