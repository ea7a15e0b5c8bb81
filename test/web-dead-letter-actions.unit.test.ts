import { expect, test } from 'vitest';
import { outcomeOf } from '../live-dashboard/web/letter-outcome.ts';

const id = '00000000-0000-4000-8000-000000000001';

test.each([
  [{ id, outcome: 'stored', event_id: id }, false, 'stored', true],
  [{ id, outcome: 'stored', event_id: id }, true, 'would be stored', false],
  [{ id, outcome: 'duplicate', event_id: id }, false, 'duplicate', true],
  [
    { id, outcome: 'dead_lettered', reason: 'validation_error:click' },
    false,
    'still dead: validation_error:click',
    false,
  ],
  [{ id, outcome: 'resolved', status: 'discarded' }, false, 'already discarded', true],
  [{ id, outcome: 'unavailable', reason: 'warehouse_away' }, false, 'not now: warehouse_away', false],
  [{ id, outcome: 'unknown' }, false, 'gone', true],
])('%j in words, dry %s', (result, dry, text, resolved) => {
  expect(outcomeOf(result, dry)).toEqual({ id, text, resolved });
});

test('what is no result says nothing', () => {
  for (const result of [null, 'stored', {}, { id }, { outcome: 'stored' }])
    expect(outcomeOf(result, false)).toBeUndefined();
});
