import { plainText } from '../fields.ts';
import { foldId } from '../identity.ts';
import { sessionKeys } from '../keys.ts';
import { find, sectionsOf } from '../sections.ts';
import { isObject } from '../shape.ts';

/** events.md 2: longer ones are no session id, and their events are never stored as one. */
const MAX_LENGTH = 64;

/** The session id that an event of /track will be stored under, found as normalisation finds it; or undefined. */
export function sessionOf(value: unknown): string | undefined {
  if (!isObject(value)) return undefined;
  const text = plainText(find(sectionsOf(value).all, sessionKeys));
  return text === undefined || text === null || text.length > MAX_LENGTH ? undefined : foldId(text);
}
