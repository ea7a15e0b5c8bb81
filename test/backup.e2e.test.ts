import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import pino from 'pino';
import { afterEach, expect, test } from 'vitest';
import { openDuckDbWarehouse } from '../sinks/duckdb/open.ts';
import { batchOf, deadLetter, webEvent } from './support/bronze-rows.ts';
import { cleanUp, createDataDir, startPipeline } from './support/pipeline-process.ts';
import { type CommandRun, runCommand } from './support/run-command.ts';

const log = pino({ level: 'silent' });
afterEach(cleanUp);

/** The commands work through the process that owns the file: how they work without one, the drain's test shows. */
test('beside a running pipeline a backup is made, restored as README says, and a prune counts, then removes', async () => {
  const dataDir = await createDataDir();
  const warehouse = await openDuckDbWarehouse({ dataDir, log });
  await warehouse.commit(
    batchOf([webEvent(), webEvent()], 1, { at: Date.now() - 401 * 86_400_000, deadLetters: [deadLetter()] }),
  );
  await warehouse.commit(batchOf([webEvent()], 3, { at: Date.now(), deadLetters: [deadLetter()] }));
  await warehouse.close();
  const running = await startPipeline({ dataDir });
  const run = (entry: string, ...args: string[]): Promise<CommandRun> =>
    runCommand(`commands/${entry}`, args, { DATA_DIR: dataDir });
  const counts = async (): Promise<unknown> =>
    await running.sql(
      'SELECT (SELECT count(*) FROM ops.dead_letter_events), (SELECT count(*) FROM ops.event_fingerprints)',
    );

  const target = join(await createDataDir(), 'copy');
  const backup = await run('backup', target);
  expect(backup, backup.stderr).toMatchObject({ code: 0 });
  expect((await readdir(target)).sort()).toEqual(['warehouse.duckdb.bak', 'warehouse.mark.bak']);
  expect(await readdir(join(dataDir, 'backup'))).toEqual([]);

  const old = ['--dead-letters-older-than', '90d', '--fingerprints-older-than', '400d'];
  const dry = await run('prune', ...old, '--dry-run');
  expect(dry.stdout).toBe('would remove 1 dead letters with 1 claims, and 2 claims of events\n');
  expect(await counts()).toEqual([[2, 5]]);
  const done = await run('prune', ...old);
  expect(done.stdout).toBe('removed 1 dead letters with 1 claims, and 2 claims of events\n');
  expect(await counts()).toEqual([[1, 2]]);
  expect(await running.stop()).toEqual({ code: 0, signal: null });

  const restored = join(await createDataDir(), 'restored');
  await mkdir(restored);
  for (const name of ['warehouse.duckdb', 'warehouse.mark'])
    await copyFile(join(target, `${name}.bak`), join(restored, name));
  const again = await openDuckDbWarehouse({ dataDir: restored, log });
  expect((await again.query('SELECT count(*) FROM bronze.page_view_events')).rows).toEqual([[3]]);
  expect((await again.query('SELECT count(*) FROM ops.dead_letter_events')).rows).toEqual([[2]]);
  expect(again.highestSeq).toBe(3);
  expect(await again.commit(batchOf([webEvent()], 4))).toEqual({ kind: 'committed', lost: [] });
  await again.close();
}, 300_000);
