import {
  BIGINT,
  type DuckDBConnection,
  DuckDBTimestampValue,
  type DuckDBType,
  type DuckDBValue,
  INTEGER,
  TIMESTAMP,
  VARCHAR,
} from '@duckdb/node-api';
import type { CycleEngine } from '../materialise/cycles.ts';
import type { SqlParameters, SqlSession } from '../materialise/plan.ts';
import { rewriteParameters } from '../materialise/statements.ts';
import type { Connections } from './connections.ts';
import { queryValue } from './query.ts';

const timestampOf = (ms: number): DuckDBTimestampValue => new DuckDBTimestampValue(BigInt(ms) * 1000n);

function bound(parameters: SqlParameters): [Record<string, DuckDBValue>, Record<string, DuckDBType>] {
  const values: Record<string, DuckDBValue> = {};
  const types: Record<string, DuckDBType> = {};
  for (const [name, parameter] of Object.entries(parameters)) {
    switch (parameter.type) {
      case 'integer':
        values[name] = parameter.value;
        types[name] = INTEGER;
        break;
      case 'bigint':
        values[name] = BigInt(parameter.value);
        types[name] = BIGINT;
        break;
      case 'timestamp':
        values[name] = parameter.value === null ? null : timestampOf(parameter.value);
        types[name] = TIMESTAMP;
        break;
      case 'text':
        values[name] = parameter.value;
        types[name] = VARCHAR;
    }
  }
  return [values, types];
}

/** `@name` would be taken for abs(name). */
const asDuckDb = (sql: string): string => rewriteParameters(sql, (name) => `$${name}`);

const createSession = (connection: DuckDBConnection): SqlSession => ({
  execute: async (sql, parameters) => (await connection.run(asDuckDb(sql), ...bound(parameters))).rowsChanged,
  async select(sql, parameters) {
    const result = await connection.run(asDuckDb(sql), ...bound(parameters));
    return (await result.getRows()).map((row) => row.map(queryValue));
  },
});

/**
 * A COMMIT takes as long as it has rows to write to the log, and no other commit gets in meanwhile. For so many
 * it takes no longer than a commit of events does by itself (bench: commit beside a cycle). Where no events come, fewer
 * and longer transactions cost less.
 */
const rowsBesideCommits = 5_000;

/**
 * A connection of its own: commits of events go on beside the cycle's transaction.
 * @param eventsCome whether events are being committed
 */
export const cycleEngine = (connections: Connections, eventsCome: () => boolean): CycleEngine => ({
  rowsAtOnce: () => (eventsCome() ? rowsBesideCommits : Number.POSITIVE_INFINITY),
  transaction: (use) =>
    connections.run('cycle', async (connection) => {
      await connection.run('BEGIN TRANSACTION');
      try {
        const value = await use(createSession(connection));
        await connection.run('COMMIT');
        return value;
      } catch (error) {
        await connection.run('ROLLBACK').catch(() => undefined);
        throw error;
      }
    }),
  interrupt: () => connections.interrupt('cycle'),
});
