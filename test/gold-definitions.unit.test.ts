import { expect, it } from 'vitest';
import { derivedFigures } from '../live-dashboard/derived-figures.ts';
import { definitionOf, goldDefinitions } from '../sinks/gold-definitions.ts';
import { goldTables } from '../sinks/gold-tables.ts';
import { goldMeanings, meaningsIn } from './support/sql-definitions.ts';

/*
 * One meaning in one place: the comment above a column in sql/gold. The module that the pages read and the table of
 * docs/metrics.md are made from it; `npx vitest run test/gold-definitions.unit.test.ts -u` makes them anew.
 */

/** Columns that say of what a row is, not how much. */
const keys = new Set([
  'metric_date',
  'funnel_date',
  'funnel_name',
  'funnel_step',
  'step_order',
  'product_id',
  'currency',
  'page_path',
  'service',
]);

const meanings = goldMeanings();
const tables = Object.keys(goldTables);

it('every column of Gold that is not a key has a meaning, and no other', () => {
  const named = meanings.map(({ table, column, meaning }) => [`${table}.${column}`, meaning !== undefined]);
  const wanted = meanings.map(({ table, column }) => [`${table}.${column}`, !keys.has(column)]);
  expect(named).toEqual(wanted);
  expect([...new Set(meanings.map(({ table }) => table))].sort()).toEqual([...tables].sort());
});

it('the module that the pages read says what the SQL says', async () => {
  const lines = tables.flatMap((table) => [
    `  ${table}: {`,
    ...meanings
      .filter((one) => one.table === table && one.meaning !== undefined)
      .flatMap(({ column, meaning = '' }) => entry(column, meaning)),
    '  },',
  ]);
  const text = [
    "import type { GoldTable } from './gold-tables.ts';",
    '',
    '/** What each column of Gold means. Made from the comments above the columns in sql/gold: change them there. */',
    'export const goldDefinitions = {',
    ...lines,
    '} as const satisfies Readonly<Record<GoldTable, Readonly<Record<string, string>>>>;',
    '',
    'export type GoldColumn<T extends GoldTable> = keyof (typeof goldDefinitions)[T] & string;',
    '',
    '/** The meaning of a column, as a sentence. */',
    'export function definitionOf<T extends GoldTable>(table: T, column: GoldColumn<T>): string {',
    '  const columns: Readonly<Record<string, string>> = goldDefinitions[table];',
    "  const text = columns[column] ?? '';",
    "  return text.charAt(0).toUpperCase().concat(text.slice(1), '.');",
    '}',
    '',
  ].join('\n');
  await expect(text).toMatchFileSnapshot('../sinks/gold-definitions.ts');
});

/** As the formatter would break it. */
function entry(column: string, meaning: string): readonly string[] {
  const quoted = meaning.includes("'") ? `"${meaning}"` : `'${meaning}'`;
  const line = `    ${column}: ${quoted},`;
  return line.length <= 110 ? [line] : [`    ${column}:`, `      ${quoted},`];
}

it('the table of definitions in docs/metrics.md says what the SQL says', async () => {
  const text = [
    '# What each number means',
    '',
    'Made from the comments above the columns in `sql/gold` and from `live-dashboard/derived-figures.ts`, which the',
    'history pages show beside each number. A test compares; `npx vitest run test/gold-definitions.unit.test.ts -u`',
    'makes this file anew. Days are days of `REPORT_TIMEZONE`. Every rate is between 0 and 1, and empty when nothing',
    'stands below the line. Amounts in different currencies are never added.',
    '',
    ...tables.flatMap((table) => [
      `## gold.${table}`,
      '',
      '| column | meaning |',
      '|---|---|',
      ...meanings
        .filter((one) => one.table === table)
        .map(({ column, meaning }) => `| \`${column}\` | ${meaning ?? 'key'} |`),
      '',
    ]),
    '## Figures of the history pages',
    '',
    'Of a range of days. Counts and money take in every day of the range, the running one so far; rates only days that',
    'are complete. A figure is compared with the range of as many days before, by its mean of a complete day.',
    '',
    '| figure | meaning | from |',
    '|---|---|---|',
    ...Object.values(derivedFigures).map(
      ({ name, text: meaning, from }) => `| ${name} | ${meaning} | \`${from}\` |`,
    ),
    '',
  ].join('\n');
  await expect(text).toMatchFileSnapshot('../docs/metrics.md');
});

it('a meaning is read as a sentence', () => {
  expect(definitionOf('orders_payments_daily', 'total_orders')).toBe('Orders created on the date.');
  expect(Object.keys(goldDefinitions)).toEqual(tables);
});

it('finds the comment of an expression over several lines, and the lack of one', () => {
  const sql = `INSERT INTO gold.t (
    day, a, b, c
)
SELECT
    x.day,
    -- first
    SUM(CASE WHEN x.a = 1 THEN 1 ELSE 0 END),
    -- second,
    -- in two lines
    COALESCE(
        -- not of the column
        x.b, 0
    ),
    CASE WHEN x.c > 1 THEN 1 END
FROM x AS x;`;
  expect(meaningsIn(sql).map(({ column, meaning }) => [column, meaning])).toEqual([
    ['day', undefined],
    ['a', 'first'],
    ['b', 'second, in two lines'],
    ['c', undefined],
  ]);
});
