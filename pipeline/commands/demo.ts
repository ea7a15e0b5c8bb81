import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Logger } from 'pino';
import { messageOf } from '../../ingest/errors.ts';
import type { SnapshotFrame } from '../../live-dashboard/frames.ts';
import { type Config, loadConfig, wantsHelp } from '../config.ts';
import type { RunningProcess } from '../run.ts';
import { type Companion, openLog, serve } from '../serve.ts';
import { collectorRoad, trackRoad } from '../simulation/http-road.ts';
import { pastMs, startSimulation } from '../simulation/simulation.ts';

const help = `The pipeline with simulated shoppers, and hours of history folded in at once: the page is alive at once.

  npm run demo

It takes the settings of npm start, but works in the folder demo of DATA_DIR, with a key of its own and without a
broker, so that nothing mixes with your data. Ctrl-C ends all.
Exit codes: 0 stopped in order, 1 failed, 2 wrong use or configuration.
`;

const pastShoppers = 1_800;
const shoppersPerMinute = 20;

await demo(process.argv.slice(2));

async function demo(argv: readonly string[]): Promise<void> {
  if (wantsHelp(argv)) {
    process.stdout.write(help);
    return;
  }
  const own = loadConfig(process.env);
  const problems = [...usageProblems(argv), ...(own.ok ? [] : own.problems)];
  if (!own.ok || problems.length > 0) return wrong(problems.join('\n'));
  const key = randomBytes(24).toString('hex');
  const loaded = loadConfig({
    ...process.env,
    DATA_DIR: join(own.config.dataDir, 'demo'),
    ANALYTICS_API_KEY: key,
    RABBITMQ_URL: '',
    ANALYTICS_CONSUMER_ENABLED: '',
    RABBITMQ_DLQ: '',
    TRACKING_TRANSPORT: 'auto',
    FUNNELS_FILE: '',
  });
  if (!loaded.ok) return wrong(loaded.problems.join('\n'));
  const { config } = loaded;
  const log = openLog(config);
  await serve(config, log, ({ urls }) => withShoppers(urls, config, key, log));
}

function usageProblems(argv: readonly string[]): readonly string[] {
  try {
    parseArgs({ args: [...argv], options: {} });
    return [];
  } catch (error) {
    return [`KADA_USAGE: ${messageOf(error)}\nnpm run demo -- --help explains.`];
  }
}

async function withShoppers(
  { dashboardUrl, trackingUrl, collectorUrl }: RunningProcess['urls'],
  config: Config,
  key: string,
  log: Logger,
): Promise<Companion> {
  if (trackingUrl === undefined || collectorUrl === undefined) throw new Error('all roles run in a demo');
  const past = Date.now() - (await newestEntry(dashboardUrl, config.dashboard.token));
  const simulation = startSimulation({
    seed: randomBytes(4).readUInt32BE(),
    shoppers: Number.POSITIVE_INFINITY,
    shoppersPerMinute,
    speed: 1,
    pastShoppers: Math.round((pastShoppers * past) / pastMs),
    pastMs: past,
    horizonMs: config.live.horizonHours * 3_600_000,
    roads: { web: trackRoad(trackingUrl), service: collectorRoad(collectorUrl, key) },
    patienceMs: 60_000,
    now: Date.now,
  });
  log.info(
    { dashboardUrl, dataDir: config.dataDir },
    `the demo is at ${dashboardUrl} (data in ${config.dataDir})`,
  );
  return {
    finished: simulation.finished,
    async stop() {
      simulation.stop();
      await Promise.allSettled([simulation.finished]);
    },
  };
}

/** From where history is missing, ms: a demo that is started again goes on where it ended. */
async function newestEntry(dashboardUrl: string, token: string | undefined): Promise<number> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const frame: unknown = await (await fetch(`${dashboardUrl}/api/live`, { headers })).json();
  const oldest = Date.now() - pastMs;
  if (!isSnapshot(frame)) return oldest;
  const entered = frame.funnels.flatMap(({ cohorts }) => cohorts.filter(({ reached }) => reached[0] !== 0));
  return entered.reduce((newest, { at }) => Math.max(newest, Math.min(at + 60_000, Date.now())), oldest);
}

function isSnapshot(frame: unknown): frame is SnapshotFrame {
  return typeof frame === 'object' && frame !== null && 'kind' in frame && frame.kind === 'snapshot';
}

function wrong(text: string): void {
  process.stderr.write(`${text}\n`);
  process.exitCode = 2;
}
