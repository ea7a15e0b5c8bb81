import { businessLimits as limits } from './contracts/business.ts';
import type { BusinessRow } from './event.ts';
import { type KnownType, serviceOfType } from './event-types.ts';
import { lenientId, lenientText, plainText, requiredId, withoutPersonalData } from './fields.ts';
import { addIssue, addMark, type Intake } from './intake.ts';
import {
  amountKeys,
  collectorServiceKeys,
  currencyKeys,
  entityKeys,
  givenEntityKeys,
  orderKeys,
  paymentMethodKeys,
  productKeys,
  providerKeys,
  ratingKeys,
  reviewKeys,
  serviceKeys,
  sessionKeys,
  statusKeys,
  userKeys,
} from './keys.ts';
import { centsOf } from './money.ts';
import { find, findWithOwnId, isBlank } from './sections.ts';

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
export const serviceOf = (intake: Intake, raw: string): string => {
  const named = namedService(intake);
  if (named === null) return serviceOfType(raw);
  return lenientText(intake, 'service', named, limits.service) ?? serviceOfType(raw);
};

export const lenientUser = (intake: Intake): string | null =>
  withoutPersonalData(
    intake,
    'user_id',
    lenientId(intake, 'user_id', find(intake.sections.all, userKeys), limits.id),
  );

/** Over the collector the correlation id stands in for a session that is not named. */
export const lenientSession = (intake: Intake, correlationId: string | null): string | null => {
  const given = find(intake.sections.all, sessionKeys);
  if (given === undefined) return intake.origin.road === 'collector' ? correlationId : null;
  return lenientId(intake, 'session_id', given, limits.id);
};

const amountOf = (intake: Intake): number | null => {
  const value = find(intake.sections.all, amountKeys);
  if (value === undefined) return null;
  const cents = centsOf(value);
  if (cents !== undefined) return cents;
  addIssue(intake, 'amount', 'invalid_amount', 'expected a number from 0 to 9999999999.99');
  return null;
};

const wholeText = /^\d+$/;

/** Of a review it must be right, so the contract sees what was given; elsewhere a `score` may be anything. */
const ratingOf = (intake: Intake, review: boolean): number | null => {
  const value = find(intake.sections.all, ratingKeys);
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

const optional = (intake: Intake, field: string, keys: readonly string[], limit: number): string | null =>
  lenientText(intake, field, find(intake.sections.all, keys), limit);

/** Upper case first: it can be longer than what it came from. */
const upper = (intake: Intake, field: string, keys: readonly string[], limit: number): string | null => {
  const value = find(intake.sections.all, keys);
  return lenientText(intake, field, typeof value === 'string' ? value.toUpperCase() : value, limit);
};

/** Required ids are judged by the contract as given, optional ones are NULL with a mark when unusable. */
const idOf = (intake: Intake, field: string, value: unknown, required: boolean): string | null =>
  required ? requiredId(intake, field, value) : lenientId(intake, field, value, limits.id);

/** Finds and cleans the fields of an event of the shop's services, by the aliases of events.md 4. */
export const businessFieldsOf = (
  intake: Intake,
  known: KnownType | undefined,
  correlationId: string | null,
): BusinessFields => {
  const { sections } = intake;
  const { all, order, review } = sections;
  const canonical = known?.kind === 'domain' ? known.canonical : 'other';
  const ofReview = canonical.startsWith('review_');
  const ofOrder = canonical !== 'other' && !ofReview;
  const namedOrder = findWithOwnId(all, orderKeys, order);
  // the entity of an order's event is the order
  const orderValue = isBlank(namedOrder) && ofOrder ? find(all, givenEntityKeys) : namedOrder;
  const needsProduct =
    canonical === 'review_created' ||
    (known?.kind === 'metric' && known.type === 'cart_action' && intake.origin.road === 'collector');
  return {
    user_id: lenientUser(intake),
    session_id: lenientSession(intake, correlationId),
    entity_id: lenientId(intake, 'entity_id', entityOf(intake), limits.id),
    order_id: idOf(intake, 'order_id', orderValue, ofOrder),
    product_id: idOf(intake, 'product_id', find(all, productKeys), needsProduct),
    review_id: idOf(intake, 'review_id', findWithOwnId(all, reviewKeys, review), ofReview),
    amount: amountOf(intake),
    currency: upper(intake, 'currency', currencyKeys, limits.currency),
    payment_method: upper(intake, 'payment_method', paymentMethodKeys, limits.paymentMethod),
    status: upper(intake, 'status', statusKeys, limits.status),
    rating: ratingOf(intake, ofReview),
    provider: optional(intake, 'provider', providerKeys, limits.provider),
  };
};

/** entity_id, else the ids in their order; `id` in `order` and `review` counts as theirs. */
const entityOf = (intake: Intake): unknown => {
  const { all, order, review } = intake.sections;
  for (const object of all) {
    const named = find([object], entityKeys);
    if (named !== undefined) return named;
    if ((object === order || object === review) && !isBlank(object.id)) return object.id;
  }
  return undefined;
};
