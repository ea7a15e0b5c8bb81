import { eventToBrowser } from './browser.ts';
import { commit, commitBesideMany } from './commit.ts';
import { commitBesideCycle, cycleBenches, largeCycleBenches } from './cycle.ts';
import { fold, foldMillion } from './fold.ts';
import { frameFanOut } from './frames.ts';
import { historyPages } from './history.ts';
import { mssqlCommit } from './mssql-commit.ts';
import { oldIdsResent } from './old-ids.ts';
import { rabbitToBronze } from './rabbit.ts';
import { rebuild } from './rebuild.ts';
import type { Bench } from './table.ts';
import { trackSingle } from './track.ts';

/** In the order in which they run. */
export const benches: readonly Bench[] = [
  trackSingle,
  oldIdsResent,
  rabbitToBronze,
  commit,
  commitBesideMany,
  mssqlCommit,
  fold,
  foldMillion,
  rebuild,
  ...frameFanOut,
  eventToBrowser,
  historyPages,
  ...cycleBenches,
  commitBesideCycle,
];

/** `--large`, and by name */
export const largeBenches: readonly Bench[] = largeCycleBenches;
