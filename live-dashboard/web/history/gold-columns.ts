import { definitionOf, type GoldColumn } from '../../../sinks/gold-definitions.ts';
import type { GoldTable } from '../../../sinks/gold-tables.ts';
import { duration, integer, milliseconds, share } from '../format.ts';
import type { Column } from './data-table.ts';

/** A number's column, whose meaning is that of a column of Gold. */
export function goldColumn<R, T extends GoldTable>(
  table: T,
  column: GoldColumn<T>,
  heading: string,
  value: (row: R) => number | null,
  show: (value: number | null) => string = integer,
): Column<R> {
  return {
    key: column,
    heading,
    definition: definitionOf(table, column),
    value,
    show: (row) => show(value(row)),
  };
}

/** A number's column with a meaning of its own. */
export const ownColumn = <R>(
  key: string,
  heading: string,
  definition: string,
  value: (row: R) => number | null,
  show: (value: number | null) => string,
): Column<R> => ({ key, heading, definition, value, show: (row) => show(value(row)) });

export const rateText = (value: number | null): string => (value === null ? '–' : share(value, 1));
export const secondsText = (value: number | null): string => duration(value);
export const msText = (value: number | null): string => (value === null ? '–' : `${milliseconds(value)} ms`);
export const percentText = (value: number | null): string => (value === null ? '–' : `${Math.round(value)}%`);
export const ratingText = (value: number | null): string => (value === null ? '–' : value.toFixed(2));
