import { randomUUID } from 'node:crypto';
import { keepableIp } from './address.ts';
import { aliasedOf } from './alias-index.ts';
import { type BusinessFields, businessFieldsOf, serviceOf } from './business-fields.ts';
import { canonicalText } from './canonical-json.ts';
import { type Clocks, clocksOf, isInRange } from './clocks.ts';
import {
  domainContracts,
  eventTypeContract,
  metricContracts,
  serviceContract,
} from './contracts/business.ts';
import { judgeBy } from './contracts/issues.ts';
import { correlationOf } from './correlation.ts';
import type { AnalyticsEvent, BusinessRow, CanonicalType, Scope } from './event.ts';
import { givenId } from './event-id.ts';
import type { KnownType, MetricType } from './event-types.ts';
import { numberOf, plainText } from './fields.ts';
import { contentHashOfBody, fingerprintOf, idFromFields, idFromMessage } from './identity.ts';
import type { Intake } from './intake.ts';
import { type ItemFields, itemsOf } from './items.ts';
import { type Refusal, refuseInvalid, refuseOutOfRange } from './refusal.ts';
import { metaOf, peerFacts } from './row-meta.ts';
import { scopeOf } from './scope.ts';
import { isSeed } from './seeds.ts';

export type Business = Extract<KnownType, { kind: 'domain' | 'metric' }>;

const metricNumber = (intake: Intake, field: string): number | null =>
  numberOf(intake, field, intake.body[field]);
const metricText = (intake: Intake, field: string): string | null => plainText(intake.body[field]) ?? null;

/** A metric event's own fields stand in its payload; here they are only judged. */
const judgeMetric = (intake: Intake, type: MetricType, fields: BusinessFields): void =>
  judgeBy(intake, metricContracts[type], {
    metric_name: metricText(intake, 'metric_name'),
    metric_value: type === 'performance' ? metricNumber(intake, 'metric_value') : null,
    action: metricText(intake, 'action'),
    stage: metricText(intake, 'stage'),
    message: metricText(intake, 'message'),
    product_id: fields.product_id,
  });

const judge = (
  intake: Intake,
  known: Business | undefined,
  raw: string,
  fields: BusinessFields,
  service: string | null,
): void => {
  judgeBy(intake, eventTypeContract, { event_type: raw });
  if (known?.kind === 'domain') {
    const contract = domainContracts[known.canonical];
    if (contract !== undefined) judgeBy(intake, contract, fields);
  }
  if (intake.origin.road !== 'collector') return;
  if (known?.kind === 'metric') judgeMetric(intake, known.type, fields);
  if (service !== null) judgeBy(intake, serviceContract, { service });
};

interface MadeId {
  readonly id: string;
  readonly alwaysNew: boolean;
}

/** The typed columns and items, with the client's own time as sent, of an HTTP event that has a time and no id. */
const madeId = (
  intake: Intake,
  scope: Scope,
  canonical: CanonicalType,
  typed: Readonly<Record<string, unknown>>,
  clocks: Clocks,
): MadeId => {
  const { origin, body } = intake;
  if (origin.road === 'amqp') {
    return { id: idFromMessage(origin.routingKey, origin.messageId, body), alwaysNew: false };
  }
  if (clocks.asSent === undefined) return { id: intake.madeId ?? randomUUID(), alwaysNew: true };
  const fields = canonicalText({ ...typed, time_as_sent: clocks.asSent });
  return { id: idFromFields(scope, canonical, fields), alwaysNew: false };
};

const withIds = (items: readonly ItemFields[], event_id: string, order_id: string | null) =>
  items.map((item) => ({
    event_id,
    line_number: item.line_number,
    order_id,
    product_id: item.product_id,
    quantity: item.quantity,
    unit_price: item.unit_price,
    line_total: item.line_total,
  }));

/** The collector's metric events are the web shop's unless they say otherwise. */
const defaultService = (
  intake: Intake,
  known: Business | undefined,
  named: string | null,
  raw: string,
): string =>
  known?.kind === 'metric' && intake.origin.road === 'collector' && named === null
    ? 'web'
    : serviceOf(intake, named, raw);

/** An event of the shop's services, or of a kind that no rule knows, to its business row and its items. */
export const normaliseBusiness = (
  intake: Intake,
  known: Business | undefined,
  raw: string,
): AnalyticsEvent | Refusal => {
  const scope = scopeOf(intake, raw);
  const given = givenId(intake, scope);
  const clocks = clocksOf(intake, false);
  const found = aliasedOf(intake.sections, intake.origin.road !== 'collector');
  const correlationId = correlationOf(intake, found);
  const fields = businessFieldsOf(intake, known, found, correlationId);
  const items = itemsOf(intake, found.items);
  const named = plainText(found.service) ?? null;
  judge(intake, known, raw, fields, named);
  if (intake.issues !== undefined || clocks.event === undefined) {
    return refuseInvalid(intake, known, raw, { given, clocks, scope });
  }

  const canonical = known?.kind === 'domain' ? known.canonical : 'other';
  const service = defaultService(intake, known, named, raw);
  const contentHash = contentHashOfBody(intake.body);
  const made =
    given === undefined
      ? madeId(
          intake,
          scope,
          canonical,
          { ...fields, correlation_id: correlationId, event_type: raw, items, service },
          clocks,
        )
      : undefined;
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
  const row: BusinessRow = {
    event_id: eventId,
    event_timestamp: time,
    client_timestamp: clocks.client,
    received_at: intake.receivedAt,
    session_id: fields.session_id,
    user_id: fields.user_id,
    source: intake.source,
    canonical_type: canonical,
    is_bot: 0,
    is_seed: isSeed(intake),
    payload: intake.text,
    meta: metaOf(intake, { userAgent: peer.userAgent, ip: peer.ip, correlationId, entityId: null }, clocks),
    service,
    event_type: raw,
    entity_id: fields.entity_id,
    correlation_id: correlationId,
    order_id: fields.order_id,
    product_id: fields.product_id,
    review_id: fields.review_id,
    amount: fields.amount,
    currency: fields.currency,
    payment_method: fields.payment_method,
    status: fields.status,
    rating: fields.rating,
    provider: fields.provider,
  };
  return {
    table: 'business_events',
    row,
    items: withIds(items, eventId, fields.order_id),
    fingerprint,
    contentHash,
    scope,
    alwaysNew,
  };
};
