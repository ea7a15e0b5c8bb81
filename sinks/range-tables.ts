/**
 * Gold over the days of a range, added up where Gold is: a text of sql/ranges each, and what puts its rows in one
 * order. Their columns mean what those of the table of days mean.
 */
export const rangeTables = {
  product_range: { file: '01-product-range', order: ['product_id', 'currency'] },
  shop_range: { file: '02-shop-range', order: ['currency'] },
  product_purchases: { file: '03-product-purchases', order: ['product_id', 'currency', 'metric_date'] },
  page_range: { file: '04-page-range', order: ['page_path'] },
  review_range: { file: '05-review-range', order: ['product_id'] },
} as const satisfies Record<string, { readonly file: string; readonly order: readonly string[] }>;

export type RangeTable = keyof typeof rangeTables;

export const isRangeTable = (name: string): name is RangeTable => Object.hasOwn(rangeTables, name);
