import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'dotenv';
import { expect, test } from 'vitest';
import { parseSettings, settings } from '../pipeline/config/settings.ts';

/** .env.example is the list of settings that people read: it agrees with what is read, in both directions. */
const text = readFileSync(resolve(import.meta.dirname, '../.env.example'), 'utf8');
const example = parse(text);

/** Where the example differs from the default on purpose (http.md, RabbitMQ). */
const differs: Readonly<Record<string, string>> = { RABBITMQ_PREFETCH: '1000' };

test('every setting is in .env.example, in the same order, and nothing else is', () => {
  expect(Object.keys(example)).toEqual(Object.keys(settings));
});

test.each(Object.entries(settings))('%s has its default there', (name, { fallback }) => {
  expect(example[name]).toBe(differs[name] ?? fallback ?? '');
});

test('each has one line that says what it does', () => {
  const lines = text.split('\n');
  for (const name of Object.keys(settings)) {
    const at = lines.findIndex((line) => line.startsWith(`${name}=`));
    expect(lines[at - 1], name).toMatch(/^# [^-].{4,}\.$/);
  }
});

test('copied as it is, it is valid', () => {
  expect(parseSettings(example).problems).toEqual([]);
});
