import type { SeedRequest } from '../seed/send.ts';
import { print, runCommand, tell, WrongUse } from './command.ts';
import { runSeeds } from './run-seeds.ts';
import { defaultSeeds } from './seed-defaults.ts';

const help = `Made-up orders and web sessions, marked as seeds, through the pipeline like any event.

  npm run seed -- --business [--users 50] [--orders 120] [--random-seed 1]
  npm run seed -- --behavior [--days 7]
  npm run seed -- --business --behavior

  --business       orders, each with what followed: 80 % paid, 15 % cancelled, 5 % payment failed
  --behavior       the web sessions that led to these orders, and three times as many that led to none
  --users N        shoppers, 1 to 10000 (default ${defaultSeeds.users})
  --orders N       orders, 1 to 10000 (default ${defaultSeeds.orders}); of both flags, so that sessions meet their orders
  --days N         over how many days up to now all is spread, 1 to 300 (default ${defaultSeeds.days})
  --random-seed N  other seeds (default ${defaultSeeds.randomSeed})
  --help           this text

The same numbers make the same events: again, they are duplicates, and nothing is added. Gold and the live view leave
seeds out unless SHOW_SEED_DATA is yes. While the pipeline runs they go through its collector, with ANALYTICS_API_KEY.
Exit codes: 0 all are there, 1 some are not, 2 wrong use or configuration.
`;

await runCommand({
  name: 'seed',
  help,
  options: {
    business: { type: 'boolean' },
    behavior: { type: 'boolean' },
    users: { type: 'string' },
    orders: { type: 'string' },
    days: { type: 'string' },
    'random-seed': { type: 'string' },
  },
  async run({ values, positionals, config }) {
    if (positionals.length > 0) throw new WrongUse(`${positionals[0]} is no flag`);
    if (values.business !== true && values.behavior !== true)
      throw new WrongUse('choose --business, --behavior or both');
    const request: SeedRequest = {
      business: values.business === true,
      behavior: values.behavior === true,
      users: wholeOf('--users', values.users, 1, 10_000, defaultSeeds.users),
      orders: wholeOf('--orders', values.orders, 1, 10_000, defaultSeeds.orders),
      days: wholeOf('--days', values.days, 1, 300, defaultSeeds.days),
      randomSeed: wholeOf('--random-seed', values['random-seed'], 0, 2 ** 32 - 1, defaultSeeds.randomSeed),
      now: Date.now(),
    };
    const { events, stored, duplicates, problems } = await runSeeds(config, request);
    print(`${events} seeds: ${stored} stored, ${duplicates} were there before`);
    for (const problem of problems) tell(`KADA_SEED_NOT_STORED: ${problem}`);
    return problems.length === 0 ? 0 : 1;
  },
});

function wholeOf(
  flag: string,
  given: string | undefined,
  lowest: number,
  highest: number,
  otherwise: number,
) {
  if (given === undefined) return otherwise;
  const value = Number(given);
  if (!/^\d+$/.test(given) || value < lowest || value > highest)
    throw new WrongUse(`${flag} must be a whole number from ${lowest} to ${highest}`);
  return value;
}
