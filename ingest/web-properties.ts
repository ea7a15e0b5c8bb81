import { canonicalText } from './canonical-json.ts';
import type { WebType } from './event-types.ts';
import { objectOf } from './fields.ts';
import { retryKeys } from './identity.ts';
import type { Intake } from './intake.ts';
import {
  correlationKeys,
  givenEntityKeys,
  idKeys,
  orderKeys,
  productKeys,
  sessionKeys,
  typeKeys,
  userKeys,
} from './keys.ts';
import { find, isBlank } from './sections.ts';

/** A client's properties, with the fields that no contract knows. */
export interface WebProperties {
  readonly value: Record<string, unknown> | null;
  /** RFC 8785 text; null when there are none */
  readonly text: string | null;
}

const none: WebProperties = { value: null, text: null };

const always = [
  ...typeKeys,
  ...idKeys,
  ...userKeys,
  ...sessionKeys,
  ...correlationKeys,
  ...givenEntityKeys,
  // a retry stamps these anew: as properties they would make it a conflict
  ...retryKeys,
  'properties',
  'payload',
  'page_url',
  'service',
  'source',
  // nobody outside sets these
  'canonical_type',
  'is_bot',
  'is_seed',
];

const own: Readonly<Record<WebType, readonly string[]>> = {
  page_view: [
    ...productKeys,
    'referrer_url',
    'utm_source',
    'utm_medium',
    'utm_campaign',
    'time_on_prev_page',
    'time_on_prev_page_seconds',
    'load_time_ms',
  ],
  click: [...productKeys, 'element_id', 'x', 'y', 'viewport_w', 'viewport_h'],
  add_to_cart: [...productKeys, 'quantity', 'element_id'],
  begin_checkout: [...orderKeys, 'element_id'],
  scroll: ['scroll_depth_pct'],
  form_interaction: ['form_id', 'field_id', 'action', 'error_message', 'time_spent_ms'],
  search: ['query', 'results_count', 'filters'],
};

const knownKeys = (type: WebType, keyed: boolean): ReadonlySet<string> =>
  new Set([...always, ...own[type], ...(keyed && type === 'click' ? ['user_agent', 'ip_address'] : [])]);

const byType = (keyed: boolean): Readonly<Record<WebType, ReadonlySet<string>>> => ({
  page_view: knownKeys('page_view', keyed),
  click: knownKeys('click', keyed),
  add_to_cart: knownKeys('add_to_cart', keyed),
  begin_checkout: knownKeys('begin_checkout', keyed),
  scroll: knownKeys('scroll', keyed),
  form_interaction: knownKeys('form_interaction', keyed),
  search: knownKeys('search', keyed),
});

const publicKeys = byType(false);
const keyedKeys = byType(true);

/** In our own messages, properties too deep or too many for a body travel as text (ui-message.ts). */
const given = (intake: Intake): Record<string, unknown> | undefined => {
  const { properties } = intake.body;
  if (!intake.tracked || typeof properties !== 'string') return objectOf(intake, 'properties', properties);
  try {
    return objectOf(intake, 'properties', JSON.parse(properties));
  } catch {
    return objectOf(intake, 'properties', properties);
  }
};

const unknownFields = (
  intake: Intake,
  type: WebType,
  usedAsType: string | undefined,
): Record<string, unknown> | undefined => {
  const { body, origin } = intake;
  const known = (origin.road === 'track' || intake.tracked ? publicKeys : keyedKeys)[type];
  let unknown: Record<string, unknown> | undefined;
  for (const key in body) {
    if (known.has(key) || key === usedAsType || isBlank(body[key])) continue;
    // `id` is the event's id when nothing else is
    if (key === 'id' && find(intake.sections.envelope, idKeys) === undefined) continue;
    unknown ??= {};
    unknown[key] = body[key];
  }
  return unknown;
};

/**
 * `properties` and the unknown fields as one object. Where both name a key, `properties` has it (the payload
 * keeps both).
 * @param usedAsType the last-resort key (`name`, `action`) that the event's type was read from
 */
export const webPropertiesOf = (
  intake: Intake,
  type: WebType,
  usedAsType: string | undefined,
): WebProperties => {
  const properties = given(intake);
  const unknown = unknownFields(intake, type, usedAsType);
  if (properties === undefined && unknown === undefined) return none;
  const merged = unknown === undefined ? properties : { ...unknown, ...properties };
  if (merged === undefined || isEmpty(merged)) return none;
  return { value: merged, text: canonicalText(merged) };
};

const isEmpty = (object: Record<string, unknown>): boolean => {
  for (const _ in object) return false;
  return true;
};
