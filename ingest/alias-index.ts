import {
  amountKeys,
  correlationKeys,
  currencyKeys,
  entityKeys,
  givenEntityKeys,
  itemsKeys,
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
import { isBlank, type Sections } from './sections.ts';

const searched = {
  service: serviceKeys,
  user: userKeys,
  session: sessionKeys,
  /** entity_id, else the ids in their order; `id` in `order` and `review` counts as theirs */
  entity: entityKeys,
  givenEntity: givenEntityKeys,
  order: orderKeys,
  product: productKeys,
  review: reviewKeys,
  amount: amountKeys,
  currency: currencyKeys,
  status: statusKeys,
  paymentMethod: paymentMethodKeys,
  rating: ratingKeys,
  provider: providerKeys,
  correlation: correlationKeys,
  /** the first list that has lines */
  items: itemsKeys,
} as const;

/** What stands under each field's aliases in an event of the shop's services (events.md 4); never blank. */
export type Aliased = Readonly<Record<keyof typeof searched, unknown>>;

interface Place {
  readonly field: number;
  /** in its field's keys */
  readonly rank: number;
}

const names = Object.keys(searched) as (keyof typeof searched)[];
const at = Object.fromEntries(names.map((name, field) => [name, field])) as Record<
  (typeof names)[number],
  number
>;
/** above every rank: `id` comes after the keys, and an object after the ones before it */
const ownIdRank = 62;
const ranksOfObject = 64;
const beyondAll = 1_000_000;

const placesOf = new Map<string, Place[]>();
for (const [field, name] of names.entries()) {
  for (const [rank, key] of searched[name].entries()) {
    const place = { field, rank };
    const known = placesOf.get(key);
    if (known === undefined) placesOf.set(key, [place]);
    else known.push(place);
  }
}
const ownId = (field: number): readonly Place[] => [
  { field, rank: ownIdRank },
  { field: at.entity, rank: ownIdRank },
];
const ownOrderId = ownId(at.order);
const ownReviewId = ownId(at.review);

/**
 * As `find` and `findWithOwnId` for each field: object by object, in each key by key, the first value that is
 * not blank. One pass over the keys that are there, since asking for the hundred that may be costs far more.
 * @param sourceNamesService not over the collector, whose `source` is web, mobile, gateway or service
 */
export const aliasedOf = (sections: Sections, sourceNamesService: boolean): Aliased => {
  const values: unknown[] = new Array(names.length).fill(undefined);
  const ranks: number[] = new Array(names.length).fill(beyondAll);
  let first = 0;
  for (const object of sections.all) {
    const ofId =
      object === sections.order ? ownOrderId : object === sections.review ? ownReviewId : undefined;
    for (const key in object) {
      const places = key === 'id' ? ofId : placesOf.get(key);
      if (places === undefined || (key === 'source' && !sourceNamesService)) continue;
      const value = object[key];
      if (isBlank(value)) continue;
      for (const { field, rank } of places) {
        if (first + rank >= (ranks[field] ?? 0)) continue;
        if (field === at.items && !(Array.isArray(value) && value.length > 0)) continue;
        ranks[field] = first + rank;
        values[field] = value;
      }
    }
    first += ranksOfObject;
  }
  return {
    service: values[at.service],
    user: values[at.user],
    session: values[at.session],
    entity: values[at.entity],
    givenEntity: values[at.givenEntity],
    order: values[at.order],
    product: values[at.product],
    review: values[at.review],
    amount: values[at.amount],
    currency: values[at.currency],
    status: values[at.status],
    paymentMethod: values[at.paymentMethod],
    rating: values[at.rating],
    provider: values[at.provider],
    correlation: values[at.correlation],
    items: values[at.items],
  };
};
