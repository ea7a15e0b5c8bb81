import { randomUUID } from 'node:crypto';
import { keepableIp } from './address.ts';
import { isBotAgent } from './bots.ts';
import { type Clocks, clocksOf, isInRange } from './clocks.ts';
import { judgeBy } from './contracts/issues.ts';
import { limits, type WebContract, webContracts } from './contracts/web.ts';
import { correlationOf } from './correlation.ts';
import type { AnalyticsEvent, CanonicalType, Flag, Scope, WebRow } from './event.ts';
import { givenId } from './event-id.ts';
import type { KnownType, WebType } from './event-types.ts';
import { lenientId } from './fields.ts';
import { fingerprintOf, foldId, idFromFields, idFromMessage, sha256 } from './identity.ts';
import { addMark, type Intake } from './intake.ts';
import { givenEntityKeys } from './keys.ts';
import { pagePathOf, productOfPath } from './page-path.ts';
import { type Refusal, refuseInvalid, refuseOutOfRange } from './refusal.ts';
import { metaOf, peerFacts } from './row-meta.ts';
import { scopeOf } from './scope.ts';
import { isSeed } from './seeds.ts';
import { webContentOf } from './web-content.ts';
import { pick, webFieldsOf } from './web-fields.ts';
import { type WebProperties, webPropertiesOf } from './web-properties.ts';

type Web = Extract<KnownType, { kind: 'web' }>;

const promotions: Readonly<Record<string, CanonicalType>> = {
  add_to_cart: 'add_to_cart',
  begin_checkout: 'begin_checkout',
  checkout_started: 'begin_checkout',
};

/** A click may say that it was a cart or checkout step; it never becomes a purchase. */
const canonicalOf = (type: WebType, properties: WebProperties): CanonicalType => {
  if (type !== 'click' || properties.value === null) return type;
  const { interaction_type } = properties.value;
  if (typeof interaction_type !== 'string') return type;
  const said = interaction_type.trim().toLowerCase();
  return (Object.hasOwn(promotions, said) ? promotions[said] : undefined) ?? type;
};

const contractOf = (intake: Intake): WebContract => {
  const { road } = intake.origin;
  if (road === 'amqp') return 'ui';
  return road;
};

const botOf = (intake: Intake): Flag => {
  const { origin, sections, tracked } = intake;
  switch (origin.road) {
    case 'collector':
      return 0;
    case 'track':
      return !origin.local && isBotAgent(origin.userAgent) ? 1 : 0;
    case 'amqp': {
      const { meta } = sections;
      if (meta === undefined) return 0;
      if (tracked && meta.is_bot !== undefined) return meta.is_bot === true || meta.is_bot === 1 ? 1 : 0;
      return typeof meta.user_agent === 'string' && isBotAgent(meta.user_agent) ? 1 : 0;
    }
  }
};

const hasProductColumn = (type: WebType): boolean =>
  type === 'page_view' || type === 'click' || type === 'add_to_cart';

const productOf = (intake: Intake, type: WebType, given: string | null, path: string): string | null => {
  if (given !== null || !hasProductColumn(type)) return given;
  // given and unusable, or final in our own message: the path must not fill it in
  if (intake.marks?.product_id !== undefined) return null;
  if (intake.tracked && intake.body.product_id !== undefined) return null;
  const product = productOfPath(path);
  if (product === null || product.length <= limits.id) return product === null ? null : foldId(product);
  addMark(intake, 'product_id', 'too_long');
  return null;
};

interface MadeId {
  readonly id: string;
  readonly alwaysNew: boolean;
}

const madeId = (
  intake: Intake,
  scope: Scope,
  canonical: CanonicalType,
  content: string,
  clocks: Clocks,
): MadeId => {
  const { origin, body } = intake;
  if (origin.road === 'amqp') {
    return { id: idFromMessage(origin.routingKey, origin.messageId, body), alwaysNew: false };
  }
  if (clocks.asSent === undefined) return { id: intake.madeId ?? randomUUID(), alwaysNew: true };
  // the key sorts after every field of the content: still RFC 8785
  const fields = `${content.slice(0, -1)},"z_time_as_sent":${JSON.stringify(clocks.asSent)}}`;
  return { id: idFromFields(scope, canonical, fields), alwaysNew: false };
};

/** A web event of any road to its row, or to the reason why it is none. */
export const normaliseWeb = (
  intake: Intake,
  known: Web,
  raw: string,
  usedAsType: string | undefined,
): AnalyticsEvent | Refusal => {
  const { type, table } = known;
  const contract = contractOf(intake);
  const scope = scopeOf(intake, raw);
  const given = givenId(intake, scope);
  const clocks = clocksOf(intake, true);
  const correlationId = correlationOf(intake);
  const properties = webPropertiesOf(intake, type, usedAsType);
  const fields = webFieldsOf(intake, type, contract, correlationId);
  judgeBy(intake, webContracts[contract][type], fields);
  const { page_url } = fields;
  if (intake.issues !== undefined || clocks.event === undefined || page_url === null) {
    return refuseInvalid(intake, known, raw, { given, clocks, scope });
  }

  const path = pagePathOf(page_url);
  fields.product_id = productOf(intake, type, fields.product_id, path);
  const canonical = canonicalOf(type, properties);
  const content = webContentOf(type, canonical, fields, properties.text);
  const contentHash = sha256(content);
  const made = given === undefined ? madeId(intake, scope, canonical, content, clocks) : undefined;
  const eventId = given ?? made?.id ?? '';
  const alwaysNew = made?.alwaysNew ?? false;
  const time = alwaysNew ? clocks.event + intake.ordinal : clocks.event;
  const fingerprint = fingerprintOf(scope, eventId);
  if (!isInRange(time, intake.receivedAt)) {
    return refuseOutOfRange(intake, known, raw, time, {
      given: eventId,
      clocks,
      scope,
      fingerprint,
      contentHash,
      alwaysNew,
    });
  }

  const peer = peerFacts(intake, (ip) => keepableIp(ip, intake.storeIp));
  const entityId = lenientId(intake, 'entity_id', pick(intake, 'entity_id', givenEntityKeys), limits.id);
  const isClick = type === 'click';
  const row: WebRow = {
    event_id: eventId,
    event_timestamp: time,
    client_timestamp: clocks.client,
    received_at: intake.receivedAt,
    session_id: fields.session_id,
    user_id: fields.user_id,
    source: intake.source,
    canonical_type: canonical,
    is_bot: botOf(intake),
    is_seed: isSeed(intake),
    payload: intake.text,
    meta: metaOf(intake, { userAgent: peer.userAgent, ip: peer.ip, correlationId, entityId }, clocks),
    page_url,
    page_path: path,
    product_id: fields.product_id,
    properties: properties.text,
    referrer_url: fields.referrer_url,
    utm_source: fields.utm_source,
    utm_medium: fields.utm_medium,
    utm_campaign: fields.utm_campaign,
    time_on_prev_page_seconds: fields.time_on_prev_page_seconds,
    load_time_ms: fields.load_time_ms,
    element_id: fields.element_id,
    x: fields.x,
    y: fields.y,
    viewport_w: fields.viewport_w,
    viewport_h: fields.viewport_h,
    user_agent: isClick ? (fields.user_agent ?? (contract === 'collector' ? null : peer.userAgent)) : null,
    ip_address: isClick ? (fields.ip_address ?? (contract === 'collector' ? null : peer.ip)) : null,
    quantity: fields.quantity,
    order_id: fields.order_id,
    scroll_depth_pct: fields.scroll_depth_pct,
    form_id: fields.form_id,
    field_id: fields.field_id,
    action: fields.action,
    error_message: fields.error_message,
    time_spent_ms: fields.time_spent_ms,
    query: fields.query,
    results_count: fields.results_count,
    filters: fields.filters,
  };
  return { table, row, fingerprint, contentHash, scope, alwaysNew };
};
