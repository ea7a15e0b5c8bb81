import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KadaError } from '../../ingest/errors.ts';

/** One statement of sql/silver, sql/gold or sql/ranges, as both engines run it, and the `@names` that stand in it. */
export interface Statement {
  readonly sql: string;
  readonly parameters: readonly string[];
}

export type Layer = 'silver' | 'gold' | 'ranges';

/** The statements of a layer by the file's name without its ending, in the order of the names. */
export type Script = ReadonlyMap<string, readonly Statement[]>;

/** Quoted texts and comments, in which neither `;` nor `@name` means anything; then names, then ends. */
const tokens = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|@([A-Za-z_][A-Za-z0-9_]*)|;/g;

/** Splits a text into statements; comments go. Pure. */
export function splitStatements(text: string): readonly Statement[] {
  const statements: Statement[] = [];
  let sql = '';
  let parameters = new Set<string>();
  let from = 0;
  const end = (): void => {
    if (sql.trim() !== '') statements.push({ sql: sql.trim(), parameters: [...parameters] });
    sql = '';
    parameters = new Set();
  };
  for (const match of text.matchAll(tokens)) {
    const [token, name] = match;
    sql += text.slice(from, match.index);
    from = match.index + token.length;
    if (token === ';') {
      end();
      continue;
    }
    if (name !== undefined) parameters.add(name);
    if (!token.startsWith('--') && !token.startsWith('/*')) sql += token;
  }
  sql += text.slice(from);
  end();
  return statements;
}

/** Writes each `@name` of a statement as the engine wants it; quoted texts stay as they are. */
export const rewriteParameters = (sql: string, write: (name: string) => string): string =>
  sql.replace(tokens, (token: string, name: string | undefined) =>
    name === undefined ? token : write(name),
  );

/** Reads sql/<layer>, from source and from a build alike. */
export async function readScript(layer: Layer): Promise<Script> {
  const folder = findFolder(layer);
  const files = (await readdir(folder)).filter((name) => /^\d{2}-.+\.sql$/.test(name)).sort();
  const read = await Promise.all(
    files.map(
      async (file) =>
        [file.slice(0, -4), splitStatements(await readFile(join(folder, file), 'utf8'))] as const,
    ),
  );
  return new Map(read);
}

function findFolder(layer: Layer): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const candidate = join(folder, 'sql', layer);
    if (existsSync(candidate)) return candidate;
    if (folder === dirname(folder))
      throw new KadaError('KADA_MIGRATIONS_MISSING', `No folder sql/${layer} beside the program`);
  }
}
