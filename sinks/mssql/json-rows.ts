import { KadaError } from '../../ingest/errors.ts';
import type { BronzeColumn, NumberType } from '../bronze-columns.ts';

/**
 * Rows as JSON texts that OPENJSON reads with the columns' own types. Whatever a column cannot hold is refused
 * here: a conversion on the server could cut a text or read NULL without a word.
 */

/** Throws KADA_ROW_INVALID for a value that its column cannot hold. */
export type ToJson<Row> = (row: Row, n: number) => string;

const refused = (name: string, why: string): KadaError =>
  new KadaError('KADA_ROW_INVALID', `${name}: ${why}`);

const uuidText = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** 0001-01-01 and the last ms of 9999: what datetime2 holds */
const times = { first: -62_135_596_800_000, last: 253_402_300_799_999 };

const limits: Readonly<Record<'integer' | 'smallint' | 'bigint' | 'cents', number>> = {
  integer: 2 ** 31 - 1,
  smallint: 2 ** 15 - 1,
  // beyond it a JavaScript number is no longer the number that was meant
  bigint: Number.MAX_SAFE_INTEGER,
  cents: 999_999_999_999,
};

const isoOf = (name: string, ms: number): string => {
  if (!(ms >= times.first && ms <= times.last)) throw refused(name, 'not a time');
  return new Date(ms).toISOString().slice(0, 23);
};

/** Exact: the digits are moved, nothing is divided. */
const decimalOf = (cents: number): string => {
  const digits = String(Math.abs(cents)).padStart(3, '0');
  return `${cents < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
};

const wholeText = (
  name: string,
  type: 'integer' | 'smallint' | 'bigint' | 'cents',
  value: number,
): string => {
  if (!Number.isInteger(value) || Math.abs(value) > limits[type])
    throw refused(
      name,
      `not a whole number within ${type === 'cents' ? 'DECIMAL(12,2)' : type.toUpperCase()}`,
    );
  return type === 'cents' ? decimalOf(value) : String(value);
};

const uuidJson = (name: string, value: string): string => {
  if (!uuidText.test(value)) throw refused(name, 'not a UUID');
  return `"${value}"`;
};
const textJson = (name: string, length: number | undefined, value: string): string => {
  if (length !== undefined && value.length > length) throw refused(name, `longer than ${length} characters`);
  return JSON.stringify(value);
};

const ofText = (
  column: BronzeColumn<never> & { readonly type: 'text' | 'id' | 'uuid' },
  value: string,
): string =>
  column.type === 'uuid' ? uuidJson(column.name, value) : textJson(column.name, column.length, value);

const ofNumber = (name: string, type: NumberType, value: number): string => {
  if (type === 'timestamp') return `"${isoOf(name, value)}"`;
  if (type !== 'double') return wholeText(name, type, value);
  if (!Number.isFinite(value)) throw refused(name, 'not a number');
  return String(value);
};

const cellText = <Row>(column: BronzeColumn<Row>, row: Row): string | undefined => {
  const value: string | number | null = column.of(row);
  if (value === null) {
    if (column.required) throw refused(column.name, 'missing');
    return undefined;
  }
  switch (column.type) {
    case 'text':
    case 'id':
    case 'uuid':
      return ofText(column, String(value));
    default:
      return ofNumber(column.name, column.type, Number(value));
  }
};

/** One JSON object a row: `n`, the number of its claim in the batch, and the columns that are not NULL. */
export const toJson = <Row>(columns: readonly BronzeColumn<Row>[]): ToJson<Row> => {
  const keys = columns.map(({ name }) => `,"${name}":`);
  return (row, n) => {
    let text = `{"n":${n}`;
    for (const [index, column] of columns.entries()) {
      const cell = cellText(column, row);
      if (cell !== undefined) text += keys[index] + cell;
    }
    return `${text}}`;
  };
};
