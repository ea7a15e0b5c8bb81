import pino from 'pino';
import { afterEach, expect, test } from 'vitest';
import type { DeadLetter } from '../ingest/event.ts';
import { sha256 } from '../ingest/identity.ts';
import { openDuckDbWarehouse } from '../sinks/duckdb/open.ts';
import { batchOf } from './support/bronze-rows.ts';
import { judge, least, letterFrom, trackOrigin } from './support/ingesting.ts';
import { cleanUp, createDataDir, type PipelineProcess, startPipeline } from './support/pipeline-process.ts';
import { type CommandRun, runCommand } from './support/run-command.ts';

/** Two commands of one person, and of another, over the letters of one running pipeline. */
afterEach(cleanUp);

const uuid = (kind: number, n: number): string =>
  `${String(kind).padStart(8, '0')}-0000-4000-8000-${String(n).padStart(12, '0')}`;
const many = 900;

/** Letters that are clicks by now, less the last, which stays broken. */
const letters = Array.from({ length: many + 1 }, (_, n): DeadLetter => {
  const broken = { ...least.click, event_id: uuid(1, n), element_id: '' };
  const payload = JSON.stringify(n < many ? { ...broken, element_id: 'buy' } : broken);
  return { ...letterFrom(judge(broken, trackOrigin())), payload, fingerprint: sha256(`letter ${n}`) };
});

const replay = (running: PipelineProcess, ...args: string[]): Promise<CommandRun> =>
  runCommand('commands/replay', args, { DATA_DIR: running.dataDir });

/** The summary table: letters by what became of them. */
const summary = ({ stdout }: CommandRun): Readonly<Record<string, number>> =>
  Object.fromEntries(
    [...stdout.matchAll(/^validation_error:click {2}(.+?) +(\d+)$/gm)].map(([, outcome = '', count]) => [
      outcome,
      Number(count),
    ]),
  );

test('two replays at once neither double nor skip, and each says what it did', async () => {
  const dataDir = await createDataDir();
  const warehouse = await openDuckDbWarehouse({ dataDir, log: pino({ level: 'silent' }) });
  await warehouse.commit(batchOf([], 1, { deadLetters: letters }));
  await warehouse.close();
  const running = await startPipeline({ dataDir });

  const two = ['--id', letters[0]?.id ?? '', '--id', letters[1]?.id ?? ''];
  const dry = await replay(running, ...two, '--dry-run');
  expect(summary(dry)).toEqual({ stored: 2 });
  const unexplained = await replay(running, ...two, '--discard');
  expect(unexplained).toMatchObject({ code: 2 });
  const given = await replay(running, ...two, '--limit', '1', '--discard', '--why', 'of a test');
  expect(summary(given)).toEqual({ discarded: 1 });

  const both = await Promise.all([replay(running), replay(running)]);
  for (const one of both) expect(one, one.stderr).toMatchObject({ code: 0 });
  const told = both.map(summary);
  const total = (outcome: RegExp): number =>
    told
      .flatMap((one) => Object.entries(one))
      .reduce((all, [name, count]) => (outcome.test(name) ? all + count : all), 0);
  expect(total(/^stored$/)).toBe(many - 1);
  // What the other has done is told as that, and what stays dead by whoever met it.
  const met = total(/./);
  expect(met).toBe(
    total(/^stored$/) + total(/^duplicate$/) + total(/^resolved already: stored$/) + total(/^still dead: /),
  );
  expect(total(/^still dead: validation_error:click$/)).toBeGreaterThanOrEqual(1);

  expect(await running.sql('SELECT count(*), count(DISTINCT event_id) FROM bronze.click_events')).toEqual([
    [many - 1, many - 1],
  ]);
  const [[pending, attempts] = []] = await running.sql(
    "SELECT count(*), max(attempts) FROM ops.dead_letter_events WHERE status = 'pending'",
  );
  expect(pending).toBe(1);
  expect(attempts).toBe(total(/^still dead: /));
  expect(
    await running.sql(
      `SELECT status, left(resolution, 6), count(*) FROM ops.dead_letter_events
       WHERE status <> 'pending' GROUP BY ALL ORDER BY status`,
    ),
  ).toEqual([
    ['discarded', 'of a t', 1],
    ['replayed', 'stored', many - 1],
  ]);
  const metrics = await running.metrics();
  expect(metrics.value('kada_replay_events_total', { outcome: 'stored' })).toBe(many - 1);
}, 300_000);
