import type { QueryResult, QueryValue } from '../../sinks/warehouse.ts';

/** A result as JSON: an array of objects, numbers as numbers. A column name that comes again gets `:1`, `:2`. */
export function asJson({ columns, rows }: QueryResult): string {
  const names = distinct(columns);
  const objects = rows.map((row) => Object.fromEntries(names.map((name, i) => [name, row[i] ?? null])));
  return `[${objects.map((object) => `\n  ${JSON.stringify(object)}`).join(',')}${objects.length > 0 ? '\n' : ''}]\n`;
}

/** A result as RFC 4180 CSV with a header line. NULL is an empty field, an empty text is `""`. */
export function asCsv({ columns, rows }: QueryResult): string {
  return [columns, ...rows].map((row) => `${row.map(csvField).join(',')}\r\n`).join('');
}

const csvField = (value: QueryValue): string => {
  if (value === null) return '';
  const text = String(value);
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** characters; a longer value is cut in a table, and whole in JSON and CSV */
const widestCell = 80;

/** A result as a table for people. Control characters are shown escaped: values come from outside. */
export function asTable({ columns, rows }: QueryResult): string {
  const cells = rows.map((row) => row.map(cellText));
  const heads = columns.map(cellText);
  const widths = heads.map((head, i) =>
    cells.reduce((width, row) => Math.max(width, lengthOf(row[i] ?? '')), lengthOf(head)),
  );
  const line = (row: readonly string[], right: (i: number) => boolean): string =>
    row
      .map((cell, i) => {
        const padding = ' '.repeat((widths[i] ?? 0) - lengthOf(cell));
        return right(i) ? padding + cell : cell + padding;
      })
      .join('  ')
      .trimEnd();
  const body = rows.map((row, r) => line(cells[r] ?? [], (i) => typeof row[i] === 'number'));
  const count = rows.length === 1 ? '(1 row)' : `(${rows.length} rows)`;
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return `${[line(heads, () => false), rule, ...body, count].join('\n')}\n`;
}

const escapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

const cellText = (value: QueryValue): string => {
  if (value === null) return 'NULL';
  const text = String(value).replace(/[\p{Cc}\p{Bidi_Control}]/gu, (character) => {
    return escapes[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  const characters = [...text];
  return characters.length > widestCell ? `${characters.slice(0, widestCell - 1).join('')}…` : text;
};

const lengthOf = (text: string): number => [...text].length;

const distinct = (names: readonly string[]): readonly string[] => {
  const seen = new Set<string>();
  return names.map((name) => {
    let candidate = name;
    for (let n = 1; seen.has(candidate); n++) candidate = `${name}:${n}`;
    seen.add(candidate);
    return candidate;
  });
};
