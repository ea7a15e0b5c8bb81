const replacement = '\uFFFD';
const nul = '\0';
const loneSurrogates = /\p{Surrogate}/gu;

/** NUL and lone surrogates become U+FFFD: no engine stores them alike, and RFC 8785 has no form for them. */
export const soundText = (text: string): string =>
  text.replaceAll(nul, replacement).replace(loneSurrogates, replacement);

const isHighSurrogate = (code: number): boolean => code >= 0xd800 && code <= 0xdbff;

/** The first `limit` UTF-16 units, fewer by one where a code point would be cut in two. */
export const cutText = (text: string, limit: number): string => {
  if (text.length <= limit) return text;
  return text.slice(0, isHighSurrogate(text.charCodeAt(limit - 1)) ? limit - 1 : limit);
};

/**
 * A parsed value whose strings and keys are all sound. Only bodies whose text holds a `\u` escape can need
 * it: UTF-8 has no lone surrogates and JSON no bare NUL. Recursive: the depth was bounded before.
 */
export const soundValue = (value: unknown): unknown => {
  if (typeof value === 'string') return soundText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(soundValue);
  const copy: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) copy[soundText(key)] = soundValue(inner);
  return copy;
};
