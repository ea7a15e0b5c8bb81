/** The element of the page's own markup with this id. */
export function byId<T extends Element = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no #${id}`);
  return element as Element as T;
}

/** Sets the text only when it is another: nothing is redrawn while nothing changed. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export const setTextOf = (id: string, text: string): void => setText(byId(id), text);

export function setAttribute(element: Element, name: string, value: string): void {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

export function setHidden(id: string, hidden: boolean): void {
  const element = byId(id);
  if (element.hidden !== hidden) element.hidden = hidden;
}

type Child = Node | string;

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/**
 * Rows of a table body by key: a row is made once, kept while its key is there, and its cells' text is set in
 * place. The order is that of the keys.
 */
export function createRows(body: HTMLElement, key: string, cells: readonly string[]) {
  const rows = new Map<string, HTMLTableRowElement>();

  function rowOf(name: string): HTMLTableRowElement {
    const known = rows.get(name);
    if (known !== undefined) return known;
    const made = element('tr', { [`data-${key}`]: name });
    for (const cell of cells) made.append(element('td', { 'data-value': cell }));
    rows.set(name, made);
    return made;
  }

  return function show(lines: readonly { readonly key: string; readonly cells: readonly string[] }[]): void {
    const wanted = new Set(lines.map((line) => line.key));
    for (const [name, row] of rows) {
      if (wanted.has(name)) continue;
      row.remove();
      rows.delete(name);
    }
    for (const [index, line] of lines.entries()) {
      const row = rowOf(line.key);
      for (const [column, text] of line.cells.entries()) {
        const cell = row.cells[column];
        if (cell !== undefined) setText(cell, text);
      }
      if (body.children[index] !== row) body.insertBefore(row, body.children[index] ?? null);
    }
  };
}
