import { KadaError } from '../../ingest/errors.ts';

/**
 * Tells a statement that only reads from anything else, by its words: SQL Server has no transaction that refuses to
 * write. All these words are reserved, so that outside of quotes, brackets and comments they are never a name.
 */
const writing: ReadonlySet<string> = new Set(
  `insert update delete merge truncate create alter drop into exec execute declare set use begin commit rollback
   save grant revoke deny kill shutdown waitfor backup restore dbcc bulk openrowset openquery opendatasource
   reconfigure checkpoint print raiserror if while return goto deallocate writetext updatetext readtext`.split(
    /\s+/,
  ),
);

const token =
  /--[^\n]*|\/\*|N?'(?:[^']|'')*'|"(?:[^"]|"")*"|\[(?:[^\]]|\]\])*\]|[\p{L}_@#][\p{L}\p{N}_@#$]*|;|[^\s]/giu;

const refused = (why: string): KadaError =>
  new KadaError('KADA_SQL_READ_ONLY', `${why}. One statement that only reads (select, with …) is run.`);

/** Where a block comment that begins at `from` ends: they nest. */
function afterComment(sql: string, from: number): number {
  let depth = 0;
  for (const { 0: mark, index } of sql.slice(from).matchAll(/\/\*|\*\//g)) {
    depth += mark === '/*' ? 1 : -1;
    if (depth === 0) return from + index + 2;
  }
  return sql.length;
}

function tokensOf(sql: string): readonly string[] {
  const tokens: string[] = [];
  const scan = new RegExp(token);
  for (let found = scan.exec(sql); found !== null; found = scan.exec(sql)) {
    const [text] = found;
    if (text === '/*') scan.lastIndex = afterComment(sql, found.index);
    else if (!text.startsWith('--')) tokens.push(text);
  }
  return tokens;
}

/** Throws KADA_SQL_READ_ONLY for what is not one statement that only reads. */
export function requireReading(sql: string): void {
  const words = tokensOf(sql).map((text) => text.toLowerCase());
  while (words.at(-1) === ';') words.pop();
  if (words.includes(';')) throw refused('Several statements were given');
  const [first] = words;
  if (first !== 'select' && first !== 'with')
    throw refused(`${first ?? 'Nothing'} is not a statement that only reads`);
  const bad = words.find((word) => writing.has(word));
  if (bad !== undefined) throw refused(`${bad.toUpperCase()} does not only read`);
}
