import { foldId } from './identity.ts';
import { addIssue, addMark, type Intake } from './intake.ts';
import { isObject } from './shape.ts';
import { cutText } from './text.ts';

/** int on both engines */
export const mostInt = 2_147_483_647;

const integerText = /^[+-]?\d+(?:\.\d+)?$/;

/** Trimmed text; null when blank, `undefined` when it is none (object, array). Numbers and flags count as text. */
export const plainText = (value: unknown): string | null | undefined => {
  if (typeof value === 'string') {
    const trimmed = value.trim();
    return trimmed === '' ? null : trimmed;
  }
  if (value === undefined || value === null) return null;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
};

const textOr = (intake: Intake, field: string, value: unknown): string | null => {
  const text = plainText(value);
  if (text !== undefined) return text;
  addIssue(intake, field, 'invalid_type', 'expected text');
  return null;
};

/** A text whose absence or length the contract judges. */
export const requiredText = textOr;

/** An id whose absence or length the contract judges; UUIDs folded. */
export const requiredId = (intake: Intake, field: string, value: unknown): string | null => {
  const text = textOr(intake, field, value);
  return text === null ? null : foldId(text);
};

/** NULL with a mark when too long: a cut id would merge two of them. */
export const optionalId = (intake: Intake, field: string, value: unknown, limit: number): string | null => {
  const text = textOr(intake, field, value);
  if (text === null) return null;
  if (text.length <= limit) return foldId(text);
  addMark(intake, field, 'too_long');
  return null;
};

/** As `optionalId`, for events of other people's making: what is no text is NULL with a mark, not an error. */
export const lenientId = (intake: Intake, field: string, value: unknown, limit: number): string | null => {
  if (plainText(value) !== undefined) return optionalId(intake, field, value, limit);
  addMark(intake, field, 'not_text');
  return null;
};

/** Cut at a code point, with a mark. */
export const optionalText = (intake: Intake, field: string, value: unknown, limit: number): string | null => {
  const text = textOr(intake, field, value);
  if (text === null || text.length <= limit) return text;
  addMark(intake, field, 'cut');
  // what is cut may end in a blank, and 'a ' = 'a' on SQL Server
  return cutText(text, limit).trimEnd();
};

export const lenientText = (intake: Intake, field: string, value: unknown, limit: number): string | null => {
  if (plainText(value) !== undefined) return optionalText(intake, field, value, limit);
  addMark(intake, field, 'not_text');
  return null;
};

/** An "@" is personal data: such a user is stored as unknown. */
export const withoutPersonalData = (intake: Intake, field: string, id: string | null): string | null => {
  if (id === null || !id.includes('@')) return id;
  addMark(intake, field, 'personal');
  return null;
};

/** A number, or numeric text; null when blank; an issue for anything else. Never -0. */
export const numberOf = (intake: Intake, field: string, value: unknown): number | null => {
  if (typeof value === 'number') return value + 0;
  const text = plainText(value);
  if (text === null) return null;
  if (text !== undefined && typeof value === 'string' && integerText.test(text)) return Number(text) + 0;
  addIssue(intake, field, 'invalid_type', 'expected a number');
  return null;
};

/** A measurement for an integer column: fractions are cut, as times are; zero stays zero. */
export const wholeNumberOf = (intake: Intake, field: string, value: unknown): number | null => {
  const number = numberOf(intake, field, value);
  return number === null ? null : Math.trunc(number) + 0;
};

/** Two decimals, as decimal(5,2) holds them. */
export const percentOf = (intake: Intake, field: string, value: unknown): number | null => {
  const number = numberOf(intake, field, value);
  return number === null ? null : Math.round(number * 100) / 100 + 0;
};

/** An object field such as `properties`; null when blank; an issue for anything else. */
export const objectOf = (
  intake: Intake,
  field: string,
  value: unknown,
): Record<string, unknown> | undefined => {
  if (isObject(value)) return value;
  if (plainText(value) !== null) addIssue(intake, field, 'invalid_type', 'expected an object');
  return undefined;
};
