import { type CsvValue, csvText } from './csv.ts';

/** A column as its file and its order see it. */
export interface WrittenColumn<R> {
  readonly heading: string;
  /** by what rows are ordered; null goes last either way. Also what the file holds, where `csv` does not say other. */
  readonly value: (row: R) => CsvValue;
  readonly csv?: (row: R) => CsvValue;
  /** a drawing: no heading of its own to sort by, and not in the file */
  readonly drawing?: true;
}

/** The table's file: every column but the drawings. */
export function tableCsv<R>(columns: readonly WrittenColumn<R>[], rows: readonly R[]): string {
  const written = columns.filter(({ drawing }) => drawing !== true);
  return csvText(
    written.map(({ heading }) => heading),
    rows.map((row) => written.map((column) => (column.csv ?? column.value)(row))),
  );
}

/** Nulls last whichever way; equal rows stay in the order that they had. */
export function sortedBy<R>(
  rows: readonly R[],
  value: (row: R) => CsvValue,
  descending: boolean,
): readonly R[] {
  const way = descending ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [one, other] = [value(a), value(b)];
    if (one === null || other === null) return one === other ? 0 : one === null ? 1 : -1;
    return one < other ? -way : one > other ? way : 0;
  });
}
