import { describe, it } from 'vitest';
import { commitSlices, expectSame, openFresh, planOf, readTables } from './support/etl.ts';
import { bronzeAt, randomHistory } from './support/random-history.ts';
import { recountWarehouse } from './support/warehouse-recount.ts';

/*
 * Silver and Gold after each slice of a random history equal a plain recount of all that Bronze holds, at the same
 * as_of; after a full rebuild they still do.
 */

const runs = Number(process.env.ETL_HISTORIES ?? 12);
const firstSeed = Number(process.env.ETL_SEED ?? 1);

describe('Silver and Gold equal a plain recount', () => {
  for (let seed = firstSeed; seed < firstSeed + runs; seed += 1) {
    it(`history ${seed}`, async () => {
      const history = randomHistory(seed);
      const warehouse = await openFresh();
      let seq = 0;
      for (const [index, slice] of history.slices.entries()) {
        seq = await commitSlices(warehouse, [slice], seq);
        await warehouse.materialise(planOf(history, slice.asOf, seq));
        const truth = recountWarehouse(bronzeAt(history, index), { ...history, asOf: slice.asOf });
        expectSame(truth.tables, await readTables(warehouse), `slice ${index}`);
      }
      const before = await readTables(warehouse);
      const last = history.slices.at(-1);
      await warehouse.materialise({ ...planOf(history, last?.asOf ?? 0, seq), full: true });
      expectSame(before, await readTables(warehouse), 'full');
    });
  }
});
