import { z } from 'zod';
import type { CanonicalType } from '../event.ts';
import type { MetricType } from '../event-types.ts';
import { requiredUpTo } from './text.ts';

const id = requiredUpTo(64);
const rating = z.number().int().min(1).max(5);

const ofOrder = z.object({ order_id: id });
const ofReview = z.object({ review_id: id, rating: rating.nullable() });
const reviewCreated = z.object({ review_id: id, product_id: id, rating });

/** What a domain event needs after normalisation (events.md 1), by its canonical type. */
export const domainContracts: Readonly<Partial<Record<CanonicalType, z.ZodObject>>> = {
  order_created: ofOrder,
  order_cancelled: ofOrder,
  order_status: ofOrder,
  order_paid: ofOrder,
  payment_pending: ofOrder,
  payment_not_required: ofOrder,
  payment_failed: ofOrder,
  refunded: ofOrder,
  review_created: reviewCreated,
  review_updated: ofReview,
  review_deleted: ofReview,
};

const text = z.string().min(1);

/** What the collector's metric events need in their body (events.md 3). */
export const metricContracts: Readonly<Record<MetricType, z.ZodObject>> = {
  performance: z.object({ metric_name: text, metric_value: z.number() }),
  cart_action: z.object({ action: text, product_id: id }),
  checkout: z.object({ stage: text }),
  purchase_view: z.object({}),
  frontend_error: z.object({ message: text }),
};

/** Columns of business_events. */
export const businessLimits = {
  id: 64,
  service: 64,
  eventType: 128,
  currency: 10,
  paymentMethod: 32,
  status: 32,
  provider: 50,
} as const;

export const serviceContract = z.object({ service: requiredUpTo(businessLimits.service) });
export const eventTypeContract = z.object({ event_type: requiredUpTo(businessLimits.eventType) });
