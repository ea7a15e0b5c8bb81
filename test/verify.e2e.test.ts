import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collectorRoad, trackRoad } from '../pipeline/simulation/http-road.ts';
import { pastMs, startSimulation } from '../pipeline/simulation/simulation.ts';
import { cleanUp, collectorKey, type PipelineProcess, startPipeline } from './support/pipeline-process.ts';
import { runCommand } from './support/run-command.ts';

/** `npm run verify` beside a running pipeline, while shoppers shop and after they went. */
let running: PipelineProcess;
beforeAll(async () => {
  running = await startPipeline({ env: { ETL_INTERVAL_SECONDS: '86400' } });
}, 60_000);
afterAll(cleanUp);

const verify = (...topics: string[]) => runCommand('commands/verify', topics, { DATA_DIR: running.dataDir });

const shop = (shoppers: number, pastShoppers: number) =>
  startSimulation({
    seed: 11,
    shoppers,
    shoppersPerMinute: 600,
    speed: 20,
    pastShoppers,
    pastMs,
    horizonMs: 24 * 3_600_000,
    roads: {
      web: trackRoad(running.trackingUrl),
      service: collectorRoad(running.collectorUrl, collectorKey),
    },
    patienceMs: 60_000,
    now: Date.now,
  });

describe('verify on a running pipeline', () => {
  it('holds live against SQL while events come', { timeout: 240_000 }, async () => {
    await shop(1, 150).finished;
    const busy = shop(Number.POSITIVE_INFINITY, 0);
    try {
      const { code, stdout, stderr } = await verify('live');
      expect({ code, stderr, stdout }).toMatchObject({ code: 0 });
      expect(stdout).toMatch(/ok {6}purchase: \d+ minutes held against SQL/);
      expect(stdout).toMatch(/ok {6}browse: \d+ minutes held against SQL/);
    } finally {
      busy.stop();
      await busy.finished;
    }
  });

  it('holds all there is when nothing comes any more', { timeout: 240_000 }, async () => {
    const { code, stdout } = await verify('live', 'tracking', 'behavior', 'runs');
    expect({ code, stdout }).toMatchObject({ code: 0 });
    expect(stdout).toContain('ok      the orders of 24h');
    expect(stdout).toMatch(/purchase: \d+ minutes held against SQL, 0 moved/);
    expect(stdout).not.toContain('BROKEN');
    expect(stdout).toContain('the last ten runs');
  });

  it('holds the warehouse, but no live view, when nothing runs', { timeout: 240_000 }, async () => {
    await running.stop();
    expect(await verify('behavior', 'runs')).toMatchObject({ code: 0 });
    const live = await verify('live');
    expect(live).toMatchObject({ code: 1 });
    expect(live.stderr).toContain('KADA_NOT_RUNNING');
    expect(await verify()).toMatchObject({ code: 2 });
    expect(await verify('everything')).toMatchObject({ code: 2 });
  });
});
