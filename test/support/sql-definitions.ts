import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** What a column of Gold means, as the comment above it in sql/gold says; undefined: a key, or nobody said. */
export interface ColumnMeaning {
  readonly table: string;
  readonly column: string;
  readonly meaning: string | undefined;
}

const folder = resolve(import.meta.dirname, '../../sql/gold');

/** Every column that the SQL of Gold fills, in its order. */
export function goldMeanings(): readonly ColumnMeaning[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .flatMap((name) => meaningsIn(readFileSync(join(folder, name), 'utf8')));
}

/** The columns of each `INSERT INTO gold.t (…) SELECT …` of a text, with the comment before their expression. */
export function meaningsIn(sql: string): readonly ColumnMeaning[] {
  return [...sql.matchAll(/INSERT INTO gold\.(\w+) \(([^)]*)\)\s*SELECT\n/g)].flatMap((found) => {
    const [whole, table = '', names = ''] = found;
    const columns = names.split(',').map((column) => column.trim());
    const items = selectItems(sql.slice((found.index ?? 0) + whole.length));
    if (items.length !== columns.length)
      throw new Error(`gold.${table} names ${columns.length} columns and selects ${items.length}`);
    return columns.map((column, index) => ({ table, column, meaning: items[index] }));
  });
}

/** The comments before the expressions of a select list, up to its FROM. */
function selectItems(text: string): readonly (string | undefined)[] {
  const items: (string | undefined)[] = [];
  let comment: string | undefined;
  let depth = 0;
  for (const line of text.split('\n')) {
    const said = /^\s*-- (.*)$/.exec(line)?.[1];
    if (said !== undefined) {
      if (depth === 0) comment = comment === undefined ? said : `${comment} ${said}`;
      continue;
    }
    if (depth === 0 && /^\s*FROM /.test(line)) break;
    for (const [word] of line.matchAll(/[(),]|\b(?:CASE|END)\b/g)) {
      if (word === '(' || word === 'CASE') depth++;
      else if (word === ')' || word === 'END') depth--;
      else if (word === ',' && depth === 0) {
        items.push(comment);
        comment = undefined;
      }
    }
  }
  items.push(comment);
  return items;
}
