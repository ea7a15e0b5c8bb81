import { integer } from '../format.ts';
import { goldAddress } from './api.ts';
import { ratio } from './compare.ts';
import { tableCard } from './data-table.ts';
import { goldColumn, ownColumn, rateText, ratingText } from './gold-columns.ts';
import type { DayRange } from './range.ts';
import { numberOf, type ReviewRange, sum } from './rows.ts';

interface Reviewed {
  readonly id: string;
  readonly total: number;
  readonly five: number;
  readonly rating: number | null;
}

/** Reviews by product, the worst rated first. */
export function reviewsTable(rows: readonly ReviewRange[], range: DayRange): HTMLElement {
  const reviewed = rows.map((row) => ({
    id: row.product_id,
    total: row.total_reviews,
    five: row.five_star_reviews,
    rating: numberOf(row.avg_rating),
  }));
  const gold = goldColumn<Reviewed, 'reviews_quality'>;
  return tableCard<Reviewed>({
    id: 'reviews',
    title: 'Reviews by product',
    note: [`${integer(sum(reviewed, ({ total }) => total))} reviews`],
    columns: [
      { key: 'id', heading: 'Product', kind: 'mono', value: ({ id }) => id, show: ({ id }) => id },
      {
        ...gold('reviews_quality', 'avg_rating', 'Rating', ({ rating }) => rating, ratingText),
        kind: 'strong',
      },
      gold('reviews_quality', 'total_reviews', 'Reviews', ({ total }) => total),
      gold('reviews_quality', 'five_star_reviews', 'Five stars', ({ five }) => five),
      ownColumn(
        'five_share',
        'Share of five',
        'Reviews with five stars ÷ reviews.',
        ({ five, total }) => ratio(five, total),
        rateText,
      ),
    ],
    rows: reviewed,
    order: { key: 'avg_rating', descending: false },
    things: 'products',
    source: goldAddress('review_range', range),
    file: `reviews-${range.from}-${range.to}`,
  });
}
