import type { Aliased } from './alias-index.ts';
import { businessLimits as limits } from './contracts/business.ts';
import type { BusinessRow } from './event.ts';
import { type KnownType, serviceOfType } from './event-types.ts';
import { lenientId, lenientText, plainText, requiredId, withoutPersonalData } from './fields.ts';
import { addIssue, addMark, type Intake } from './intake.ts';
import { collectorServiceKeys, serviceKeys } from './keys.ts';
import { centsOf } from './money.ts';
import { find } from './sections.ts';

export type BusinessFields = Pick<
  BusinessRow,
  | 'user_id'
  | 'session_id'
  | 'entity_id'
  | 'order_id'
  | 'product_id'
  | 'review_id'
  | 'amount'
  | 'currency'
  | 'payment_method'
  | 'status'
  | 'rating'
  | 'provider'
>;

/** The service as it is named in the event; the collector's `source` names none. */
export const namedService = (intake: Intake): string | null => {
  const keys = intake.origin.road === 'collector' ? collectorServiceKeys : serviceKeys;
  return plainText(find(intake.sections.all, keys)) ?? null;
};

/** The named service (cut where it must be), else by the type's first word. */
export const serviceOf = (intake: Intake, named: string | null, raw: string): string => {
  if (named === null) return serviceOfType(raw);
  return lenientText(intake, 'service', named, limits.service) ?? serviceOfType(raw);
};

export const lenientUser = (intake: Intake, given: unknown): string | null =>
  withoutPersonalData(intake, 'user_id', lenientId(intake, 'user_id', given, limits.id));

/** Over the collector the correlation id stands in for a session that is not named. */
export const lenientSession = (
  intake: Intake,
  given: unknown,
  correlationId: string | null,
): string | null => {
  if (given === undefined) return intake.origin.road === 'collector' ? correlationId : null;
  return lenientId(intake, 'session_id', given, limits.id);
};

const amountOf = (intake: Intake, value: unknown): number | null => {
  if (value === undefined) return null;
  const cents = centsOf(value);
  if (cents !== undefined) return cents;
  addIssue(intake, 'amount', 'invalid_amount', 'expected a number from 0 to 9999999999.99');
  return null;
};

const wholeText = /^\d+$/;

/** Of a review it must be right, so the contract sees what was given; elsewhere a `score` may be anything. */
const ratingOf = (intake: Intake, value: unknown, review: boolean): number | null => {
  if (value === undefined) return null;
  const number = typeof value === 'string' && wholeText.test(value.trim()) ? Number(value) : value;
  if (typeof number === 'number') {
    if (review || (Number.isInteger(number) && number >= 1 && number <= 5)) return number;
  } else if (review) {
    addIssue(intake, 'rating', 'invalid_type', 'expected an integer from 1 to 5');
    return null;
  }
  addMark(intake, 'rating', 'not_valid');
  return null;
};

/** Upper case first: it can be longer than what it came from. */
const upper = (intake: Intake, field: string, value: unknown, limit: number): string | null =>
  lenientText(intake, field, typeof value === 'string' ? value.toUpperCase() : value, limit);

/** Required ids are judged by the contract as given, optional ones are NULL with a mark when unusable. */
const idOf = (intake: Intake, field: string, value: unknown, required: boolean): string | null =>
  required ? requiredId(intake, field, value) : lenientId(intake, field, value, limits.id);

/** Finds and cleans the fields of an event of the shop's services, by the aliases of events.md 4. */
export const businessFieldsOf = (
  intake: Intake,
  known: KnownType | undefined,
  found: Aliased,
  correlationId: string | null,
): BusinessFields => {
  const canonical = known?.kind === 'domain' ? known.canonical : 'other';
  const ofReview = canonical.startsWith('review_');
  const ofOrder = canonical !== 'other' && !ofReview;
  // the entity of an order's event is the order
  const orderValue = found.order === undefined && ofOrder ? found.givenEntity : found.order;
  const needsProduct =
    canonical === 'review_created' ||
    (known?.kind === 'metric' && known.type === 'cart_action' && intake.origin.road === 'collector');
  return {
    user_id: lenientUser(intake, found.user),
    session_id: lenientSession(intake, found.session, correlationId),
    entity_id: lenientId(intake, 'entity_id', found.entity, limits.id),
    order_id: idOf(intake, 'order_id', orderValue, ofOrder),
    product_id: idOf(intake, 'product_id', found.product, needsProduct),
    review_id: idOf(intake, 'review_id', found.review, ofReview),
    amount: amountOf(intake, found.amount),
    currency: upper(intake, 'currency', found.currency, limits.currency),
    payment_method: upper(intake, 'payment_method', found.paymentMethod, limits.paymentMethod),
    status: upper(intake, 'status', found.status, limits.status),
    rating: ratingOf(intake, found.rating, ofReview),
    provider: lenientText(intake, 'provider', found.provider, limits.provider),
  };
};
