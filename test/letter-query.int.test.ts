import { expect, test } from 'vitest';
import { countPending, pendingLetters } from '../sinks/letter-query.ts';
import { batchOf, deadLetter } from './support/bronze-rows.ts';
import { openFresh } from './support/etl.ts';

/* Letters chosen by a text, in a statement that only reads. */

test.each(["it's a Checkpoint of checkpoints", '100 % of a_b', 'කොළඹ [1]!', 'plain'])('%s', async (text) => {
  const warehouse = await openFresh();
  const letters = [
    deadLetter({ payload: `{"note":"${text}"}` }),
    deadLetter({ payload: '{"note":"100 x of axb"}' }),
  ];
  expect(await warehouse.commit(batchOf([], 1, { deadLetters: letters }))).toMatchObject({
    kind: 'committed',
  });
  expect(await countPending(warehouse.query, { text })).toBe(1);
  const found = await pendingLetters(warehouse.query, { text }, undefined, 10);
  expect(found.map(({ id }) => id)).toEqual([letters[0]?.id.toLowerCase()]);
  expect(await countPending(warehouse.query, { reason: text })).toBe(0);
});
