import { KadaError } from '../../ingest/errors.ts';
import { urlOf } from '../../ingest/http/url.ts';
import type { Config } from '../config.ts';
import { configuredDefinitions } from '../etl/definitions.ts';
import { verifyLive } from '../verify/live.ts';
import { readLive } from '../verify/live-frame.ts';
import { topics, verify } from '../verify/verify.ts';
import { print, runCommand, WrongUse } from './command.ts';
import { runCycle } from './run-cycle.ts';
import { type Reader, withReader } from './with-reader.ts';

const help = `Shows what the warehouse holds and holds it against its invariants, also while the pipeline runs.

  npm run verify -- tracking | behavior | runs | live

  tracking   today's events of each web table, real ones and seeds; each web event of Bronze is in Silver once
  behavior   the newest rows of gold.behavior_daily, gold.funnel_daily, silver.web_events and silver.purchases;
             Bronze, Silver and Gold agree up to the last cycle, no key twice, no orphan, every rate within 0 and 1
  runs       the last ten runs; one runs at most
  live       runs a cycle, and then every funnel of the live view counts what SQL counts at the same moment
  --help     this text

Several may be named. What breaks an invariant is shown, at most ten rows of each.
Exit codes: 0 all holds, 1 something does not, 2 wrong use or configuration.
`;

const names = [...topics, 'live'] as const;
type Name = (typeof names)[number];

const isName = (text: string): text is Name => names.some((name) => name === text);

await runCommand({
  name: 'verify',
  help,
  options: {},
  async run({ positionals, config }) {
    const asked = positionals.filter(isName);
    const other = positionals.find((text) => !isName(text));
    if (other !== undefined || asked.length === 0)
      throw new WrongUse(
        `${other === undefined ? 'something to verify is needed' : `${other} is unknown`}: ${names.join(', ')}`,
      );
    const definitions = await configuredDefinitions(config);
    let broken = 0;
    for (const name of asked) {
      broken += await (name === 'live'
        ? live(config, definitions.showSeeds)
        : withReader(config, ({ query }) =>
            verify(name, {
              ask: query,
              definitions,
              timeZone: config.reportTimezone,
              now: Date.now(),
              print,
            }),
          ));
    }
    return broken === 0 ? 0 : 1;
  },
});

async function live(config: Config, showSeeds: boolean): Promise<number> {
  return await withReader(config, async (reader) => {
    const url = await dashboardUrl(config, reader);
    return await verifyLive({
      ask: reader.query,
      readLive: () => readLive(url, config.dashboard.token),
      runCycle: () => runCycle(config, {}),
      showSeeds,
      print,
    });
  });
}

/** The running process says where its dashboard is; on a server's database the settings do. */
async function dashboardUrl(config: Config, { through, status }: Reader): Promise<string> {
  if (config.warehouse.engine === 'mssql') return urlOf(config.dashboard);
  const url = through === undefined ? undefined : (await status()).dashboardUrl;
  if (typeof url === 'string') return url;
  throw new KadaError(
    'KADA_NOT_RUNNING',
    'no pipeline runs on this DATA_DIR, so there is no live view to verify: npm start begins one',
  );
}
