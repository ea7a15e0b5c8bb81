import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { splitStatements } from '../sinks/materialise/statements.ts';
import { forbiddenForms, sqlText } from './support/forbidden-sql.ts';

/** sql/silver, sql/gold and sql/ranges are written once and mean the same on both engines (design/portable-sql.md). */

const root = resolve(import.meta.dirname, '..');
const statements = ['silver', 'gold', 'ranges'].flatMap((layer) =>
  readdirSync(join(root, 'sql', layer))
    .filter((name) => name.endsWith('.sql'))
    .flatMap((name) =>
      splitStatements(readFileSync(join(root, 'sql', layer, name), 'utf8')).map(
        ({ sql }, index) => [`${layer}/${name} ${index + 1}`, sql] as const,
      ),
    ),
);

describe('each rule catches', () => {
  it.each(forbiddenForms.map((form) => [form.name, form] as const))('%s', (_name, { bad, found }) => {
    for (const example of bad) expect(found(sqlText(example)), example).toBe(true);
  });
});

describe('no rule is broken by', () => {
  it.each(statements)('%s', (_where, sql) => {
    const text = sqlText(sql);
    expect(forbiddenForms.filter(({ found }) => found(text)).map(({ name }) => name)).toEqual([]);
  });
});

it('looks at all there is', () => {
  expect(statements.length).toBeGreaterThan(50);
});
