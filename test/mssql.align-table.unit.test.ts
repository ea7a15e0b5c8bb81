import { expect, test } from 'vitest';
import type { Cell, Session } from '../sinks/mssql/session.ts';
import { alignTable } from '../sinks/mssql/upgrade/align-table.ts';

/* What is sent for a table whose columns are as they should be, by the indexes that the server tells. */

type IndexRow = readonly [
  name: string,
  primaryKey: boolean,
  unique: boolean,
  filter: string | null,
  column: string,
];

async function sentFor(indexes: readonly IndexRow[]): Promise<readonly string[]> {
  const sent: string[] = [];
  const never = (): never => {
    throw new Error('not asked for here');
  };
  const session: Session = {
    async rows(text) {
      const rows: readonly (readonly Cell[])[] = text.includes('sys.indexes') ? indexes : [];
      return { columns: [], rows };
    },
    async batch(text) {
      sent.push(text);
    },
    results: never,
    execute: never,
    firstRows: never,
  };
  const target = {
    name: 'bronze.cart_events',
    columns: [],
    numbered: false,
    keepsKey: false,
    indexes: [{ name: 'IX_bronze_cart_events_session_id', on: 'session_id' }],
  };
  await alignTable(session, target);
  return sent;
}

test.each<[string, readonly IndexRow[], number]>([
  [
    'of its name, filtered as the Python system had it',
    [['IX_bronze_cart_events_session_id', false, false, '([session_id] IS NOT NULL)', 'session_id']],
    0,
  ],
  ['under another name', [['ix_bronze_cart_events_sessa65ea43a', false, false, null, 'session_id']], 0],
  ['of another name, filtered', [['ix_other', false, false, '([session_id] IS NOT NULL)', 'session_id']], 1],
  [
    'that begins with it',
    [
      ['ix_other', false, false, null, 'session_id'],
      ['ix_other', false, false, null, 'event_timestamp'],
    ],
    1,
  ],
])('an index on the column %s', async (_what, indexes, made) => {
  expect(await sentFor(indexes)).toHaveLength(made);
});
