import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KadaError } from '../ingest/errors.ts';
import type { WebRow } from '../ingest/event.ts';
import { freeMegabytes } from '../sinks/disk-space.ts';
import { asKadaError, classify, failureCode } from '../sinks/duckdb/failures.ts';
import { layOut, tables } from '../sinks/duckdb/layout.ts';
import { readMark, writeMark } from '../sinks/duckdb/mark.ts';
import {
  type AppliedMigration,
  type Migration,
  migrationFolder,
  readMigrations,
  runMigrations,
} from '../sinks/migrations.ts';
import { batchOf, webEvent, webRow } from './support/bronze-rows.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kada-parts-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a batch, column by column', () => {
  const columnOf = (name: string, ...rows: readonly Partial<WebRow>[]): unknown => {
    const batch = batchOf(rows.map((row) => webEvent(webRow(row), 'click_events')));
    const lot = layOut(batch).lots.find(({ table }) => table === 'tracked_log');
    const position = tables.tracked_log.columns.findIndex((column) => column.name === name);
    return lot?.columns[position];
  };

  test('what all rows have is said once, also when that is nothing', () => {
    expect(columnOf('source', {}, {})).toBe(webRow().source);
    expect(columnOf('viewport_w', { viewport_w: null }, { viewport_w: null })).toBeNull();
    expect(columnOf('viewport_w', { viewport_w: null }, { viewport_w: 0 })).toEqual([null, 0]);
  });

  test('0 and -0 are two values', () => {
    expect(columnOf('viewport_w', { viewport_w: 0 }, { viewport_w: -0 })).toEqual([0, -0]);
  });
});

describe('failures, by the words DuckDB uses', () => {
  test.each([
    ['FATAL Error: Transaction COMMIT succeeded and is durable, but the autocheckpoint failed', 'broken'],
    ['FATAL Error: Failed: database has been invalidated because of a previous fatal error.', 'broken'],
    ['INTERNAL Error: Attempted to access index 3 within vector of size 3', 'broken'],
    ['IO Error: Could not write file "x.wal": No space left on device', 'away'],
    ['TransactionContext Error: Failed to commit: Could not write file "x.wal": File too large', 'away'],
    ['TransactionContext Error: Conflict on update!', 'away'],
    ['INTERRUPT Error: Interrupted!', 'away'],
    ['Constraint Error: NOT NULL constraint failed: tracked_log.payload', 'data'],
    ['Conversion Error: Could not convert string "x" to INT32', 'data'],
    ['Out of Range Error: Overflow', 'data'],
    ['Out of Memory Error: failed to allocate data of size 1 GiB', 'unknown'],
    ['something else', 'unknown'],
  ])('%s', (message, failure) => {
    expect(classify(new Error(message))).toBe(failure);
    // What a method of the warehouse rejects with says the same.
    expect(classify(asKadaError(new Error(message)))).toBe(failure);
    expect(asKadaError(new Error(message)).message).toBe(message);
  });

  test('our own errors, and what is no error at all', () => {
    expect(classify(new KadaError('KADA_ROW_INVALID', 'x'))).toBe('data');
    expect(classify(new KadaError('KADA_WAREHOUSE_CLOSED', 'x'))).toBe('away');
    expect(classify(new KadaError('KADA_SQL_FAILED', 'x', { cause: new Error('FATAL Error: y') }))).toBe(
      'broken',
    );
    expect(classify(undefined)).toBe('unknown');
    expect(failureCode(new Error('Out of Range Error: x'))).toBe('Out of Range');
    expect(failureCode(new Error('FATAL Error: x'))).toBe('FATAL');
    expect(failureCode(new KadaError('KADA_ROW_INVALID', 'x'))).toBe('KADA_ROW_INVALID');
  });
});

describe('the mark', () => {
  test('is what was written last, and leaves no other file', async () => {
    expect(await readMark(folder)).toBe('none');
    await writeMark(folder, { id: 'a', seq: 1 });
    await writeMark(folder, { id: 'b', seq: 9_007_199_254_740_991 });
    expect(await readMark(folder)).toEqual({ id: 'b', seq: 9_007_199_254_740_991 });
    expect(await readdir(folder)).toEqual(['warehouse.mark']);
  });
  test.each([
    '',
    '{',
    '[]',
    '{"id":"a"}',
    '{"id":"a","seq":-1}',
    '{"id":"a","seq":1.5}',
    '{"id":"a","seq":"1"}',
  ])('is unreadable: %s', async (text) => {
    await writeFile(join(folder, 'warehouse.mark'), text);
    expect(await readMark(folder)).toBe('unreadable');
  });
});

describe('migrations', () => {
  const store = (applied: AppliedMigration[], failAt?: number) => ({
    applied: () => Promise.resolve([...applied]),
    apply: ({ version, name, checksum }: Migration) => {
      if (version === failAt) return Promise.reject(new Error('no'));
      applied.push({ version, name, checksum });
      return Promise.resolve();
    },
  });
  const write = (name: string, text: string) => writeFile(join(folder, name), text);

  test('are applied once, in order, and go on where a failure stopped them', async () => {
    await write('001-one.sql', 'SELECT 1;');
    await write('002-two.sql', 'SELECT 2;');
    await write('notes.md', 'no migration');
    const migrations = await readMigrations(folder);
    expect(migrations.map(({ version, name }) => [version, name])).toEqual([
      [1, 'one'],
      [2, 'two'],
    ]);
    const applied: AppliedMigration[] = [];
    await expect(runMigrations(store(applied, 2), migrations)).rejects.toThrow('no');
    expect(await runMigrations(store(applied), migrations)).toEqual({ applied: ['two'], version: 2 });
    expect(await runMigrations(store(applied), migrations)).toEqual({ applied: [], version: 2 });
  });

  test('a checkout with other line ends has the same checksums; another text has not', async () => {
    await write('001-one.sql', 'SELECT 1;\nSELECT 2;\n');
    const [unix] = await readMigrations(folder);
    await write('001-one.sql', 'SELECT 1;\r\nSELECT 2;\r\n');
    const [windows] = await readMigrations(folder);
    expect(windows?.checksum).toBe(unix?.checksum);
    await write('001-one.sql', 'SELECT 1;\nSELECT 3;\n');
    const changed = await readMigrations(folder);
    const applied = [{ version: 1, name: 'one', checksum: unix!.checksum }];
    await expect(runMigrations(store(applied), changed)).rejects.toMatchObject({
      code: 'KADA_MIGRATION_CHANGED',
    });
  });

  test('a newer database is refused before anything is applied', async () => {
    await write('001-one.sql', 'SELECT 1;');
    const applied = [
      { version: 1, name: 'one', checksum: 'x' },
      { version: 2, name: 'later', checksum: 'y' },
    ];
    await expect(runMigrations(store(applied), await readMigrations(folder))).rejects.toMatchObject({
      code: 'KADA_WAREHOUSE_NEWER',
      message: expect.stringMatching(/version 2 .*version 1\./),
    });
    expect(applied).toHaveLength(2);
  });

  test('a number that is missing or given twice is refused', async () => {
    await write('001-one.sql', '');
    await write('003-three.sql', '');
    await expect(readMigrations(folder)).rejects.toMatchObject({ code: 'KADA_MIGRATIONS_MISSING' });
  });

  test('the program finds its own', async () => {
    expect((await readMigrations(migrationFolder('duckdb'))).length).toBeGreaterThan(0);
  });
});

test('free disk space is a number of megabytes', async () => {
  expect(await freeMegabytes(folder)).toBeGreaterThan(0);
  await expect(freeMegabytes(join(folder, 'nowhere'))).rejects.toThrow();
});
