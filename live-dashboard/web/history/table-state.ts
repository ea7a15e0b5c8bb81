/** How a table is sorted and how much of it is open: kept over redraws, and the order in the address. */
export interface TableState {
  readonly key: string;
  readonly descending: boolean;
}

const opened = new Set<string>();

export const isOpen = (table: string): boolean => opened.has(table);
export function setOpen(table: string, open: boolean): void {
  if (open) opened.add(table);
  else opened.delete(table);
}

const parameter = (table: string): string => `sort-${table}`;

/** @param keys those that the table has: an address may name others */
export function readOrder(table: string, keys: readonly string[], normal: TableState): TableState {
  const [key, direction] = (new URLSearchParams(location.search).get(parameter(table)) ?? '').split('.');
  if (key === undefined || !keys.includes(key) || (direction !== 'up' && direction !== 'down')) return normal;
  return { key, descending: direction === 'down' };
}

export function writeOrder(table: string, order: TableState, normal: TableState): void {
  const address = new URL(location.href);
  if (order.key === normal.key && order.descending === normal.descending)
    address.searchParams.delete(parameter(table));
  else address.searchParams.set(parameter(table), `${order.key}.${order.descending ? 'down' : 'up'}`);
  history.replaceState(null, '', address);
}
