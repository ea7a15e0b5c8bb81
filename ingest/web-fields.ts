import { keepableIp } from './address.ts';
import { canonicalText } from './canonical-json.ts';
import { limits, type WebContract, type WebFields } from './contracts/web.ts';
import type { WebType } from './event-types.ts';
import {
  numberOf,
  optionalId,
  optionalText,
  percentOf,
  plainText,
  requiredId,
  requiredText,
  wholeNumberOf,
  withoutPersonalData,
} from './fields.ts';
import type { Intake } from './intake.ts';
import { orderKeys, productKeys, sessionKeys, userKeys } from './keys.ts';
import { find, findWithOwnId, isBlank } from './sections.ts';

/** Where the aliases of events.md 4 stand, save in our own messages: there the body's key is final. */
export const pick = (intake: Intake, field: string, keys: readonly string[]): unknown => {
  if (intake.tracked) {
    const own = intake.body[field];
    if (own !== undefined) return own;
  }
  return find(intake.sections.all, keys);
};

const userOf = (intake: Intake): string | null => {
  const value = pick(intake, 'user_id', userKeys);
  if (value === undefined || value === null) return null;
  return withoutPersonalData(intake, 'user_id', optionalId(intake, 'user_id', value, limits.id));
};

const sessionOf = (intake: Intake, contract: WebContract, correlationId: string | null): string | null => {
  const value = pick(intake, 'session_id', sessionKeys);
  if (contract === 'track') return requiredId(intake, 'session_id', value);
  if (isBlank(value)) return contract === 'collector' ? correlationId : null;
  return optionalId(intake, 'session_id', value, limits.id);
};

const filtersOf = (value: unknown): string | null => {
  if (isBlank(value)) return null;
  return typeof value === 'string' ? value.trim() : canonicalText(value);
};

const defaulted = (intake: Intake, fallback: string): unknown => {
  const { element_id } = intake.body;
  // our own message says NULL where a given id was too long
  if (intake.tracked && element_id === null) return null;
  return isBlank(element_id) ? fallback : element_id;
};

const addOwnFields = (intake: Intake, type: WebType, contract: WebContract, fields: WebFields): void => {
  const { body } = intake;
  switch (type) {
    case 'page_view':
      fields.product_id = optionalId(
        intake,
        'product_id',
        pick(intake, 'product_id', productKeys),
        limits.id,
      );
      fields.referrer_url = optionalText(intake, 'referrer_url', body.referrer_url, limits.url);
      fields.utm_source = optionalText(intake, 'utm_source', body.utm_source, limits.utm);
      fields.utm_medium = optionalText(intake, 'utm_medium', body.utm_medium, limits.utm);
      fields.utm_campaign = optionalText(intake, 'utm_campaign', body.utm_campaign, limits.utm);
      fields.time_on_prev_page_seconds = wholeNumberOf(
        intake,
        'time_on_prev_page_seconds',
        isBlank(body.time_on_prev_page_seconds) ? body.time_on_prev_page : body.time_on_prev_page_seconds,
      );
      fields.load_time_ms = wholeNumberOf(intake, 'load_time_ms', body.load_time_ms);
      return;
    case 'click':
      fields.product_id = optionalId(
        intake,
        'product_id',
        pick(intake, 'product_id', productKeys),
        limits.id,
      );
      fields.element_id =
        contract === 'collector'
          ? optionalId(intake, 'element_id', body.element_id, limits.elementId)
          : requiredId(intake, 'element_id', body.element_id);
      fields.x = wholeNumberOf(intake, 'x', body.x);
      fields.y = wholeNumberOf(intake, 'y', body.y);
      fields.viewport_w = wholeNumberOf(intake, 'viewport_w', body.viewport_w);
      fields.viewport_h = wholeNumberOf(intake, 'viewport_h', body.viewport_h);
      if (contract === 'track' || intake.tracked) return;
      fields.user_agent = optionalText(intake, 'user_agent', body.user_agent, limits.userAgent);
      fields.ip_address = keepableIp(plainText(body.ip_address), intake.storeIp);
      return;
    case 'add_to_cart':
      fields.product_id = requiredId(intake, 'product_id', pick(intake, 'product_id', productKeys));
      fields.quantity = isBlank(body.quantity) ? 1 : numberOf(intake, 'quantity', body.quantity);
      fields.element_id = optionalId(
        intake,
        'element_id',
        defaulted(intake, 'btn_add_to_cart'),
        limits.elementId,
      );
      return;
    case 'begin_checkout': {
      const { sections, tracked } = intake;
      const order =
        tracked && body.order_id !== undefined
          ? body.order_id
          : findWithOwnId(sections.all, orderKeys, sections.order);
      fields.order_id = optionalId(intake, 'order_id', order, limits.id);
      fields.element_id = optionalId(
        intake,
        'element_id',
        defaulted(intake, 'btn_checkout'),
        limits.elementId,
      );
      return;
    }
    case 'scroll':
      fields.scroll_depth_pct = percentOf(intake, 'scroll_depth_pct', body.scroll_depth_pct);
      return;
    case 'form_interaction':
      fields.form_id = optionalId(intake, 'form_id', body.form_id, limits.elementId);
      fields.field_id = optionalId(intake, 'field_id', body.field_id, limits.elementId);
      fields.action = optionalText(intake, 'action', body.action, limits.action);
      fields.error_message = optionalText(intake, 'error_message', body.error_message, limits.errorMessage);
      fields.time_spent_ms = wholeNumberOf(intake, 'time_spent_ms', body.time_spent_ms);
      return;
    case 'search':
      fields.query = optionalText(intake, 'query', body.query, limits.query);
      fields.results_count = wholeNumberOf(intake, 'results_count', body.results_count);
      fields.filters = filtersOf(body.filters);
      return;
  }
};

/** Finds and cleans the fields of a web event; what is wrong with them joins the intake's issues and marks. */
export const webFieldsOf = (
  intake: Intake,
  type: WebType,
  contract: WebContract,
  correlationId: string | null,
): WebFields => {
  const fields: WebFields = {
    session_id: sessionOf(intake, contract, correlationId),
    user_id: userOf(intake),
    page_url: requiredText(intake, 'page_url', intake.body.page_url),
    product_id: null,
    referrer_url: null,
    utm_source: null,
    utm_medium: null,
    utm_campaign: null,
    time_on_prev_page_seconds: null,
    load_time_ms: null,
    element_id: null,
    x: null,
    y: null,
    viewport_w: null,
    viewport_h: null,
    user_agent: null,
    ip_address: null,
    quantity: null,
    order_id: null,
    scroll_depth_pct: null,
    form_id: null,
    field_id: null,
    action: null,
    error_message: null,
    time_spent_ms: null,
    query: null,
    results_count: null,
    filters: null,
  };
  addOwnFields(intake, type, contract, fields);
  return fields;
};
