import { KadaError } from '../../ingest/errors.ts';
import type { CycleEngine } from '../materialise/cycles.ts';
import type { SqlParameters, SqlSession } from '../materialise/plan.ts';
import { visible } from './committed.ts';
import type { Connections } from './connections.ts';
import { type Parameter, type Parameters, text, time, whole } from './parameters.ts';
import { queryResult } from './query.ts';
import type { Session } from './session.ts';

/** The longest text that is not a MAX type. */
const textLength = 4_000;

const parameterOf = (parameter: SqlParameters[string]): Parameter => {
  switch (parameter.type) {
    case 'integer':
    case 'bigint':
      return whole(parameter.value);
    case 'timestamp':
      return time(parameter.value);
    case 'text':
      return text(parameter.value, textLength);
  }
};

const bound = (parameters: SqlParameters): Parameters =>
  Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, parameterOf(value)]));

const createSession = (session: Session): SqlSession => ({
  execute: (sql, parameters) => session.execute(sql, bound(parameters)),
  select: async (sql, parameters) => queryResult(await session.rows(sql, bound(parameters))).rows,
});

/** ms: a full rebuild reads all of Bronze in one statement. */
const statementMs = 3_600_000;

/**
 * The lock of cycles may be lost while the transaction goes on at the server, on a connection of its own. What it
 * would commit then, another cycle would write too: this lock ends with the transaction, whatever ended it.
 */
const aloneText = `DECLARE @granted int;
EXEC @granted = sp_getapplock @Resource = 'kada_mandiya_etl_slice', @LockMode = 'Exclusive',
  @LockOwner = 'Transaction', @LockTimeout = 0;
SELECT @granted;`;

export const cycleEngine = (connections: Connections): CycleEngine => ({
  transaction: (use) => connections.transaction((session) => use(createSession(session)), statementMs),
  async alone(session) {
    const rows = await session.select(aloneText, {});
    if (Number(rows[0]?.[0] ?? -1) < 0)
      throw new KadaError(
        'KADA_CYCLE_BUSY',
        'A cycle that lost its lock has not ended yet: the next takes what this one would have',
      );
  },
  // Between two statements is soon enough, and leaves the connection whole.
  interrupt: () => undefined,
  async visibleSeq(session) {
    const rows = await session.select(`SELECT ${visible}`, {});
    return Number(rows[0]?.[0] ?? 0);
  },
});
