import canonicalize from 'canonicalize';

/** A key that a JavaScript object would sort as a number, before all others. */
const isIntegerLike = (key: string): boolean => {
  const first = key.charCodeAt(0);
  return first >= 48 && first <= 57;
};

/**
 * A copy with all keys in RFC 8785's order (UTF-16 code units, which is what sort() does), so that
 * JSON.stringify of it IS the canonical text. `undefined` where an integer-like key makes that untrue.
 * For JSON values only; recursive, so the depth must be bounded before.
 */
export const sortedCopy = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const copy: unknown[] = [];
    for (const inner of value) {
      const sorted = sortedCopy(inner);
      if (sorted === undefined) return undefined;
      copy.push(sorted);
    }
    return copy;
  }
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value).sort()) {
    if (isIntegerLike(key)) return undefined;
    const sorted = sortedCopy((value as Record<string, unknown>)[key]);
    if (sorted === undefined) return undefined;
    copy[key] = sorted;
  }
  return copy;
};

/** RFC 8785 text of a JSON value with sound strings and finite numbers; throws on anything else. */
export const canonicalText = (value: unknown): string => {
  const sorted = sortedCopy(value);
  if (sorted !== undefined) return JSON.stringify(sorted);
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('not a JSON value');
  return text;
};
