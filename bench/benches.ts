import { eventToBrowser } from './browser.ts';
import { commitBenches, largeCommitBenches } from './commit.ts';
import { commitBesideCycle, cycleBenches, largeCycleBenches } from './cycle.ts';
import { fold, foldMillion } from './fold.ts';
import { frameFanOut } from './frames.ts';
import { historyPages } from './history.ts';
import { mssqlCommit } from './mssql-commit.ts';
import { oldIdsResent } from './old-ids.ts';
import { rabbitBenches } from './rabbit.ts';
import { rebuild } from './rebuild.ts';
import type { Bench } from './table.ts';
import { trackBenches } from './track.ts';

/** In the order in which they run. */
export const benches: readonly Bench[] = [
  ...trackBenches,
  oldIdsResent,
  ...rabbitBenches,
  ...commitBenches,
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
export const largeBenches: readonly Bench[] = [...largeCommitBenches, ...largeCycleBenches];
