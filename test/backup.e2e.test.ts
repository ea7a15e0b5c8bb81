import { copyFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDuckDbWarehouse } from '../sinks/duckdb/open.ts';
import { batchOf, deadLetter, webEvent } from './support/bronze-rows.ts';
import { buildFirst, runCommand } from './support/run-command.ts';

let folder: string;
const log = pino({ level: 'silent' });
beforeEach(async () => {
  await buildFirst();
  folder = await mkdtemp(join(tmpdir(), 'kada-backup-'));
}, 120_000);
afterEach(() => rm(folder, { recursive: true, force: true }));

test('a backup is restored as README says, and holds what was committed; a prune counts, then removes', async () => {
  const dataDir = join(folder, 'data');
  const warehouse = await openDuckDbWarehouse({ dataDir, log });
  await warehouse.commit(
    batchOf([webEvent(), webEvent()], 1, { at: Date.now() - 100 * 86_400_000, deadLetters: [deadLetter()] }),
  );
  await warehouse.close();
  const env = { DATA_DIR: dataDir };
  const target = join(folder, 'copy');
  expect(await runCommand('commands/backup', [target], env)).toMatchObject({ code: 0 });
  expect((await readdir(target)).sort()).toEqual(['warehouse.duckdb.bak', 'warehouse.mark.bak']);
  expect(await readdir(join(dataDir, 'backup'))).toEqual([]);
  expect(await runCommand('commands/backup', [target], env)).toMatchObject({ code: 2 });

  const restored = join(folder, 'restored');
  await mkdir(restored);
  for (const name of ['warehouse.duckdb', 'warehouse.mark'])
    await copyFile(join(target, `${name}.bak`), join(restored, name));
  const again = await openDuckDbWarehouse({ dataDir: restored, log });
  expect((await again.query('SELECT count(*) FROM bronze.page_view_events')).rows).toEqual([[2]]);
  expect(again.highestSeq).toBe(2);
  expect(await again.commit(batchOf([webEvent()], 3))).toEqual({ kind: 'committed', lost: [] });
  await again.close();

  const letters = ['--dead-letters-older-than', '90d'];
  const dry = await runCommand('commands/prune', [...letters, '--dry-run'], env);
  expect(dry.stdout).toBe('would remove 1 dead letters with 1 claims, and 0 claims of events\n');
  const done = await runCommand('commands/prune', letters, env);
  expect(done.stdout).toBe('removed 1 dead letters with 1 claims, and 0 claims of events\n');
  expect(await runCommand('commands/prune', ['--fingerprints-older-than', '90d'], env)).toMatchObject({
    code: 2,
  });
}, 120_000);
