import { type BusinessEvent, groupByTime } from './recount-bronze.ts';

/** silver.reviews; `is_seed` is no column of it, but Gold asks. */
export interface ReviewRow {
  readonly review_id: string;
  readonly product_id: string | null;
  readonly user_id: string | null;
  readonly rating: number | null;
  readonly created_at: number | null;
  readonly updated_at: number;
  readonly is_deleted: 0 | 1;
  readonly is_restored: 0 | 1;
  readonly isSeed: boolean;
}

const reviewTypes: readonly string[] = ['review_created', 'review_updated', 'review_deleted'];

export function reviewRows(business: readonly BusinessEvent[]): readonly ReviewRow[] {
  const own = business.filter((event) => reviewTypes.includes(event.canonical_type));
  return [...groupByTime(own, (event) => event.review_id)].map(([review_id, events]) => {
    const deciding = events.filter((event) => event.canonical_type !== 'review_updated');
    const isDeleted = deciding.at(-1)?.canonical_type === 'review_deleted';
    const wasDeleted = deciding.some((event) => event.canonical_type === 'review_deleted');
    const rated = events.filter(
      (event) => event.canonical_type !== 'review_deleted' && event.rating !== null,
    );
    return {
      review_id,
      product_id: events.find((event) => event.product_id !== null)?.product_id ?? null,
      user_id: events.find((event) => event.user_id !== null)?.user_id ?? null,
      rating: rated.at(-1)?.rating ?? null,
      created_at: events.find((event) => event.canonical_type === 'review_created')?.event_timestamp ?? null,
      updated_at: (events.at(-1) as BusinessEvent).event_timestamp,
      is_deleted: isDeleted ? 1 : 0,
      is_restored: wasDeleted && !isDeleted ? 1 : 0,
      isSeed: events.some((event) => event.is_seed === 1),
    };
  });
}
