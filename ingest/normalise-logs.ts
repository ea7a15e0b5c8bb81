import { randomUUID } from 'node:crypto';
import { keepableIp } from './address.ts';
import { lenientSession, lenientUser, namedService } from './business-fields.ts';
import { canonicalText } from './canonical-json.ts';
import { type Clocks, clocksOf, isInRange } from './clocks.ts';
import { judgeBy } from './contracts/issues.ts';
import { apiRequestContract, dbQueryContract, logLimits as limits } from './contracts/logs.ts';
import { correlationOf } from './correlation.ts';
import type { AnalyticsEvent, CommonRow, Scope, TypedRow } from './event.ts';
import { givenId } from './event-id.ts';
import type { KnownType } from './event-types.ts';
import { optionalId, optionalText, plainText, requiredText, wholeNumberOf } from './fields.ts';
import { contentHashOfBody, fingerprintOf, idFromFields, idFromMessage } from './identity.ts';
import type { Intake } from './intake.ts';
import { sessionKeys, userKeys } from './keys.ts';
import { type Refusal, refuseInvalid, refuseOutOfRange } from './refusal.ts';
import { metaOf, peerFacts } from './row-meta.ts';
import { scopeOf } from './scope.ts';
import { find } from './sections.ts';
import { isSeed } from './seeds.ts';

export type Log = Extract<KnownType, { kind: 'api_request_log' | 'db_query_perf' }>;

const whole = (intake: Intake, field: string): number | null =>
  wholeNumberOf(intake, field, intake.body[field]);

const apiFields = (intake: Intake, correlation_id: string | null) => ({
  service: namedService(intake),
  endpoint: requiredText(intake, 'endpoint', intake.body.endpoint),
  method: requiredText(intake, 'method', intake.body.method),
  status_code: whole(intake, 'status_code'),
  response_time_ms: whole(intake, 'response_time_ms'),
  correlation_id,
  request_size_bytes: whole(intake, 'request_size_bytes'),
  response_size_bytes: whole(intake, 'response_size_bytes'),
  ip_address: keepableIp(plainText(intake.body.ip_address), intake.storeIp),
  user_agent: optionalText(intake, 'user_agent', intake.body.user_agent, limits.userAgent),
});

const dbFields = (intake: Intake) => ({
  service: namedService(intake),
  database_name: optionalText(intake, 'database_name', intake.body.database_name, limits.name),
  query_type: optionalText(intake, 'query_type', intake.body.query_type, limits.queryType),
  table_name: optionalText(intake, 'table_name', intake.body.table_name, limits.name),
  execution_time_ms: whole(intake, 'execution_time_ms'),
  rows_affected: whole(intake, 'rows_affected'),
  query_hash: optionalId(intake, 'query_hash', intake.body.query_hash, limits.queryHash),
});

const madeId = (
  intake: Intake,
  scope: Scope,
  typed: Readonly<Record<string, unknown>>,
  clocks: Clocks,
): { readonly id: string; readonly alwaysNew: boolean } => {
  const { origin, body } = intake;
  if (origin.road === 'amqp') {
    return { id: idFromMessage(origin.routingKey, origin.messageId, body), alwaysNew: false };
  }
  if (clocks.asSent === undefined) return { id: intake.madeId ?? randomUUID(), alwaysNew: true };
  const fields = canonicalText({ ...typed, time_as_sent: clocks.asSent });
  return { id: idFromFields(scope, 'other', fields), alwaysNew: false };
};

type ApiFields = ReturnType<typeof apiFields>;
type DbFields = ReturnType<typeof dbFields>;
type Own =
  | { readonly kind: 'api'; readonly fields: ApiFields }
  | { readonly kind: 'db'; readonly fields: DbFields };

const typedRow = (common: CommonRow, own: Own): TypedRow => {
  // the contract has refused a NULL in these
  if (own.kind === 'api') {
    const { service, endpoint, method, status_code, response_time_ms, ...rest } = own.fields;
    return {
      table: 'api_request_logs',
      row: {
        ...common,
        service: service ?? '',
        endpoint: endpoint ?? '',
        method: method ?? '',
        status_code: status_code ?? 0,
        response_time_ms: response_time_ms ?? 0,
        ...rest,
      },
    };
  }
  const { service, execution_time_ms, ...rest } = own.fields;
  return {
    table: 'db_query_perf',
    row: { ...common, service: service ?? '', execution_time_ms: execution_time_ms ?? 0, ...rest },
  };
};

/** A request log or a query measurement to its row. */
export const normaliseLog = (intake: Intake, known: Log, raw: string): AnalyticsEvent | Refusal => {
  const scope = scopeOf(intake, raw);
  const given = givenId(intake, scope);
  const clocks = clocksOf(intake, false);
  const correlationId = correlationOf(intake);
  const own: Own =
    known.kind === 'api_request_log'
      ? { kind: 'api', fields: apiFields(intake, correlationId) }
      : { kind: 'db', fields: dbFields(intake) };
  const user_id = lenientUser(intake, find(intake.sections.all, userKeys));
  const session_id = lenientSession(intake, find(intake.sections.all, sessionKeys), correlationId);
  judgeBy(intake, own.kind === 'api' ? apiRequestContract : dbQueryContract, own.fields);
  if (intake.issues !== undefined || clocks.event === undefined) {
    return refuseInvalid(intake, known, raw, { given, clocks, scope });
  }

  const contentHash = contentHashOfBody(intake.body);
  const typed = { ...own.fields, event_type: known.kind, session_id, user_id };
  const made = given === undefined ? madeId(intake, scope, typed, clocks) : undefined;
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
  const common: CommonRow = {
    event_id: eventId,
    event_timestamp: time,
    client_timestamp: clocks.client,
    received_at: intake.receivedAt,
    session_id,
    user_id,
    source: intake.source,
    canonical_type: 'other',
    is_bot: 0,
    is_seed: isSeed(intake),
    payload: intake.text,
    meta: metaOf(intake, { userAgent: peer.userAgent, ip: peer.ip, correlationId, entityId: null }, clocks),
  };
  return { ...typedRow(common, own), fingerprint, contentHash, scope, alwaysNew };
};
