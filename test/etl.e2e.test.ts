import { afterEach, describe, expect, it } from 'vitest';
import { loadFunnels } from '../pipeline/funnel/definitions.ts';
import { defaultFunnelsFile } from '../pipeline/paths.ts';
import { eventually } from './support/eventually.ts';
import { collectorEvent, trackEvent } from './support/load-events.ts';
import {
  cleanUp,
  collectorKey,
  createDataDir,
  type PipelineProcess,
  startPipeline,
} from './support/pipeline-process.ts';
import { createRandom } from './support/random.ts';
import { readBronze, readTable } from './support/recount-read.ts';
import { differences } from './support/recount-rows.ts';
import { tableNames } from './support/recount-tables.ts';
import { runCommand, startCommand } from './support/run-command.ts';
import { recountWarehouse } from './support/warehouse-recount.ts';

/* Silver and Gold as a user meets them: npm run etl, the dashboard's calls, a process that is killed in a cycle. */

afterEach(cleanUp);

/** No cycle but those that a test asks for, after the one at the start. */
const noCycles = { ETL_INTERVAL_SECONDS: '86400' };
const adminKey = 'test-admin-key-0123456789';

async function post(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: unknown,
): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

async function sendEvents(running: PipelineProcess, count: number, seed: number): Promise<void> {
  const random = createRandom(seed);
  for (let sent = 0; sent < count; sent += 250) {
    const tracked = Array.from({ length: 200 }, () => trackEvent(random).body);
    const collected = Array.from({ length: 50 }, () => collectorEvent(random).body);
    const answers = await Promise.all([
      post(`${running.trackingUrl}/track`, {}, tracked),
      post(`${running.collectorUrl}/events`, { 'x-analytics-key': collectorKey }, collected),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([202, 202]);
  }
}

/** Another one beside it would be skipped. */
const firstCycleEnded = (running: PipelineProcess): Promise<void> =>
  eventually(async () => {
    expect(await running.sql('SELECT status FROM ops.etl_runs')).toEqual([['success']]);
  });

/** Silver and Gold of the running process, against a recount of its Bronze at the as_of of its newest cycle. */
async function expectRecounted(running: PipelineProcess): Promise<void> {
  const ask = async (sql: string) => {
    const columns = (await columnsOf(running, sql)).map(([name]) => String(name));
    return { columns, rows: await running.sql(sql) };
  };
  const [[asOf] = []] = await running.sql('SELECT gold_as_of FROM ops.etl_state');
  const funnels = await loadFunnels(defaultFunnelsFile, { horizonHours: 24 });
  const truth = recountWarehouse(await readBronze(ask), {
    funnels: funnels.map((funnel) => ({ ...funnel, steps: [...funnel.steps] })),
    asOf: Date.parse(String(asOf)),
    timeZone: 'UTC',
  });
  for (const table of tableNames)
    expect(differences(table, truth.tables[table], await readTable(ask, table)), table).toEqual([]);
}

const columnsOf = (running: PipelineProcess, sql: string) => running.sql(`DESCRIBE ${sql}`);

const commandEnv = (dataDir: string) => ({ DATA_DIR: dataDir, MIN_FREE_DISK_MB: '0' });

describe('npm run etl', () => {
  it('works through the running process, and by itself when none runs', async () => {
    const dataDir = await createDataDir();
    const running = await startPipeline({ dataDir, env: noCycles });
    await sendEvents(running, 500, 1);
    const through = await runCommand('commands/etl', [], commandEnv(dataDir));
    expect(through).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^success: [1-9]\d* rows written/m),
    });
    await expectRecounted(running);

    await sendEvents(running, 250, 2);
    await running.stop();
    const alone = await runCommand('commands/etl', ['--once', '--window-days', '2'], commandEnv(dataDir));
    expect(alone).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^success: [1-9]\d* rows written/m),
    });
    const full = await runCommand('commands/etl', ['--full', '--no-seed'], commandEnv(dataDir));
    expect(full.code).toBe(0);
    await expectRecounted(await startPipeline({ dataDir, env: noCycles }));
  });

  it('goes on at an interval, through the running process, until it is told to stop', async () => {
    const running = await startPipeline({ env: noCycles });
    await firstCycleEnded(running);
    await sendEvents(running, 250, 5);
    const watch = startCommand(
      'commands/etl',
      ['--watch', '--interval-seconds', '1', '--window-days', '2'],
      commandEnv(running.dataDir),
    );
    const succeeded = (text: string): number => text.match(/^success: /gm)?.length ?? 0;
    await eventually(async () => {
      expect(succeeded(watch.output()), watch.output()).toBeGreaterThanOrEqual(2);
    });
    await expectRecounted(running);
    watch.child.kill('SIGTERM');
    expect(await watch.exited, watch.output()).toBe(0);
  });

  it('refuses flags that do not go together', async () => {
    for (const [args, why] of [
      [['--once', '--watch'], 'choose one of --once and --watch'],
      [['--silver-only', '--gold-only'], 'choose one of --silver-only and --gold-only'],
      [['--interval-seconds', '5'], '--interval-seconds belongs to --watch'],
      [['--window-days', 'many'], '--window-days must be a whole number from 0 to 3660'],
    ] as const) {
      const refused = await runCommand('commands/etl', args);
      expect(refused.code).toBe(2);
      expect(refused.stderr).toContain(why);
    }
  });
});

describe('the dashboard', () => {
  it('gives Gold typed and in pages, the runs, and begins a cycle for who has the key', async () => {
    const running = await startPipeline({ env: { ...noCycles, ADMIN_API_KEY: adminKey } });
    const { dashboardUrl } = running;
    await sendEvents(running, 250, 3);
    await firstCycleEnded(running);
    const wrong = await post(`${dashboardUrl}/api/etl/run`, { 'x-admin-key': collectorKey }, {});
    expect([wrong.status, await wrong.json()]).toMatchObject([401, { error: { code: 'bad_key' } }]);
    const begun = await post(`${dashboardUrl}/api/etl/run`, { 'x-admin-key': adminKey }, { full: true });
    expect(begun.status).toBe(202);
    const { run_id } = (await begun.json()) as { run_id: string };
    await eventually(async () => {
      const { runs } = (await (await fetch(`${dashboardUrl}/api/runs`)).json()) as {
        runs: readonly Record<string, unknown>[];
      };
      expect(runs.find((run) => run.run_id === run_id)).toMatchObject({
        status: 'success',
        run_type: 'full',
      });
    });

    const gold = async (query: string) => {
      const answer = await fetch(`${dashboardUrl}/api/gold/${query}`);
      return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
    };
    const [[pages, sessions] = []] = await running.sql(
      "SELECT count(*), count(DISTINCT session_id) FROM silver.web_events WHERE canonical_type = 'page_view'",
    );
    const days = await gold('behavior_daily');
    expect(days).toMatchObject({ status: 200, body: { table: 'behavior_daily', next_offset: null } });
    const rows = days.body.rows as readonly Record<string, number>[];
    expect(rows.reduce((sum, { page_views = 0 }) => sum + page_views, 0)).toBe(pages);
    expect(Number(sessions)).toBeGreaterThan(0);

    const steps: unknown[] = [];
    for (let offset: unknown = 0; offset !== null; ) {
      const page = await gold(`conversion_funnel?limit=3&offset=${offset}`);
      steps.push(...(page.body.rows as readonly unknown[]));
      offset = page.body.next_offset;
    }
    expect(steps).toEqual((await gold('conversion_funnel')).body.rows);
    expect((await gold('behavior_daily?from=2001-01-01&to=2001-12-31')).body.rows).toEqual([]);
    expect((await gold('behavior_daily?from=2026-02-30')).status).toBe(400);
    expect((await gold('behavior_daily?from=2026-02-02&to=2026-02-01')).status).toBe(400);
    expect((await gold("behavior_daily?from=2026-02-02'--")).status).toBe(400);
    expect((await gold('etl_runs')).status).toBe(404);
  });

  it('begins no cycle while no key is set', async () => {
    const { dashboardUrl } = await startPipeline({ env: noCycles });
    const refused = await post(`${dashboardUrl}/api/etl/run`, { 'x-admin-key': adminKey }, {});
    expect([refused.status, await refused.json()]).toMatchObject([
      503,
      { error: { code: 'no_key_configured' } },
    ]);
  });
});

describe('killed in a cycle', () => {
  it('is marked failed by the next, which is right', async () => {
    const dataDir = await createDataDir();
    const running = await startPipeline({ dataDir, env: { ...noCycles, ADMIN_API_KEY: adminKey } });
    await sendEvents(running, 5_000, 4);
    await firstCycleEnded(running);
    await post(`${running.dashboardUrl}/api/etl/run`, { 'x-admin-key': adminKey }, { full: true });
    const isUnderWay = async () => {
      expect(await running.sql("SELECT run_type FROM ops.etl_runs WHERE status = 'running'")).toEqual([
        ['full'],
      ]);
    };
    await eventually(isUnderWay);
    running.kill('SIGKILL');
    await running.exited;

    const again = await startPipeline({ dataDir, env: noCycles });
    await eventually(async () => {
      expect(await again.sql('SELECT status FROM ops.etl_runs ORDER BY started_at')).toEqual([
        ['success'],
        ['failed'],
        ['success'],
      ]);
    });
    await expectRecounted(again);
  });
});
