import { groupBy } from './recount-bronze.ts';
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

const places = { money: 2, seconds: 3, rate: 6, decimal: 6 } as const;

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
      return fixed(String(value), places[kind]);
  }
}

/** Pads with zeros; what stands beyond the places is kept, so that it shows as a difference. */
function fixed(text: string, wanted: number): string {
  const [whole = '', fraction = ''] = (/e/i.test(text) ? Number(text).toFixed(wanted + 3) : text).split('.');
  const kept = fraction.replace(/0+$/, '').padEnd(wanted, '0');
  return `${whole === '-0' && /^0*$/.test(kept) ? '0' : whole}.${kept}`;
}

const keyOf = (row: PlainRow, key: readonly string[]): string =>
  JSON.stringify(
    key.map((column) => {
      const value = row[column];
      return typeof value === 'number' ? String(value).padStart(16, '0') : value;
    }),
  );

function sorted(rows: readonly PlainRow[], key: readonly string[]): PlainRow[] {
  return rows
    .map((row) => ({ row, at: keyOf(row, key) }))
    .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
    .map(({ row }) => row);
}

export function ownRows(table: TableName, rows: readonly object[]): readonly PlainRow[] {
  const { key, columns } = shapeOf(table);
  const plain = rows.map((row) => {
    const cells = new Map<string, Cell>(Object.entries(row));
    return Object.fromEntries(
      Object.entries(columns).map(([column, kind]) => {
        const value = cells.get(column);
        if (value === undefined) throw new Error(`${table} has no ${column}`);
        return [column, ownCell(value, kind)];
      }),
    );
  });
  return sorted(plain, key);
}

/** @param rows of `SELECT * FROM table`, whose order does not matter; columns that the shape lacks are left out */
export function queriedRows(
  table: TableName,
  columns: readonly string[],
  rows: readonly (readonly unknown[])[],
): readonly PlainRow[] {
  const shape = shapeOf(table);
  const plain = rows.map((row) =>
    Object.fromEntries(
      Object.entries(shape.columns).map(([column, kind]) => {
        const place = columns.indexOf(column);
        if (place < 0) throw new Error(`${table} has no column ${column}`);
        return [column, queriedCell(row[place], kind)];
      }),
    ),
  );
  return sorted(plain, shape.key);
}

export interface Difference {
  readonly key: string;
  /** undefined: only the other side has such a row */
  readonly expected: PlainRow | undefined;
  readonly actual: PlainRow | undefined;
  readonly columns: readonly string[];
}

const lastPlace = 1.000_001e-6;

function isSame(kind: ColumnKind, a: Cell | undefined, b: Cell | undefined): boolean {
  if (a === b) return true;
  if (kind !== 'decimal' || typeof a !== 'string' || typeof b !== 'string') return false;
  return Math.abs(Number(a) - Number(b)) <= lastPlace;
}

/**
 * What differs, at most `limit` rows of it. A key that stands more than once on a side is a difference too. Means
 * and percentiles may differ by one in the sixth place, which is the engine's rounding.
 */
export function differences(
  table: TableName,
  expected: readonly PlainRow[],
  actual: readonly PlainRow[],
  limit = 10,
): readonly Difference[] {
  const { key, columns } = shapeOf(table);
  const wanted = groupBy(expected, (row) => keyOf(row, key));
  const found = groupBy(actual, (row) => keyOf(row, key));
  const differing: Difference[] = [];
  for (const at of new Set([...wanted.keys(), ...found.keys()])) {
    if (differing.length >= limit) break;
    const [want, ...moreWanted] = wanted.get(at) ?? [];
    const [have, ...moreFound] = found.get(at) ?? [];
    const unlike = Object.entries(columns)
      .filter(([column, kind]) => !isSame(kind, want?.[column], have?.[column]))
      .map(([column]) => column);
    if (unlike.length > 0 || moreWanted.length > 0 || moreFound.length > 0) {
      differing.push({ key: at, expected: want, actual: have, columns: unlike });
    }
  }
  return differing;
}
