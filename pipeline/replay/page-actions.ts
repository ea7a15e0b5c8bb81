import type { DeadLetterActions } from '../../live-dashboard/server/dead-letter-actions.ts';
import { pendingLetters } from '../../sinks/letter-query.ts';
import type { Warehouse } from '../../sinks/warehouse.ts';
import type { LetterOffice } from './office.ts';
import { mostLetters, type ReplayResult } from './results.ts';

/** A result in the names of the API. */
const shown = (result: ReplayResult): Record<string, unknown> => {
  if (!('eventId' in result)) return result;
  const { eventId, ...rest } = result;
  return { ...rest, event_id: eventId };
};

/** What the Operations page does, by the same office as the commands. */
export const pageActions = (
  letters: LetterOffice,
  warehouse: Pick<Warehouse, 'query'>,
): DeadLetterActions => ({
  async replay(meant, dryRun) {
    // One more tells whether these are all.
    const ids =
      meant.ids ??
      (await pendingLetters(warehouse.query, meant, undefined, mostLetters + 1)).map(({ id }) => id);
    const some = ids.slice(0, mostLetters).map((id) => ({ id }));
    const results = some.length === 0 ? [] : await letters.replay({ letters: some, dryRun });
    return { results: results.map(shown), more: ids.length > mostLetters };
  },
  discard: letters.discard,
});
