import { cutText } from './text.ts';

/** The column's length: an index key on SQL Server holds no more. */
export const longestPath = 400;

const scheme = /^[a-z][a-z0-9+.-]*$/i;
/** Only these make a UUID segment change; most paths have none. */
const upperHex = /[A-F]/;
const uuidSegment = /(?<=^|\/)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?=\/|$)/gi;

const pathStart = (url: string, end: number): number => {
  const mark = url.indexOf('://');
  if (mark > 0 && mark < end && scheme.test(url.slice(0, mark))) return url.indexOf('/', mark + 3);
  return url.startsWith('//') ? url.indexOf('/', 2) : 0;
};

const withoutTrailingSlashes = (path: string): string => {
  let end = path.length;
  while (end > 0 && path.charCodeAt(end - 1) === 47) end -= 1;
  return path.slice(0, end);
};

/**
 * The path of an absolute or relative URL, by index (five times as fast as `new URL`): no query, no fragment,
 * no trailing slash, "/" when nothing is left; nothing decoded, encoded or resolved; UUID segments in lower
 * case; up to 400 characters.
 */
export const pagePathOf = (url: string): string => {
  const query = url.indexOf('?');
  const fragment = url.indexOf('#');
  let end = query === -1 ? url.length : query;
  if (fragment !== -1 && fragment < end) end = fragment;
  const start = pathStart(url, end);
  if (start === -1 || start >= end) return '/';
  let path = withoutTrailingSlashes(url.slice(start, end));
  if (path.length >= 36 && upperHex.test(path)) path = path.replace(uuidSegment, (id) => id.toLowerCase());
  if (path.length > longestPath) path = withoutTrailingSlashes(cutText(path, longestPath));
  return path === '' ? '/' : path;
};

const products = '/products/';

/** `/products/<id>…` names a product; `/vendor/products/<id>` does not. */
export const productOfPath = (path: string): string | null => {
  if (!path.startsWith(products)) return null;
  const end = path.indexOf('/', products.length);
  const segment = path.slice(products.length, end === -1 ? path.length : end).trim();
  return segment === '' ? null : segment;
};
