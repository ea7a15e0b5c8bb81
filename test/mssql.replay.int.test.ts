import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openMssqlWarehouse } from '../sinks/mssql/open.ts';
import type { Warehouse } from '../sinks/warehouse.ts';
import { batchOf } from './support/bronze-rows.ts';
import { judge, letterFrom, trackOrigin } from './support/ingesting.ts';
import {
  createTestDatabase,
  dropDatabase,
  mssqlEnvironment,
  mssqlMissing,
  mssqlOptions,
} from './support/mssql.ts';
import { buildFirst, type CommandRun, runCommand } from './support/run-command.ts';

/** Replays as commands on any machine: each process works for itself, and SQL Server tells them apart. */
if (mssqlMissing !== undefined) console.warn(`mssql.replay: skipped, ${mssqlMissing}`);
const many = 400;
const letters = [...Array.from({ length: many }, (_, n) => `click ${n}`), 'nothing'].map((text) =>
  letterFrom(judge(text, trackOrigin())),
);
const transform = `
export default function fix({ payload }: { payload: string }): unknown {
  const [, n] = /^click (\\d+)$/.exec(payload) ?? [];
  if (n === undefined) return undefined;
  const event_id = '00000001-0000-4000-8000-' + n.padStart(12, '0');
  return { event_type: 'click', event_id, session_id: 's-1', page_url: '/home', element_id: 'buy' };
}
`;

describe.skipIf(mssqlMissing !== undefined)(
  `replays on SQL Server${mssqlMissing === undefined ? '' : `: ${mssqlMissing}`}`,
  () => {
    let database = '';
    let folder = '';
    let warehouse: Warehouse;
    beforeAll(async () => {
      await buildFirst();
      folder = await mkdtemp(join(tmpdir(), 'kada-fix-'));
      await writeFile(join(folder, 'fix.ts'), transform);
      database = await createTestDatabase();
      warehouse = await openMssqlWarehouse(mssqlOptions(database));
      await warehouse.commit(batchOf([], 1, { deadLetters: letters }));
    }, 300_000);
    afterAll(async () => {
      await warehouse?.close();
      if (database !== '') await dropDatabase(database);
      if (folder !== '') await rm(folder, { recursive: true, force: true });
    });

    const replay = (...args: string[]): Promise<CommandRun> =>
      runCommand(
        'commands/replay',
        ['--transform', join(folder, 'fix.ts'), ...args],
        mssqlEnvironment(database),
      );
    /** The summary table: letters by what became of them. */
    const summary = ({ stdout }: CommandRun): Readonly<Record<string, number>> =>
      Object.fromEntries(
        [...stdout.matchAll(/^invalid_json +(\S.*?) +(\d+)$/gm)].map(([, outcome = '', count]) => [
          outcome,
          Number(count),
        ]),
      );
    const rows = async (query: string): Promise<unknown> => (await warehouse.query(query)).rows;

    test('two processes at once store each event once and resolve each letter once', async () => {
      const dry = await replay('--dry-run', '--limit', '3');
      expect(dry, dry.stderr).toMatchObject({ code: 0 });
      const would = summary(dry);
      expect((would.stored ?? 0) + (would['left by the transform'] ?? 0)).toBe(3);
      expect(await rows("SELECT COUNT(*) FROM ops.dead_letter_events WHERE status <> 'pending'")).toEqual([
        [0],
      ]);

      const both = await Promise.all([replay(), replay()]);
      for (const one of both) expect(one, one.stderr).toMatchObject({ code: 0 });
      const told = both.map(summary);
      const stored = told.map((one) => one.stored ?? 0);
      expect((stored[0] ?? 0) + (stored[1] ?? 0)).toBe(many);
      for (const one of told)
        expect(
          Object.keys(one).filter(
            (name) => !/^(stored|duplicate|resolved already: \w+|left by the transform)$/.test(name),
          ),
        ).toEqual([]);
      expect(await rows('SELECT COUNT(*), COUNT(DISTINCT event_id) FROM bronze.click_events')).toEqual([
        [many, many],
      ]);
      expect(
        await rows(
          'SELECT status, LEFT(resolution, 6), COUNT(*) FROM ops.dead_letter_events GROUP BY status, LEFT(resolution, 6) ORDER BY status',
        ),
      ).toEqual([
        ['pending', null, 1],
        ['replayed', 'stored', many],
      ]);
    }, 300_000);
  },
);
