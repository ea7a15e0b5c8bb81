import { randomUUID } from 'node:crypto';
import { keepableIp, type StoreIp } from './address.ts';
import type { Undecodable } from './decode.ts';
import type { Origin } from './delivery.ts';
import type { AnalyticsEvent, DeadLetter, DeadLetterReason, DeliveredBy, Issue, Stage } from './event.ts';
import { countedConcern } from './event-types.ts';
import { sha256 } from './identity.ts';
import { isObject } from './shape.ts';
import { cutText } from './text.ts';

const mostIssues = 20;
const mostDetailBytes = 4_096;
const longestMessage = 200;
const longestPath = 100;

/** At most 20 issues, none longer than a sender needs. */
export const boundedIssues = (issues: readonly Issue[]): readonly Issue[] =>
  issues.slice(0, mostIssues).map(({ path, code, message }) => ({
    path: cutText(path, longestPath),
    code,
    message: cutText(message, longestMessage),
  }));

/** JSON of the facts and as many of the issues as 4 KB hold. */
const detailOf = (facts: Readonly<Record<string, unknown>>, issues: readonly Issue[]): string => {
  for (let kept = issues.length; kept > 0; kept -= 1) {
    const detail = JSON.stringify({ ...facts, issues: issues.slice(0, kept) });
    if (Buffer.byteLength(detail) <= mostDetailBytes) return detail;
  }
  return JSON.stringify(facts);
};

/** Clocks and identity of an event, as far as they were known when it failed. ms. */
export interface KnownFacts {
  readonly eventId?: string | undefined;
  readonly clientTimestamp?: number | undefined;
  readonly sentAt?: number | undefined;
  readonly eventTimestamp?: number | undefined;
  readonly fingerprint?: string | undefined;
  readonly contentHash?: string | undefined;
}

const longestAgent = 500;

/** What the transport knew, as far as it may be stored: enough to judge a replay as if received then. */
const peerOf = (origin: Origin, ip: string | null, userAgent: string | null): Record<string, unknown> => {
  switch (origin.road) {
    case 'track':
      return {
        road: 'track',
        typed_route: origin.typedRoute,
        user_agent: origin.userAgent === undefined ? undefined : cutText(origin.userAgent, longestAgent),
        ip_address: ip ?? undefined,
        local: origin.local,
      };
    case 'collector':
      return {
        road: 'collector',
        user_agent: origin.userAgent === undefined ? undefined : cutText(origin.userAgent, longestAgent),
        ip_address: ip ?? undefined,
      };
    case 'amqp':
      return {
        road: 'amqp',
        routing_key: origin.routingKey,
        message_id: origin.messageId,
        correlation_id: origin.correlationId,
        amqp_timestamp: origin.timestamp,
        app_id: origin.appId,
        traceparent: origin.traceparent,
        redelivered: origin.redelivered,
        user_agent: userAgent ?? undefined,
        ip_address: ip ?? undefined,
      };
  }
};

const contextOf = ({
  origin,
  ip,
  userAgent = null,
  facts,
  payload,
  alwaysNew,
  concerns,
}: LetterParts): string =>
  JSON.stringify({
    ...peerOf(origin, ip, userAgent),
    event_id: facts.eventId,
    event_timestamp: facts.eventTimestamp,
    client_timestamp: facts.clientTimestamp,
    sent_at: facts.sentAt,
    fingerprint: facts.fingerprint,
    content_hash: facts.contentHash,
    always_new: alwaysNew || undefined,
    payload_encoding: payload.encoding,
    payload_sha256: payload.sha256,
    payload_whole_length: payload.wholeLength,
    concerns: concerns === undefined ? undefined : countedConcern(concerns),
  });

export interface LetterPayload {
  readonly text: string;
  readonly encoding: 'utf8' | 'base64';
  /** hex, of the payload's bytes (of the whole message where the payload is its beginning) */
  readonly sha256: string;
  readonly wholeLength?: number | undefined;
}

export const payloadOfText = (text: string): LetterPayload => ({
  text,
  encoding: 'utf8',
  sha256: sha256(text),
});

export interface LetterParts {
  readonly stage: Stage;
  readonly reason: DeadLetterReason;
  readonly issues: readonly Issue[];
  /** further facts for `detail` */
  readonly detail?: Readonly<Record<string, unknown>>;
  readonly origin: Origin;
  readonly via: DeliveredBy;
  /** ms */
  readonly receivedAt: number;
  readonly payload: LetterPayload;
  /** the peer's address as far as STORE_IP allows */
  readonly ip: string | null;
  /** that an AMQP message names in its meta, cut; HTTP's is the origin's own */
  readonly userAgent?: string | null;
  readonly facts: KnownFacts;
  /** an event that is always new makes a letter each time: its made id is part of the claim */
  readonly alwaysNew: boolean;
  readonly concerns: string | undefined;
}

/** What a letter claims: `dead|<source>|<reason>|<SHA-256 of the payload>[|<made id>]`. */
export const letterClaim = (
  via: DeliveredBy,
  reason: DeadLetterReason,
  payloadSha256: string,
  madeId?: string,
): string => sha256(`dead|${via}|${reason}|${payloadSha256}${madeId === undefined ? '' : `|${madeId}`}`);

/** A dead letter of any stage. */
export const letterOf = (parts: LetterParts): DeadLetter => {
  const { stage, reason, via, receivedAt, payload, facts, alwaysNew } = parts;
  const issues = boundedIssues(parts.issues);
  return {
    id: randomUUID(),
    source: via,
    stage,
    reason,
    detail: detailOf(parts.detail ?? {}, issues),
    context: contextOf(parts),
    payload: payload.text,
    receivedAt,
    fingerprint: letterClaim(via, reason, payload.sha256, alwaysNew ? facts.eventId : undefined),
    issues,
    eventId: facts.eventId,
    concerns: parts.concerns,
  };
};

/** The letter of a message that is no event. */
export const undecodableLetter = (
  undecodable: Undecodable,
  origin: Origin,
  receivedAt: number,
  via: DeliveredBy,
  storeIp: StoreIp,
): DeadLetter =>
  letterOf({
    stage: 'decode',
    reason: undecodable.reason,
    issues: undecodable.issues,
    origin,
    via,
    receivedAt,
    payload: {
      text: undecodable.payload,
      encoding: undecodable.payloadEncoding,
      sha256: undecodable.payloadSha256,
      wholeLength: undecodable.wholeLength,
    },
    ip: origin.road === 'amqp' ? null : keepableIp(origin.ip, storeIp),
    facts: {},
    alwaysNew: false,
    concerns: undefined,
  });

interface StoredFacts {
  readonly ip: string | null;
  readonly userAgent: string | null;
  /** ms */
  readonly sentAt: number | undefined;
}

/** What the event's meta says of its peer, as far as STORE_IP let it stand, and of its sending clock. */
const factsOfMeta = (text: string): StoredFacts => {
  const meta: unknown = JSON.parse(text);
  const { ip_address, user_agent, sent_at } = isObject(meta) ? meta : {};
  return {
    ip: typeof ip_address === 'string' ? ip_address : null,
    userAgent: typeof user_agent === 'string' ? user_agent : null,
    sentAt: typeof sent_at === 'number' ? sent_at : undefined,
  };
};

const eventLetter = (
  event: AnalyticsEvent,
  via: DeliveredBy,
  origin: Origin,
  stage: Stage,
  reason: DeadLetterReason,
  issue: Issue,
  detail: Readonly<Record<string, unknown>>,
): DeadLetter => {
  const { row } = event;
  const { ip, userAgent, sentAt } = factsOfMeta(row.meta);
  return letterOf({
    stage,
    reason,
    issues: [issue],
    detail,
    origin,
    via,
    receivedAt: row.received_at,
    payload: payloadOfText(row.payload),
    ip,
    userAgent,
    facts: {
      eventId: row.event_id,
      eventTimestamp: row.event_timestamp,
      clientTimestamp: row.client_timestamp ?? undefined,
      sentAt,
      fingerprint: event.fingerprint,
      contentHash: event.contentHash,
    },
    alwaysNew: event.alwaysNew,
    concerns: event.table === 'business_events' ? event.row.event_type : row.canonical_type,
  });
};

/** The same id came before with other content: both hashes stand in the detail. */
export const conflictLetter = (
  event: AnalyticsEvent,
  storedHash: string,
  via: DeliveredBy,
  origin: Origin,
): DeadLetter =>
  eventLetter(
    event,
    via,
    origin,
    'identify',
    'event_id_conflict',
    { path: 'event_id', code: 'event_id_conflict', message: 'the id came before with other content' },
    { stored_content_hash: storedHash, content_hash: event.contentHash },
  );

const longestDriverText = 1_000;

/** The database refused the row for what it holds. */
export const writeLetter = (
  event: AnalyticsEvent,
  via: DeliveredBy,
  origin: Origin,
  error: { readonly code: string; readonly message: string },
): DeadLetter =>
  eventLetter(
    event,
    via,
    origin,
    'write',
    'db_insert_failed',
    { path: '', code: error.code, message: 'the database refused the row' },
    { code: error.code, message: cutText(error.message, longestDriverText) },
  );
