/** A page_path pattern: null is any page, `/a/*` needs at least one character after the slash, else exact. */
export type PathPattern = string | null;

export function matchesPath(pattern: PathPattern, path: string | null): boolean {
  if (pattern === null) return true;
  if (path === null) return false;
  if (!pattern.endsWith('/*')) return path === pattern;
  const prefix = pattern.length - 1;
  return path.length > prefix && path.startsWith(pattern.slice(0, prefix));
}

/** Is there a path that both match? */
export function pathPatternsOverlap(a: PathPattern, b: PathPattern): boolean {
  if (a === null || b === null) return true;
  if (!a.endsWith('/*')) return matchesPath(b, a);
  if (!b.endsWith('/*')) return matchesPath(a, b);
  // Two prefixes meet when one lies within the other.
  return a.startsWith(b.slice(0, -1)) || b.startsWith(a.slice(0, -1));
}
