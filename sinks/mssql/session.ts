import type sql from 'mssql';
import type { Parameters } from './parameters.ts';

/** Cells as the driver gives them: times are Dates (UTC), bigint is text, uniqueidentifier lower case. */
export type Cell = string | number | boolean | Date | Buffer | null;
export interface Rows {
  readonly columns: readonly {
    readonly name: string;
    readonly type: unknown;
    readonly scale: number | undefined;
  }[];
  readonly rows: readonly (readonly Cell[])[];
}

/** Runs statements: one connection of the pool for each, or the one of a transaction for all. */
export interface Session {
  /** The first result of a statement; `@name`s are bound, never written into the text. */
  rows(text: string, parameters?: Parameters): Promise<Rows>;
  /** The rows of every result of a text of several statements, in one round trip. */
  results(text: string, parameters?: Parameters): Promise<readonly Rows['rows'][]>;
  /** Runs a text whose results do not matter. @returns rows affected, over all its statements */
  execute(text: string, parameters?: Parameters): Promise<number>;
  /** A text without parameters, sent as a batch of its own (DDL that must stand first in one). */
  batch(text: string): Promise<void>;
  /** The first result, read no further than `maxRows`. */
  firstRows(text: string, maxRows: number): Promise<Rows>;
}

interface ArrayResult {
  readonly recordsets: readonly (readonly Cell[])[][];
  readonly columns?: readonly (readonly sql.IColumnMetadata[string][])[];
  readonly rowsAffected: readonly number[];
}

const describeColumns = (columns: readonly sql.IColumnMetadata[string][] | undefined): Rows['columns'] =>
  (columns ?? []).map(({ name, type, scale }) => ({ name, type, scale: scale ?? undefined }));

/** `makeRequest`: a request of the pool or of a transaction. */
export function createSession(makeRequest: () => sql.Request): Session {
  const bound = (parameters: Parameters): sql.Request => {
    const request = makeRequest();
    request.arrayRowMode = true;
    for (const [name, { type, value }] of Object.entries(parameters)) request.input(name, type, value);
    return request;
  };
  const run = async (text: string, parameters: Parameters): Promise<ArrayResult> =>
    (await bound(parameters).query(text)) as sql.IResult<unknown> & ArrayResult;

  return {
    async rows(text, parameters = {}) {
      const result = await run(text, parameters);
      return { columns: describeColumns(result.columns?.[0]), rows: result.recordsets[0] ?? [] };
    },
    results: async (text, parameters = {}) => (await run(text, parameters)).recordsets,
    async execute(text, parameters = {}) {
      const { rowsAffected } = await run(text, parameters);
      return rowsAffected.reduce((sum, rows) => sum + rows, 0);
    },
    async batch(text) {
      await makeRequest().batch(text);
    },
    firstRows: (text, maxRows) =>
      new Promise((resolve, reject) => {
        const request = makeRequest();
        request.arrayRowMode = true;
        request.stream = true;
        let columns: Rows['columns'] | undefined;
        let full = false;
        const rows: Cell[][] = [];
        let failure: Error | undefined;
        request.on('recordset', (found: readonly sql.IColumnMetadata[string][]) => {
          columns ??= describeColumns(found);
        });
        request.on('row', (row: Cell[]) => {
          if (rows.length < maxRows) rows.push(row);
          if (rows.length < maxRows || full) return;
          full = true;
          request.cancel();
        });
        request.on('error', (error: Error) => {
          // What was asked for is there; that we stopped is no failure.
          if (!full) failure ??= error;
        });
        request.on('done', () =>
          failure === undefined ? resolve({ columns: columns ?? [], rows }) : reject(failure),
        );
        request.query(text).catch(reject);
      }),
  };
}
