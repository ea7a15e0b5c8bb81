import type { BoundedQueryResult } from '../control/query.ts';

/** What `verify` asks of the warehouse. */
export type Ask = (sql: string, options: { readonly maxRows: number }) => Promise<BoundedQueryResult>;

/** One invariant: a statement that gives the rows that break it. */
export interface Check {
  /** as a sentence that is true when there is none */
  readonly name: string;
  readonly sql: string;
}

/** Two questions of which each key must get the same answer. Sides and columns must be safe as names. */
export interface Comparison {
  readonly name: string;
  readonly keys: readonly string[];
  readonly values: readonly string[];
  readonly sides: readonly [Side, Side];
}

export interface Side {
  /** what its columns are called in the answer: `gold` gives gold_views */
  readonly label: string;
  /** gives the keys and the values, each key once */
  readonly sql: string;
}

/**
 * The keys of which the sides do not say the same. One statement, and so one moment: a cycle that ends while `verify`
 * asks changes nothing.
 */
export function compare({ name, keys, values, sides }: Comparison): Check {
  const [a, b] = sides;
  const selected = [
    ...keys.map((key) => `COALESCE(a.${key}, b.${key}) AS ${key}`),
    ...values.flatMap((value) => [`a.${value} AS ${a.label}_${value}`, `b.${value} AS ${b.label}_${value}`]),
    `CASE WHEN a.${keys[0]} IS NULL THEN '${b.label} only' WHEN b.${keys[0]} IS NULL THEN '${a.label} only' ELSE 'both' END AS found_in`,
  ];
  const unlike = [
    `a.${keys[0]} IS NULL`,
    `b.${keys[0]} IS NULL`,
    ...values.map(
      (value) =>
        `a.${value} <> b.${value} OR (a.${value} IS NULL AND b.${value} IS NOT NULL)
         OR (a.${value} IS NOT NULL AND b.${value} IS NULL)`,
    ),
  ];
  return {
    name,
    sql: `SELECT ${selected.join(', ')}
      FROM (${a.sql}) AS a
      FULL OUTER JOIN (${b.sql}) AS b ON ${keys.map((key) => `a.${key} = b.${key}`).join(' AND ')}
      WHERE ${unlike.join(' OR ')}`,
  };
}

/** No key stands twice. DuckDB has no keys on these tables (portable-sql.md): this is what proves it. */
export const uniqueKey = (table: string, keys: readonly string[]): Check => ({
  name: `${table} has each ${keys.join(', ')} once`,
  sql: `SELECT ${keys.map((key) => `t.${key}`).join(', ')}, COUNT(*) AS times
    FROM ${table} AS t GROUP BY ${keys.map((key) => `t.${key}`).join(', ')} HAVING COUNT(*) > 1`,
});

/** Each value of a column has its row elsewhere. */
export const noOrphan = (table: string, column: string, of: string, key = column): Check => ({
  name: `each ${column} of ${table} is in ${of}`,
  sql: `SELECT DISTINCT t.${column} FROM ${table} AS t
    WHERE t.${column} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ${of} AS o WHERE o.${key} = t.${column})`,
});
