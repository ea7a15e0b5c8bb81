import { redactBody, type StoreIp } from './address.ts';
import { namedService } from './business-fields.ts';
import { clocksOf } from './clocks.ts';
import { undecodableLetter } from './dead-letter.ts';
import type { Decoded } from './decode.ts';
import type { Origin } from './delivery.ts';
import type { AnalyticsEvent, DeadLetter, DeadLetterReason, DeliveredBy, SourceName } from './event.ts';
import { givenId } from './event-id.ts';
import { type KnownType, knownType } from './event-types.ts';
import type { Intake, Mark } from './intake.ts';
import { lastTypeKeys, typeKeys } from './keys.ts';
import { normaliseBusiness } from './normalise-business.ts';
import { normaliseLog } from './normalise-logs.ts';
import { normaliseWeb } from './normalise-web.ts';
import { concernOf, type Refusal, refuse } from './refusal.ts';
import { scopeOf } from './scope.ts';
import { sectionsOf } from './sections.ts';
import { isObject } from './shape.ts';
import { readTime } from './time.ts';

export type { StoreIp } from './address.ts';

export type Judged =
  | { readonly kind: 'event'; readonly event: AnalyticsEvent }
  | { readonly kind: 'dead-letter'; readonly letter: DeadLetter };

export interface NormaliserOptions {
  readonly storeIp: StoreIp;
  /** ms; stamps replays. Default: the system's clock. */
  readonly now?: () => number;
}

/**
 * Judges one message: a typed event with its identity, or a dead letter with its reason. Never throws.
 * @param receivedAt ms; of a replay, the letter's
 * @param via under which source a dead letter counts; `replay` keeps the source of its origin
 * @param ordinal always-new events before this one in its delivery: each next one stands 1 ms later
 * @param madeId of a replay: the id of an event that would be always new
 */
export type Normaliser = (
  decoded: Decoded,
  origin: Origin,
  receivedAt: number,
  via: DeliveredBy,
  ordinal?: number,
  madeId?: string,
) => Judged;

/** The AMQP property by which the consumer knows a message of our own tracking API. */
export const trackingAppId = 'kada-tracking';

interface RawType {
  readonly raw: string;
  /** the last-resort key that it was read from */
  readonly from: string | undefined;
}

/** The first text of the keys; a type that is no text is none. */
const textAt = (objects: readonly Record<string, unknown>[], keys: readonly string[]): string | undefined => {
  for (const object of objects) {
    for (const key of keys) {
      const value = object[key];
      if (typeof value !== 'string') continue;
      const trimmed = value.trim();
      if (trimmed !== '') return trimmed;
    }
  }
  return undefined;
};

const rawTypeOf = ({ origin, sections, body }: Intake): RawType | undefined => {
  if (origin.road === 'track' && origin.typedRoute !== undefined) {
    return { raw: origin.typedRoute, from: undefined };
  }
  const named = textAt(sections.envelope, typeKeys);
  if (named !== undefined) return { raw: named, from: undefined };
  const key = origin.road === 'amqp' ? origin.routingKey.trim() : '';
  if (key !== '') return { raw: key, from: undefined };
  for (const from of lastTypeKeys) {
    const raw = textAt([body], [from]);
    if (raw !== undefined) return { raw, from };
  }
  return undefined;
};

const publicTypes: ReadonlySet<string> = new Set(['page_view', 'click', 'add_to_cart', 'begin_checkout']);

/** Which types a road takes; what none of its rules knows is refused, save by the broker's other keys. */
const isAccepted = (intake: Intake, known: KnownType | undefined, raw: string): boolean => {
  const { origin } = intake;
  switch (origin.road) {
    case 'track':
      return known?.kind === 'web' && publicTypes.has(known.type);
    case 'collector':
      if (known !== undefined) return true;
      return !raw.toLowerCase().startsWith('ui.') && namedService(intake) !== null;
    case 'amqp':
      if (known !== undefined) return true;
      return !raw.toLowerCase().startsWith('ui.') && !origin.routingKey.startsWith('ui.');
  }
};

const dispatch = (
  intake: Intake,
  known: KnownType | undefined,
  { raw, from }: RawType,
): AnalyticsEvent | Refusal => {
  switch (known?.kind) {
    case 'web':
      return normaliseWeb(intake, known, raw, from);
    case 'api_request_log':
    case 'db_query_perf':
      return normaliseLog(intake, known, raw);
    default:
      return normaliseBusiness(intake, known, raw);
  }
};

const refuseType = (
  intake: Intake,
  reason: Extract<DeadLetterReason, 'missing_event_type' | 'unknown_event_type'>,
  raw: string | undefined,
  concerns: string | undefined,
  message: string,
): Refusal => {
  const scope = scopeOf(intake, raw);
  const found = { given: givenId(intake, scope), clocks: clocksOf(intake, scope === 'ui'), scope };
  return refuse(intake, concerns, reason, [{ path: 'event_type', code: reason, message }], found);
};

const judgeIntake = (intake: Intake): AnalyticsEvent | Refusal => {
  const type = rawTypeOf(intake);
  if (type === undefined)
    return refuseType(intake, 'missing_event_type', undefined, undefined, 'an event names its type');
  const known = knownType(type.raw);
  if (!isAccepted(intake, known, type.raw)) {
    return refuseType(
      intake,
      'unknown_event_type',
      type.raw,
      concernOf(known, type.raw),
      'no event of this name is taken here',
    );
  }
  return dispatch(intake, known, type);
};

const sourceOf = (origin: Origin, tracked: boolean): SourceName => {
  switch (origin.road) {
    case 'track':
      return 'tracking';
    case 'collector':
      return 'collector';
    case 'amqp':
      return tracked ? 'tracking' : 'rabbitmq';
  }
};

/** The marks that the tracking API made travel in its message's meta. */
const marksOf = ({ meta }: Record<string, unknown>): Intake['marks'] => {
  if (!isObject(meta) || !isObject(meta.marks)) return undefined;
  return { ...meta.marks } as Record<string, Mark>;
};

/** Normalisation, identity and clocks of events.md 1 to 6 and 8, for all roads. */
export const createNormaliser = (options: NormaliserOptions): Normaliser => {
  const { storeIp, now = Date.now } = options;
  return function normalise(decoded, origin, receivedAt, via, ordinal = 0, madeId = undefined) {
    if (decoded.kind === 'undecodable') {
      return { kind: 'dead-letter', letter: undecodableLetter(decoded, origin, receivedAt, via, storeIp) };
    }
    const body = decoded.holdsAddress ? redactBody(decoded.body, storeIp) : decoded.body;
    const tracked =
      origin.road === 'amqp' && origin.appId === trackingAppId && origin.routingKey.startsWith('ui.');
    const trackedAt = tracked ? readTime(body.received_at)?.ms : undefined;
    const intake: Intake = {
      body,
      sections: sectionsOf(body),
      text: body === decoded.body ? decoded.text : JSON.stringify(body),
      origin,
      via,
      source: sourceOf(origin, tracked),
      receivedAt: trackedAt ?? receivedAt,
      ordinal,
      storeIp,
      tracked,
      replayedAt: via === 'replay' ? now() : undefined,
      madeId,
      issues: undefined,
      marks: tracked ? marksOf(body) : undefined,
    };
    const judged = judgeIntake(intake);
    return 'letter' in judged ? judged : { kind: 'event', event: judged };
  };
};
