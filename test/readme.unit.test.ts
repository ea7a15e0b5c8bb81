import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import { settings } from '../pipeline/config/settings.ts';

/** README.md speaks of what exists, and of all that exists. */
const root = resolve(import.meta.dirname, '..');
const readme = readFileSync(resolve(root, 'README.md'), 'utf8');
const found = (pattern: RegExp): readonly string[] => [
  ...new Set([...readme.matchAll(pattern)].map((match) => match[1] ?? '')),
];
const blocks = (language: string): string =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))]
    .map((m) => m[1])
    .join('');

test('every npm script it names is there, and every script is named', () => {
  const named = [...found(/npm run ([a-z][a-z:-]*)/g), ...found(/npm (start|test)\b/g)];
  const scripts: readonly string[] = Object.keys(manifest.scripts);
  expect(named.filter((name) => !scripts.includes(name))).toEqual([]);
  expect(scripts.filter((name) => !new RegExp(`(npm (run )?|\`)${name}\\b`).test(readme))).toEqual([]);
});

test('every setting it names is read', () => {
  const foreign = ['NEXT_PUBLIC_TRACKING_API_BASE_URL', 'TEST_MSSQL_URL'];
  const named = found(/`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)/g).filter((name) => !foreign.includes(name));
  expect(named.length).toBeGreaterThan(8);
  expect(named.filter((name) => !(name in settings))).toEqual([]);
});

test('every dependency has its job told, and nothing else is in the list', () => {
  const section = readme.split('## Which dependency')[1]?.split('\n## ')[0] ?? '';
  const told = [...section.matchAll(/`(@?[a-z][a-z0-9./@-]*)`/g)].map((match) => match[1] ?? '');
  const typesOnly = (name: string): boolean => name.startsWith('@types/');
  const installed = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
  expect(installed.filter((name) => !typesOnly(name) && !told.includes(name))).toEqual([]);
  expect(told.filter((name) => !installed.includes(name))).toEqual([]);
});

test('every folder and file it names is there', () => {
  const named = [...found(/^\| `([a-z.-]+\/)` \|/gm), ...found(/\]\((?!http)([^)]+)\)/g)];
  expect(named.length).toBeGreaterThan(8);
  expect(named.filter((path) => !existsSync(resolve(root, path)))).toEqual([]);
});

test('both shells send the same bodies to the same addresses', () => {
  const bodies = (text: string): readonly unknown[] =>
    [...text.matchAll(/'(\{"session_id.*?\})'/g)].map((match) => JSON.parse(match[1] ?? ''));
  const addresses = (text: string): readonly string[] =>
    [...text.matchAll(/http:\/\/127\.0\.0\.1:\d+\/\S+/g)].map(([address]) => address);
  expect(bodies(blocks('bash'))).toHaveLength(3);
  expect(bodies(blocks('powershell'))).toEqual(bodies(blocks('bash')));
  expect(addresses(blocks('powershell'))).toEqual(addresses(blocks('bash')));
});
