import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { describe, expect, test } from 'vitest';
import manifest from '../package.json' with { type: 'json' };

/**
 * Imports run one way: ingest ← sinks ← live-dashboard ← pipeline. One that runs back is a fault of the plan:
 * move the type, not the arrow.
 */
const root = resolve(import.meta.dirname, '..');

interface Import {
  /** from the project's root, with / */
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

const pattern =
  /(?:^|[;}\s])(?:import|export)\s+(type\s)?(?:[^'"`;]*?\sfrom\s*)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm;

function importsOf(file: string, text: string): readonly Import[] {
  const code = text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  return [...code.matchAll(pattern)].map(([, type, named, dynamic]) => ({
    from: file,
    to: named ?? dynamic ?? '',
    typeOnly: type !== undefined,
  }));
}

function sourcesUnder(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(ts|mts|mjs)$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => !path.includes('/node_modules/') && !path.includes('/dist/'));
}

const isRelative = (specifier: string): boolean => specifier.startsWith('.');
const target = ({ from, to }: Import): string =>
  relative(root, resolve(root, dirname(from), to))
    .split(sep)
    .join('/');

/** What of the project a folder may import; the first rule whose folder fits decides. */
const rules: readonly {
  readonly folder: string;
  readonly may: (to: string, typeOnly: boolean) => boolean;
}[] = [
  { folder: 'ingest/', may: (to) => to.startsWith('ingest/') },
  { folder: 'sinks/', may: (to) => /^(ingest|sinks)\//.test(to) },
  {
    folder: 'live-dashboard/web/',
    may: (to, typeOnly) =>
      to.startsWith('live-dashboard/') ||
      to === 'sinks/gold-definitions.ts' ||
      (typeOnly && /^sinks\/(warehouse|gold-tables|range-tables)\.ts$/.test(to)),
  },
  {
    folder: 'live-dashboard/',
    may: (to, typeOnly) =>
      /^(live-dashboard\/(?!web\/)|ingest\/http\/|ingest\/(errors|time)\.ts$|sinks\/(gold-tables|range-tables|range-query|letter-queries)\.ts$)/.test(
        to,
      ) ||
      (typeOnly && to === 'sinks/warehouse.ts'),
  },
  { folder: 'pipeline/', may: (to) => /^(ingest\/|sinks\/|live-dashboard\/(?!web\/)|pipeline\/)/.test(to) },
];
const allowed = (found: Import): boolean =>
  rules.find(({ folder }) => found.from.startsWith(folder))?.may(target(found), found.typeOnly) ?? false;

const runtime = ['ingest', 'sinks', 'live-dashboard', 'pipeline'].flatMap(sourcesUnder);
const all = runtime.flatMap((file) => importsOf(file, readFileSync(join(root, file), 'utf8')));

test('there is something to look at', () => {
  expect(runtime.length).toBeGreaterThan(20);
  expect(all.length).toBeGreaterThan(50);
});

test('the arrows hold', () => {
  const against = all.filter((found) => isRelative(found.to) && !allowed(found));
  expect(against.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
});

test('packages that run are dependencies, not development ones', () => {
  const builtin = new Set(builtinModules.map((name) => `node:${name}`));
  const packageOf = (to: string): string =>
    to
      .split('/')
      .slice(0, to.startsWith('@') ? 2 : 1)
      .join('/');
  const missing = all.filter(
    ({ to, typeOnly }) =>
      !typeOnly && !isRelative(to) && !builtin.has(to) && !(packageOf(to) in manifest.dependencies),
  );
  expect(missing.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
});

test('nothing that a bench imports needs the test runner', () => {
  const benches = sourcesUnder('bench');
  const seen = new Set(benches);
  const against: string[] = [];
  for (const file of seen)
    for (const found of importsOf(file, readFileSync(join(root, file), 'utf8'))) {
      if (found.typeOnly) continue;
      if (found.to === 'vitest') against.push(file);
      else if (isRelative(found.to) && /\.(ts|mts|mjs)$/.test(found.to)) seen.add(target(found));
    }
  expect(against).toEqual([]);
  expect(seen.size).toBeGreaterThan(benches.length + 20);
});

describe('the test itself', () => {
  const found = (text: string): readonly string[] =>
    importsOf('sinks/a/b.ts', text).map((one) => `${one.typeOnly ? 'type ' : ''}${target(one)}`);

  test('reads every form of import', () => {
    expect(found(`import x from '../../ingest/a.ts';`)).toEqual(['ingest/a.ts']);
    expect(found(`import type { A,\n B } from '../../pipeline/a.ts';`)).toEqual(['type pipeline/a.ts']);
    expect(found(`export { A } from "../c.ts";\nexport * from './d.ts';`)).toEqual([
      'sinks/c.ts',
      'sinks/a/d.ts',
    ]);
    expect(found(`import './e.ts';`)).toEqual(['sinks/a/e.ts']);
    expect(found(`const f = await import('./f.ts');`)).toEqual(['sinks/a/f.ts']);
    expect(found(`// import x from './g.ts'\n/** import y from './h.ts' */`)).toEqual([]);
  });

  test.each([
    ['ingest/a.ts', '../sinks/warehouse.ts', true],
    ['sinks/a.ts', '../pipeline/config.ts', true],
    ['live-dashboard/server/a.ts', '../../pipeline/config.ts', true],
    ['live-dashboard/server/a.ts', '../../sinks/duckdb/open.ts', true],
    ['live-dashboard/server/a.ts', '../../sinks/warehouse.ts', false],
    ['live-dashboard/web/a.ts', '../../ingest/http/a.ts', true],
    ['pipeline/a.ts', '../test/support/eventually.ts', false],
    ['pipeline/a.ts', '../live-dashboard/web/main.ts', false],
  ])('refuses that %s imports %s (type only: %s)', (from, to, typeOnly) => {
    expect(allowed({ from, to, typeOnly })).toBe(false);
  });
  test.each([
    ['sinks/a.ts', '../ingest/event.ts', false],
    ['live-dashboard/server/a.ts', '../../ingest/http/limits.ts', false],
    ['live-dashboard/server/a.ts', '../../sinks/warehouse.ts', true],
    ['live-dashboard/web/a.ts', '../frames.ts', true],
    ['live-dashboard/server/a.ts', '../../ingest/errors.ts', false],
    ['pipeline/a.ts', '../live-dashboard/frames.ts', false],
  ])('allows that %s imports %s (type only: %s)', (from, to, typeOnly) => {
    expect(allowed({ from, to, typeOnly })).toBe(true);
  });
});
