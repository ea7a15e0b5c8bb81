import { isObject } from './shape.ts';

type Fields = Record<string, unknown>;

/** The objects of a body in which a field may stand, in the order of events.md 4. */
export interface Sections {
  readonly all: readonly Fields[];
  readonly body: Fields;
  readonly meta: Fields | undefined;
  readonly event: Fields | undefined;
  readonly order: Fields | undefined;
  readonly review: Fields | undefined;
  /** body, meta, event: where the type and the id stand */
  readonly envelope: readonly Fields[];
  /** body, meta, data, event: where the time stands */
  readonly clocks: readonly Fields[];
  /** body, meta: where a web event's time stands */
  readonly webClocks: readonly Fields[];
}

const objectAt = (body: Fields, key: string): Fields | undefined => {
  const value = body[key];
  return isObject(value) ? value : undefined;
};

const present = (...objects: readonly (Fields | undefined)[]): readonly Fields[] =>
  objects.filter((object) => object !== undefined);

export const sectionsOf = (body: Fields): Sections => {
  const meta = objectAt(body, 'meta');
  const data = objectAt(body, 'data');
  const payload = objectAt(body, 'payload');
  const event = objectAt(body, 'event');
  const order = objectAt(body, 'order');
  const payment = objectAt(body, 'payment');
  const review = objectAt(body, 'review');
  const properties = objectAt(body, 'properties');
  const nested = meta ?? data ?? payload ?? event ?? order ?? payment ?? review ?? properties;
  if (nested === undefined || nested === properties) {
    const only = [body];
    const all = properties === undefined ? only : [body, properties];
    return { all, body, meta, event, order, review, envelope: only, clocks: only, webClocks: only };
  }
  return {
    all: present(body, meta, data, payload, event, order, payment, review, properties),
    body,
    meta,
    event,
    order,
    review,
    envelope: present(body, meta, event),
    clocks: present(body, meta, data, event),
    webClocks: present(body, meta),
  };
};

export const isBlank = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === 'string' && value.trim() === '');

/** Object by object, in each key by key: the first value that is not blank. */
export const find = (objects: readonly Fields[], keys: readonly string[]): unknown => {
  for (const object of objects) {
    for (const key of keys) {
      const value = object[key];
      if (value !== undefined && !isBlank(value)) return value;
    }
  }
  return undefined;
};

/** As `find`, with one object in which `id` counts after the keys: `order.id` is an order id. */
export const findWithOwnId = (
  objects: readonly Fields[],
  keys: readonly string[],
  own: Fields | undefined,
): unknown => {
  if (own === undefined) return find(objects, keys);
  for (const object of objects) {
    for (const key of keys) if (!isBlank(object[key])) return object[key];
    if (object === own && !isBlank(object.id)) return object.id;
  }
  return undefined;
};
