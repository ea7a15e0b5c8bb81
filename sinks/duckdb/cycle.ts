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
import { KadaError } from '../../ingest/errors.ts';
import type { EtlRun, SlicePlan, SliceResult, SqlParameters, SqlSession } from '../materialise/plan.ts';
import { failRuns, writeRun } from '../materialise/runs.ts';
import type { RunSlice } from '../materialise/slice.ts';
import { rewriteParameters } from '../materialise/statements.ts';
import type { Connections } from './connections.ts';
import { queryValue } from './query.ts';

const timestampOf = (ms: number): DuckDBTimestampValue => new DuckDBTimestampValue(BigInt(ms) * 1000n);

/** Parameters typed as their columns are; an unknown @name would be taken for abs(name). */
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

const asDuckDb = (sql: string): string => rewriteParameters(sql, (name) => `$${name}`);

/** `cancelled`: asked before each statement, since an interrupt only ends one that is running. */
const createSession = (connection: DuckDBConnection, cancelled: () => boolean): SqlSession => {
  const run = (sql: string, parameters: SqlParameters) => {
    if (cancelled()) throw new KadaError('KADA_CYCLE_CANCELLED', 'The cycle was cancelled and rolled back');
    return connection.run(asDuckDb(sql), ...bound(parameters));
  };
  return {
    execute: async (sql, parameters) => (await run(sql, parameters)).rowsChanged,
    async select(sql, parameters) {
      const result = await run(sql, parameters);
      return (await result.getRows()).map((row) => row.map(queryValue));
    },
  };
};

/** The materialiser's own connection: commits of events go on beside its transaction. */
export interface Cycles {
  materialise(plan: SlicePlan): Promise<SliceResult>;
  cancelMaterialise(): void;
  recordRun(run: EtlRun): Promise<void>;
  failDeadRuns(at: number): Promise<number>;
}

export function createCycles(connections: Connections, makeRunSlice: () => Promise<RunSlice>): Cycles {
  let making: Promise<RunSlice> | undefined;
  let underWay: { cancelled: boolean } | undefined;

  const inTransaction = <T>(
    use: (session: SqlSession) => Promise<T>,
    cancelled: () => boolean = () => false,
  ): Promise<T> =>
    connections.run('cycle', async (connection) => {
      await connection.run('BEGIN TRANSACTION');
      try {
        const value = await use(createSession(connection, cancelled));
        await connection.run('COMMIT');
        return value;
      } catch (error) {
        await connection.run('ROLLBACK').catch(() => undefined);
        throw error;
      }
    });

  return {
    async materialise(plan) {
      const slice = { cancelled: false };
      underWay = slice;
      try {
        making ??= makeRunSlice();
        const runSlice = await making;
        return await inTransaction(
          (session) => runSlice(session, plan),
          () => slice.cancelled,
        );
      } finally {
        underWay = undefined;
      }
    },
    cancelMaterialise() {
      if (underWay === undefined) return;
      underWay.cancelled = true;
      connections.interrupt('cycle');
    },
    recordRun: (run) => inTransaction((session) => writeRun(session, run)),
    failDeadRuns: (at) => inTransaction((session) => failRuns(session, at)),
  };
}
