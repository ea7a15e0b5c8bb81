import type { Definitions } from '../../sinks/materialise/plan.ts';
import { asTable } from '../commands/result-text.ts';
import type { Ask, Check } from './check.ts';
import { goldAgainstSilver, goldChecks } from './gold-checks.ts';
import { readLayers } from './layers.ts';
import { runChecks } from './run-checks.ts';
import { behaviorListings, type Listing, runListing, todayListing } from './shown.ts';
import { silverChecks } from './silver-checks.ts';
import { webChecks } from './web-checks.ts';

export const topics = ['tracking', 'behavior', 'runs'] as const;
export type Topic = (typeof topics)[number];

export interface VerifyOptions {
  readonly ask: Ask;
  readonly definitions: Definitions;
  /** IANA name */
  readonly timeZone: string;
  /** ms */
  readonly now: number;
  readonly print: (text: string) => void;
}

/** rows that are shown of what differs */
const shownRows = 10;

/** Prints what the warehouse holds and holds it against its invariants. @returns how many are broken */
export async function verify(topic: Topic, options: VerifyOptions): Promise<number> {
  switch (topic) {
    case 'tracking':
      await list([todayListing(options.now, options.timeZone)], options);
      return await onLayers(options, webChecks, []);
    case 'behavior':
      await list(behaviorListings, options);
      return await onLayers(
        options,
        [...webChecks, ...silverChecks, ...goldChecks],
        goldAgainstSilver(options.definitions.showSeeds),
      );
    case 'runs':
      await list([runListing], options);
      return await runAll(runChecks, options);
  }
}

async function list(listings: readonly Listing[], { ask, print }: VerifyOptions): Promise<void> {
  for (const { title, sql, maxRows } of listings) print(`${title}\n${asTable(await ask(sql, { maxRows }))}`);
}

/** @param betweenLayers what holds only where Gold is as new as Silver */
async function onLayers(
  options: VerifyOptions,
  checks: readonly Check[],
  betweenLayers: readonly Check[],
): Promise<number> {
  const { ask, definitions, print } = options;
  const { marker, goldBehind, otherDefinitions } = await readLayers(ask, definitions);
  if (marker === undefined) {
    print('BROKEN  there is no Silver and no Gold yet: npm run etl makes them');
    return 1;
  }
  if (otherDefinitions) {
    print(
      'BROKEN  Silver and Gold were made by other funnels, REPORT_TIMEZONE, SHOW_SEED_DATA or program than this one: ' +
        'the next cycle makes them anew',
    );
    return 1;
  }
  print(`held against Bronze up to ingest_seq ${marker}, which the last cycle saw`);
  if (betweenLayers.length > 0 && goldBehind !== undefined)
    print(`NOT HELD  Gold against Silver: ${goldBehind}`);
  return await runAll(goldBehind === undefined ? [...checks, ...betweenLayers] : checks, options);
}

async function runAll(checks: readonly Check[], { ask, print }: VerifyOptions): Promise<number> {
  let broken = 0;
  for (const { name, sql } of checks) {
    const rows = await ask(sql, { maxRows: shownRows });
    if (rows.rows.length === 0) {
      print(`ok      ${name}`);
      continue;
    }
    broken += 1;
    const more = rows.truncated ? `there are more: the first ${shownRows} are shown\n` : '';
    print(`BROKEN  ${name}\n${asTable(rows)}${more}`);
  }
  return broken;
}
