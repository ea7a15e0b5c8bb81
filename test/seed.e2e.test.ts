import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SeedBody } from '../pipeline/seed/business.ts';
import { planSeeds, type SeedRequest } from '../pipeline/seed/send.ts';
import {
  cleanUp,
  collectorKey,
  createDataDir,
  type PipelineProcess,
  startPipeline,
} from './support/pipeline-process.ts';
import { buildFirst, type CommandRun, runCommand } from './support/run-command.ts';

/** Seeds as a user makes them: through the pipeline, marked, and never twice. */

const request: SeedRequest = {
  business: true,
  behavior: true,
  users: 50,
  orders: 120,
  days: 7,
  randomSeed: 1,
  now: Date.UTC(2026, 4, 5, 10, 20),
};

describe('the seeds that are planned', () => {
  const withoutTimes = (given: SeedRequest): readonly SeedBody[] =>
    planSeeds(given).map((body) => ({ ...body, event_timestamp: undefined }));

  it('are the same but for their times, whenever they are made', () => {
    expect(planSeeds({ ...request, now: request.now + 60_000 })).toEqual(planSeeds(request));
    expect(withoutTimes({ ...request, now: request.now + 90 * 3_600_000, days: 2 })).toEqual(
      withoutTimes(request),
    );
  });

  it('are others for another random seed, and those of fewer orders are among them', () => {
    const ids = (given: SeedRequest) => new Set(planSeeds(given).map(({ event_id }) => event_id));
    const all = ids(request);
    expect(all.size).toBe(planSeeds(request).length);
    expect([...ids({ ...request, randomSeed: 2 })].filter((id) => all.has(id))).toEqual([]);
    const few = withoutTimes({ ...request, orders: 30 });
    const more = new Map(withoutTimes(request).map((body) => [body.event_id, body]));
    for (const body of few) expect(more.get(body.event_id)).toEqual(body);
  });

  it('follow orders as often as they should, within the days and before now', () => {
    const many = planSeeds({ ...request, orders: 4_000, behavior: false });
    const share = (type: string) => many.filter((body) => body.event_type === type).length / 4_000;
    expect(share('order.created')).toBe(1);
    expect(share('payment.completed')).toBeCloseTo(0.8, 1);
    expect(share('order.cancelled')).toBeCloseTo(0.15, 1);
    expect(share('payment.failed')).toBeCloseTo(0.05, 1);
    const times = planSeeds(request).map(({ event_timestamp }) => Date.parse(String(event_timestamp)));
    expect(Math.max(...times)).toBeLessThanOrEqual(request.now);
    expect(Math.min(...times)).toBeGreaterThan(request.now - 7.1 * 86_400_000);
  });
});

describe('npm run seed', () => {
  beforeAll(buildFirst, 120_000);
  afterAll(cleanUp);
  const command = (name: string, dataDir: string, args: readonly string[], env = {}): Promise<CommandRun> =>
    runCommand(`commands/${name}`, args, { DATA_DIR: dataDir, ...env });
  const rows = async (dataDir: string, sql: string): Promise<unknown> =>
    JSON.parse((await command('sql', dataDir, ['--json', sql])).stdout);
  const planned = planSeeds({ ...request, now: Date.now() }).length;

  it('adds them once where nothing runs, and etl --seed-all adds nothing to them', {
    timeout: 240_000,
  }, async () => {
    const dataDir = await createDataDir();
    const seed = () => command('seed', dataDir, ['--business', '--behavior']);
    expect(await seed()).toMatchObject({
      code: 0,
      stdout: `${planned} seeds: ${planned} stored, 0 were there before\n`,
    });
    expect(await seed()).toMatchObject({
      code: 0,
      stdout: `${planned} seeds: 0 stored, ${planned} were there before\n`,
    });
    expect(await rows(dataDir, 'select count(*) as letters from ops.dead_letter_events')).toEqual([
      { letters: 0 },
    ]);

    const etl = await command('etl', dataDir, ['--seed-all']);
    expect(etl).toMatchObject({ code: 0, stderr: '' });
    expect(etl.stdout).toContain(`${planned} seeds: 0 stored, ${planned} were there before`);
    expect(
      await rows(
        dataDir,
        `select count(*) as seeds, count(*) filter (is_seed = 1) as marked,
           count(*) filter (status = 'paid') as paid from silver.orders`,
      ),
    ).toEqual([{ seeds: 120, marked: 120, paid: expect.any(Number) }]);
    // each purchase belongs to the session that led to it
    expect(
      await rows(dataDir, "select count(*) as n from silver.purchases where credit_rule <> 'b'"),
    ).toEqual([{ n: 0 }]);
    expect(await rows(dataDir, 'select count(*) as n from gold.behavior_daily')).toEqual([{ n: 0 }]);

    const shown = await command('etl', dataDir, [], { SHOW_SEED_DATA: 'yes' });
    expect(shown).toMatchObject({ code: 0 });
    const [gold] = (await rows(
      dataDir,
      `select sum(purchase_sessions) as purchases, sum(view_sessions) as views from gold.funnel_daily`,
    )) as { purchases: number; views: number }[];
    expect(gold?.purchases).toBeGreaterThan(60);
    expect(gold?.views).toBeGreaterThan(400);
    const verified = await command('verify', dataDir, ['behavior', 'tracking', 'runs'], {
      SHOW_SEED_DATA: 'yes',
    });
    expect(verified, verified.stdout).toMatchObject({ code: 0 });
  });

  describe('beside a running pipeline', () => {
    let running: PipelineProcess;
    beforeAll(async () => {
      running = await startPipeline({ env: { SHOW_SEED_DATA: 'yes', ETL_INTERVAL_SECONDS: '86400' } });
    }, 60_000);

    it('goes through its collector, moves the live view, and adds nothing again', {
      timeout: 240_000,
    }, async () => {
      const env = { ANALYTICS_API_KEY: collectorKey };
      const args = ['--business', '--behavior', '--days', '1'];
      const first = await command('seed', running.dataDir, args, env);
      expect(first).toMatchObject({
        code: 0,
        stdout: `${planned} seeds: ${planned} stored, 0 were there before\n`,
      });
      expect((await command('seed', running.dataDir, args, env)).stdout).toContain(': 0 stored');
      expect((await running.metrics()).value('kada_events_received_total')).toBe(2 * planned);
      const live = await command('verify', running.dataDir, ['live'], { SHOW_SEED_DATA: 'yes' });
      expect(live, live.stdout).toMatchObject({ code: 0 });
      expect(live.stdout).toMatch(/purchase: \d\d+ minutes held against SQL, 0 moved/);
    });

    it('says what is missing without a key', async () => {
      const run = await command('seed', running.dataDir, ['--business']);
      expect(run).toMatchObject({ code: 1, stdout: '' });
      expect(run.stderr).toContain('KADA_SEED_NO_KEY');
    });
  });

  it.each([[[]], [['--orders', '3']], [['--business', '--orders', '0']], [['--behavior', '--days', 'x']]])(
    'with %j is wrong use',
    async (args) => {
      expect(await command('seed', '/nowhere', args)).toMatchObject({ code: 2, stdout: '' });
    },
  );
});
