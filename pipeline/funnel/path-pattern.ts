/** A page_path pattern: null is any page, `/a/*` needs at least one character after the slash, else exact. */
export type PathPattern = string | null;

/** A pattern as it is compared with every page view; the text of a prefix ends in the slash. */
export interface PathMatcher {
  readonly kind: 'any' | 'exact' | 'prefix';
  readonly text: string;
}

export function pathMatcher(pattern: PathPattern): PathMatcher {
  if (pattern === null) return { kind: 'any', text: '' };
  if (!pattern.endsWith('/*')) return { kind: 'exact', text: pattern };
  return { kind: 'prefix', text: pattern.slice(0, -1) };
}

export function isMatch({ kind, text }: PathMatcher, path: string | null): boolean {
  if (kind === 'any') return true;
  if (path === null) return false;
  return kind === 'exact' ? path === text : path.length > text.length && path.startsWith(text);
}

export const matchesPath = (pattern: PathPattern, path: string | null): boolean =>
  isMatch(pathMatcher(pattern), path);

/** Is there a path that both match? */
export function pathPatternsOverlap(a: PathPattern, b: PathPattern): boolean {
  if (a === null || b === null) return true;
  if (!a.endsWith('/*')) return matchesPath(b, a);
  if (!b.endsWith('/*')) return matchesPath(a, b);
  // Two prefixes meet when one lies within the other.
  return a.startsWith(b.slice(0, -1)) || b.startsWith(a.slice(0, -1));
}
