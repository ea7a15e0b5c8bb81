import { moneyText, secondsText } from './recount-numbers.ts';
import { type ColumnKind, shapeOf, type TableName } from './recount-tables.ts';

/** Rows in the one form in which they are compared (recount-tables.ts), sorted by key. */

export type Cell = string | number | null;
export type PlainRow = Readonly<Record<string, Cell>>;

/** A cell of the recount: money in hundredths, durations in ms, rates and decimals already text. */
function ownCell(value: Cell, kind: ColumnKind): Cell {
  if (typeof value !== 'number') return value;
  if (kind === 'money') return moneyText(value);
  if (kind === 'seconds') return secondsText(value);
  return value;
}

const decimals = { money: 2, seconds: 3, rate: 6, decimal: 6 } as const;

/** A cell as a driver or a JSON answer gives it: times as ISO text or Date, decimals as numbers or text. */
function queriedCell(value: unknown, kind: ColumnKind): Cell {
  if (value === null || value === undefined) return null;
  switch (kind) {
    case 'text':
      return String(value);
    case 'date':
      return (value instanceof Date ? value.toISOString() : String(value)).slice(0, 10);
    case 'time':
      if (typeof value === 'number') return value;
      return value instanceof Date ? value.getTime() : Date.parse(String(value));
    case 'count':
      return Number(value);
    default:
      return fixed(String(value), decimals[kind]);
  }
}

/** Pads with zeros; what stands beyond the places is kept, so that it shows as a difference. */
function fixed(text: string, wanted: number): string {
  const [whole = '', fraction = ''] = (/e/i.test(text) ? Number(text).toFixed(wanted + 3) : text).split('.');
  const kept = fraction.replace(/0+$/, '').padEnd(wanted, '0');
  return `${whole === '-0' && /^0*$/.test(kept) ? '0' : whole}.${kept}`;
}

/** By the key's columns: numbers by size, texts by their UTF-16 units. */
function byKey(key: readonly string[]): (a: PlainRow, b: PlainRow) => number {
  return (a, b) => {
    for (const column of key) {
      const [own = null, other = null] = [a[column], b[column]];
      if (own === other) continue;
      if (own === null || other === null) return own === null ? -1 : 1;
      return own < other ? -1 : 1;
    }
    return 0;
  };
}

/** @param rows with the shape's columns, and perhaps more */
export function ownRows(table: TableName, rows: Iterable<object>): readonly PlainRow[] {
  const shape = shapeOf(table);
  const columns = Object.entries(shape.columns);
  const plain: PlainRow[] = [];
  for (const row of rows) {
    const cells = row as Readonly<Record<string, Cell>>;
    const own: Record<string, Cell> = {};
    for (const [column, kind] of columns) {
      const value = cells[column];
      if (value === undefined) throw new Error(`${table} has no ${column}`);
      own[column] = ownCell(value, kind);
    }
    plain.push(own);
  }
  return plain.sort(byKey(shape.key));
}

/** @param rows of `SELECT * FROM table`, whose order does not matter; columns that the shape lacks are left out */
export function queriedRows(
  table: TableName,
  columns: readonly string[],
  rows: readonly (readonly unknown[])[],
): readonly PlainRow[] {
  const shape = shapeOf(table);
  const places = Object.entries(shape.columns).map(([column, kind]) => {
    const place = columns.indexOf(column);
    if (place < 0) throw new Error(`${table} has no column ${column}`);
    return { column, kind, place };
  });
  return rows
    .map((row): PlainRow => {
      const plain: Record<string, Cell> = {};
      for (const { column, kind, place } of places) plain[column] = queriedCell(row[place], kind);
      return plain;
    })
    .sort(byKey(shape.key));
}

export interface Difference {
  /** undefined: only the other side has such a row */
  readonly expected: PlainRow | undefined;
  readonly actual: PlainRow | undefined;
  /** the columns that differ */
  readonly columns: readonly string[];
}

const lastPlace = 1.000_001e-6;

function isSame(kind: ColumnKind, a: Cell | undefined, b: Cell | undefined): boolean {
  if (a === b) return true;
  if (kind !== 'decimal' || typeof a !== 'string' || typeof b !== 'string') return false;
  return Math.abs(Number(a) - Number(b)) <= lastPlace;
}

/**
 * What differs, at most `limit` rows of it, of rows sorted by key. A key that stands more than once on a side is a
 * difference too. Means and percentiles may differ by one in the sixth place, which is the engine's rounding.
 */
export function differences(
  table: TableName,
  expected: readonly PlainRow[],
  actual: readonly PlainRow[],
  limit = 10,
): readonly Difference[] {
  const { key, columns } = shapeOf(table);
  const compare = byKey(key);
  const kinds = Object.entries(columns);
  const differing: Difference[] = [];
  let [wanted, found] = [0, 0];
  while (differing.length < limit && (wanted < expected.length || found < actual.length)) {
    const [want, have] = [expected[wanted], actual[found]];
    const order = want === undefined ? 1 : have === undefined ? -1 : compare(want, have);
    const own = order <= 0 ? want : undefined;
    const theirs = order >= 0 ? have : undefined;
    const unlike = kinds.filter(([column, kind]) => !isSame(kind, own?.[column], theirs?.[column]));
    if (unlike.length > 0) {
      differing.push({ expected: own, actual: theirs, columns: unlike.map(([column]) => column) });
    }
    if (own !== undefined) wanted += 1;
    if (theirs !== undefined) found += 1;
  }
  return differing;
}
