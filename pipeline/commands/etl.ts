import { lastValueFrom, merge, Observable, takeUntil, tap } from 'rxjs';
import type { EtlRun } from '../../sinks/materialise/plan.ts';
import type { Config } from '../config.ts';
import type { CycleRequest } from '../etl/materialiser.ts';
import { periodically } from '../etl/periodically.ts';
import { print, runCommand, tell, WrongUse } from './command.ts';
import { runCycle } from './run-cycle.ts';
import { runSeeds } from './run-seeds.ts';
import { defaultSeeds } from './seed-defaults.ts';

const help = `Makes Silver and Gold of what stands in Bronze, also while the pipeline runs (then it does the work).

  npm run etl -- [--once] [--full] [--silver-only | --gold-only] [--window-days N] [--seed-all]
  npm run etl -- --watch [--interval-seconds N] [--window-days N]

  --once                 one cycle (this is what it does without a flag, too)
  --watch                a cycle at each interval, until it is stopped
  --interval-seconds N   of --watch, 1 to 86400 (default: ETL_INTERVAL_SECONDS)
  --full                 everything anew from all of Bronze, shown at once at its end
  --silver-only          leave Gold as it is; the next cycle with Gold catches up
  --gold-only            take nothing new from Bronze
  --window-days N        the last N days anew as well, whatever touched them
  --no-seed              make no seeds (the default; the old jobs know the flag)
  --seed-all             first make the seeds of npm run seed -- --business --behavior
  --help                 this text

A cycle takes what is new since the last one, of any age, and makes the sessions, orders and dates anew that it
touches. One cycle runs at a time: while another one does, this one is written down as skipped.
Exit codes: 0 done or skipped, 1 the cycle failed, 2 wrong use or configuration.
`;

await runCommand({
  name: 'etl',
  help,
  options: {
    once: { type: 'boolean' },
    watch: { type: 'boolean' },
    full: { type: 'boolean' },
    'silver-only': { type: 'boolean' },
    'gold-only': { type: 'boolean' },
    'no-seed': { type: 'boolean' },
    'seed-all': { type: 'boolean' },
    'interval-seconds': { type: 'string' },
    'window-days': { type: 'string' },
  },
  async run({ values, positionals, config }) {
    if (positionals.length > 0) throw new WrongUse(`${positionals[0]} is no flag`);
    if (values.once === true && values.watch === true) throw new WrongUse('choose one of --once and --watch');
    if (values['silver-only'] === true && values['gold-only'] === true)
      throw new WrongUse('choose one of --silver-only and --gold-only');
    if (values.watch === true && values.full === true)
      throw new WrongUse('--full runs once: leave --watch out');
    if (values['no-seed'] === true && values['seed-all'] === true)
      throw new WrongUse('choose one of --no-seed and --seed-all');
    const seconds = wholeOf('--interval-seconds', values['interval-seconds'], 1, 86_400);
    if (seconds !== undefined && values.watch !== true)
      throw new WrongUse('--interval-seconds belongs to --watch');
    const request: CycleRequest = {
      full: values.full,
      ...(values['silver-only'] === true && { silver: true, gold: false }),
      ...(values['gold-only'] === true && { silver: false, gold: true }),
      recentDays: wholeOf('--window-days', values['window-days'], 0, 3_660),
    };
    if (values['seed-all'] === true && !(await seedAll(config))) return 1;
    if (values.watch !== true) return report(await runCycle(config, request));
    const period = { ...config.etl, ...(seconds !== undefined && { intervalMs: seconds * 1000 }) };
    let failed = false;
    const cycles$ = periodically(() => runCycle(config, request), period, Date.now).pipe(
      takeUntil(stopSignal()),
      tap((run) => {
        failed = report(run) !== 0;
      }),
    );
    await lastValueFrom(cycles$, { defaultValue: undefined });
    return failed ? 1 : 0;
  },
});

/** @returns whether all of them are there */
async function seedAll(config: Config): Promise<boolean> {
  const everything = { ...defaultSeeds, business: true, behavior: true, now: Date.now() };
  const { events, stored, duplicates, problems } = await runSeeds(config, everything);
  print(`${events} seeds: ${stored} stored, ${duplicates} were there before`);
  for (const problem of problems) tell(`KADA_SEED_NOT_STORED: ${problem}`);
  return problems.length === 0;
}

function wholeOf(
  flag: string,
  given: string | undefined,
  lowest: number,
  highest: number,
): number | undefined {
  if (given === undefined) return undefined;
  const value = Number(given);
  if (!/^\d+$/.test(given) || value < lowest || value > highest)
    throw new WrongUse(`${flag} must be a whole number from ${lowest} to ${highest}`);
  return value;
}

// Declarations, since the command above runs before a constant down here has a value.
function signalOf(name: NodeJS.Signals): Observable<NodeJS.Signals> {
  return new Observable((out) => {
    const told = (): void => out.next(name);
    process.on(name, told);
    return () => process.off(name, told);
  });
}

function stopSignal(): Observable<NodeJS.Signals> {
  return merge(signalOf('SIGINT'), signalOf('SIGTERM'));
}

function report(run: EtlRun): number {
  const took = ((run.finishedAt ?? run.startedAt) - run.startedAt) / 1000;
  const asOf = run.asOf === null ? '' : `, as of ${new Date(run.asOf).toISOString()}`;
  switch (run.status) {
    case 'success':
      print(`success: ${run.rowsInserted} rows written in ${took.toFixed(1)} s${asOf} (run ${run.runId})`);
      return 0;
    case 'skipped':
      print(`skipped: ${run.errorMessage ?? 'another cycle runs'} (run ${run.runId})`);
      return 0;
    default:
      tell(`failed: ${run.errorMessage ?? 'unknown'} (run ${run.runId})`);
      return 1;
  }
}
