/** The tables that reports read, with the column of their date and what puts their rows in one order. */
export const goldTables = {
  behavior_daily: { date: 'metric_date', order: [] },
  funnel_daily: { date: 'metric_date', order: [] },
  conversion_funnel: { date: 'funnel_date', order: ['funnel_name', 'step_order'] },
  product_daily: { date: 'metric_date', order: ['product_id', 'currency'] },
  page_performance: { date: 'metric_date', order: ['page_path'] },
  orders_payments_daily: { date: 'metric_date', order: ['currency'] },
  reviews_quality: { date: 'metric_date', order: ['product_id'] },
  system_health_daily: { date: 'metric_date', order: ['service'] },
} as const satisfies Record<string, { readonly date: string; readonly order: readonly string[] }>;

export type GoldTable = keyof typeof goldTables;

export const isGoldTable = (name: string): name is GoldTable => Object.hasOwn(goldTables, name);

export interface GoldRange {
  readonly table: GoldTable;
  /** YYYY-MM-DD, both inclusive; checked by the caller, since they stand in the text */
  readonly from: string;
  readonly to: string;
  readonly offset: number;
  readonly limit: number;
}

/** The query of a page of a table's rows, newest date first; both engines run it as it is. */
export function goldQuery({ table, from, to, offset, limit }: GoldRange): string {
  const { date, order } = goldTables[table];
  return (
    `SELECT g.* FROM gold.${table} AS g ` +
    `WHERE g.${date} >= CAST('${from}' AS DATE) AND g.${date} <= CAST('${to}' AS DATE) ` +
    `ORDER BY ${[`g.${date} DESC`, ...order.map((column) => `g.${column}`)].join(', ')} ` +
    `OFFSET ${offset} ROWS FETCH NEXT ${limit} ROWS ONLY`
  );
}
