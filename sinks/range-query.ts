import { readScript, rewriteParameters } from './materialise/statements.ts';
import { type RangeTable, rangeTables } from './range-tables.ts';

export interface RangePage {
  readonly table: RangeTable;
  /** YYYY-MM-DD, both inclusive; checked by the caller, since they stand in the text */
  readonly from: string;
  readonly to: string;
  readonly offset: number;
  readonly limit: number;
}

/** Reads the texts once. @returns the query of a page of a range's rows; both engines run it as it is */
export async function readRangeQueries(): Promise<(page: RangePage) => string> {
  const texts = await readScript('ranges');
  return ({ table, from, to, offset, limit }) => {
    const { file, order } = rangeTables[table];
    const sql = texts.get(file)?.[0]?.sql;
    if (sql === undefined) throw new Error(`sql/ranges has no ${file}`);
    const days: Readonly<Record<string, string>> = { from, to };
    const text = rewriteParameters(sql, (name) => `CAST('${days[name] ?? ''}' AS DATE)`);
    return `${text} ORDER BY ${order.join(', ')} OFFSET ${offset} ROWS FETCH NEXT ${limit} ROWS ONLY`;
  };
}
