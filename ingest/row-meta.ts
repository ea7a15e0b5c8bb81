import type { Clocks } from './clocks.ts';
import { type Intake, peerIp } from './intake.ts';
import { isObject } from './shape.ts';
import { cutText } from './text.ts';

const longestAgent = 500;
/** all agents' networks together: anyone may send any agent from any address */
const rememberAtMost = 4_096;
const remembered = new Map<string | null, Map<string | null, string>>();
let entries = 0;

/** JSON of the peer's facts; shoppers' requests share few agents and networks, so it is remembered. */
const peerJson = (userAgent: string | null, ip: string | null): string => {
  const known = remembered.get(userAgent)?.get(ip);
  if (known !== undefined) return known;
  const json = JSON.stringify({ user_agent: userAgent ?? undefined, ip_address: ip ?? undefined });
  if (entries >= rememberAtMost) {
    remembered.clear();
    entries = 0;
  }
  const byNetwork = remembered.get(userAgent) ?? new Map<string | null, string>();
  byNetwork.set(ip, json);
  remembered.set(userAgent, byNetwork);
  entries += 1;
  return json;
};

/** `{…}` with one more number at its end. */
const withNumber = (json: string, key: string, value: number): string =>
  json === '{}' ? `{"${key}":${value}}` : `${json.slice(0, -1)},"${key}":${value}}`;

export const cutAgent = (userAgent: string | undefined): string | null =>
  userAgent === undefined || userAgent.trim() === '' ? null : cutText(userAgent.trim(), longestAgent);

/** What the row's meta says of the event itself, beside its peer. */
export interface MetaFacts {
  readonly userAgent: string | null;
  readonly ip: string | null;
  readonly correlationId: string | null;
  readonly entityId: string | null;
}

/**
 * Bronze's `meta`: JSON text of the transport's facts, what has no column of its own, and the cut marks. Times
 * are ms since 1970.
 */
export const metaOf = (intake: Intake, facts: MetaFacts, clocks: Clocks): string => {
  const { origin, marks, replayedAt, body } = intake;
  const peer = peerJson(facts.userAgent, facts.ip);
  const clientSource = origin.road === 'collector' ? body.source : undefined;
  if (
    facts.correlationId === null &&
    facts.entityId === null &&
    marks === undefined &&
    replayedAt === undefined &&
    clientSource === undefined &&
    origin.road !== 'amqp'
  ) {
    return clocks.sent === undefined ? peer : withNumber(peer, 'sent_at', clocks.sent);
  }
  const rest = JSON.stringify({
    routing_key: origin.road === 'amqp' ? origin.routingKey : undefined,
    message_id: origin.road === 'amqp' ? origin.messageId : undefined,
    app_id: origin.road === 'amqp' ? origin.appId : undefined,
    traceparent: origin.road === 'amqp' ? origin.traceparent : undefined,
    correlation_id: facts.correlationId ?? undefined,
    entity_id: facts.entityId ?? undefined,
    client_source: typeof clientSource === 'string' ? cutText(clientSource, 64) : undefined,
    sent_at: clocks.sent,
    marks,
    replayed_at: replayedAt,
  });
  if (peer === '{}') return rest;
  return rest === '{}' ? peer : `${peer.slice(0, -1)},${rest.slice(1)}`;
};

/** The peer of an HTTP request, as it may be stored; of an AMQP message, what its own meta says. */
export const peerFacts = (
  intake: Intake,
  keep: (ip: string) => string | null,
): { readonly userAgent: string | null; readonly ip: string | null } => {
  const { origin, sections } = intake;
  if (origin.road !== 'amqp') return { userAgent: cutAgent(origin.userAgent), ip: peerIp(intake) };
  const { meta } = sections;
  if (!isObject(meta)) return { userAgent: null, ip: null };
  return {
    userAgent: typeof meta.user_agent === 'string' ? cutAgent(meta.user_agent) : null,
    ip: typeof meta.ip_address === 'string' ? keep(meta.ip_address) : null,
  };
};
