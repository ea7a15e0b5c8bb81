import pino from 'pino';
import { urlOf } from '../../ingest/http/url.ts';
import type { Config } from '../config.ts';
import { amqpRoad } from '../simulation/amqp-road.ts';
import { collectorRoad, trackRoad } from '../simulation/http-road.ts';
import { reportText, resultJson } from '../simulation/report.ts';
import type { Road } from '../simulation/road.ts';
import { pastMs, startSimulation } from '../simulation/simulation.ts';
import { print, runCommand, tell, WrongUse } from './command.ts';

const help = `Realistic shoppers against a running pipeline, with a known ground truth, which it prints at its end.

  npm run simulate -- [--shoppers 200] [--sessions-per-minute 60] [--via http|rabbitmq|both]

  --shoppers N             shoppers that come, 1 to 100000 (default 200)
  --sessions-per-minute N  how fast they come, 1 to 60000 (default 60)
  --history N              shoppers of the last 150 minutes, sent at once before (default 0, up to 100000)
  --speed F                how fast each shops: 1 as people do, up to 1000 (default 1)
  --via V                  http: /track and the collector (default); rabbitmq: all over the exchange;
                           both: browsers over /track, services over the exchange
  --seed N                 the same seed plans the same visits (default: another each time; it is printed)
  --patience S             seconds that an event without a promise is sent again for, 1 to 3600 (default 120)
  --json                   the ground truth as JSON
  --help                   this text

Events come out of order, twice, late and broken; what is refused or gets no answer is sent again with the same id.
Addresses come from the settings of the pipeline; http needs ANALYTICS_API_KEY for the orders, the others RABBITMQ_URL.
Ctrl-C ends it early, with the truth of what was sent. Equality needs a pipeline that nothing else sends to.
Exit codes: 0 all promised, 1 something was not, or was answered otherwise than it must be, 2 wrong use or configuration.
`;

const vias = ['http', 'rabbitmq', 'both'] as const;
type Via = (typeof vias)[number];
const progressEveryMs = 2_000;

function numberIn(name: string, text: string, least: number, most: number, whole = true): number {
  const value = Number(text);
  const shaped = whole ? /^\d+$/.test(text) : /^\d+(\.\d+)?$/.test(text);
  if (!shaped || value < least || value > most) {
    throw new WrongUse(`--${name} must be a ${whole ? 'whole ' : ''}number from ${least} to ${most}`);
  }
  return value;
}

function openRoads(via: Via, config: Config): { readonly web: Road; readonly service: Road } {
  const { rabbitmq, tracking, collector } = config;
  if (via === 'http') {
    const [key] = collector.keys;
    if (key === undefined) {
      throw new WrongUse('ANALYTICS_API_KEY is unset: orders go through the collector, which needs it');
    }
    return { web: trackRoad(urlOf(tracking)), service: collectorRoad(urlOf(collector), key) };
  }
  if (rabbitmq === undefined) throw new WrongUse(`RABBITMQ_URL is unset: --via ${via} needs a broker`);
  const log = pino({ level: config.logLevel }, pino.destination({ fd: 2, sync: true }));
  const exchange = amqpRoad(rabbitmq, log);
  return { web: via === 'both' ? trackRoad(urlOf(tracking)) : exchange, service: exchange };
}

await runCommand({
  name: 'simulate',
  help,
  options: {
    shoppers: { type: 'string' },
    'sessions-per-minute': { type: 'string' },
    history: { type: 'string' },
    speed: { type: 'string' },
    via: { type: 'string' },
    seed: { type: 'string' },
    patience: { type: 'string' },
    json: { type: 'boolean' },
  },
  async run({ values, positionals, config }) {
    if (positionals.length > 0) throw new WrongUse(`unexpected ${JSON.stringify(positionals[0])}`);
    const via = vias.find((one) => one === (values.via ?? 'http'));
    if (via === undefined) throw new WrongUse(`--via must be one of ${vias.join(', ')}`);
    const shoppers = numberIn('shoppers', values.shoppers ?? '200', 1, 100_000);
    const shoppersPerMinute = numberIn(
      'sessions-per-minute',
      values['sessions-per-minute'] ?? '60',
      1,
      60_000,
    );
    const pastShoppers = numberIn('history', values.history ?? '0', 0, 100_000);
    const speed = numberIn('speed', values.speed ?? '1', 0.1, 1_000, false);
    const patience = numberIn('patience', values.patience ?? '120', 1, 3_600);
    const random = String(Math.floor(Math.random() * 2 ** 31));
    const seed = numberIn('seed', values.seed ?? random, 0, 2 ** 32 - 1);

    const simulation = startSimulation({
      seed,
      shoppers,
      shoppersPerMinute,
      speed,
      pastShoppers,
      pastMs,
      horizonMs: config.live.horizonHours * 3_600_000,
      roads: openRoads(via, config),
      patienceMs: patience * 1_000,
      now: Date.now,
    });
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, simulation.stop);
    const telling = setInterval(() => {
      const now = simulation.progress();
      tell(
        `simulate: ${now.shoppers} of ${shoppers + pastShoppers} shoppers, ${now.tally.sendings} sendings, ${now.waiting} waiting`,
      );
    }, progressEveryMs);
    try {
      const result = await simulation.finished;
      const { tally } = result;
      const about = { seed, via };
      print(
        values.json === true ? JSON.stringify(resultJson(result, about), null, 2) : reportText(result, about),
      );
      const open = tally.gaveUp.notStored + tally.gaveUp.perhapsStored;
      if (open > 0) tell(`KADA_SIMULATE_NOT_PROMISED: ${open} events were not promised within ${patience} s`);
      if (tally.surprisesInAll > 0) {
        tell(
          `KADA_SIMULATE_SURPRISED: ${tally.surprisesInAll} answers were not as they must be:\n  ${tally.surprises.join('\n  ')}`,
        );
      }
      return open + tally.surprisesInAll > 0 ? 1 : 0;
    } finally {
      clearInterval(telling);
    }
  },
});
