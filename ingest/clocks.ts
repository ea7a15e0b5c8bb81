import { addIssue, addMark, type Intake } from './intake.ts';
import { timeKeys } from './keys.ts';
import { find, isBlank } from './sections.ts';
import { readTime } from './time.ts';

/** Every clock of an event (events.md 6). ms since 1970. */
export interface Clocks {
  /** the time that we use; undefined while a given one cannot be read */
  readonly event: number | undefined;
  /** the sender's own time as sent */
  readonly client: number | null;
  readonly sent: number | undefined;
  /** the sender's time as it stood in the body, for made ids; undefined when none was given */
  readonly asSent: string | number | undefined;
}

const dayMs = 86_400_000;
const oldestMs = 365 * dayMs;
const aheadMs = 10 * 60_000;
const graceBehindMs = 60_000;
const graceAheadMs = -2_000;

/**
 * The client's time stands while −2 s ≤ skew ≤ 60 s: a slow upload is no wrong clock. Otherwise it is moved by
 * the skew: nothing is received before it is sent, and nothing is sent a minute late but by a clock behind.
 */
export const correctedTime = (client: number, sent: number, receivedAt: number): number => {
  const skew = receivedAt - sent;
  return skew >= graceAheadMs && skew <= graceBehindMs ? client : client + skew;
};

/** From 365 days before it was received to 10 minutes after. */
export const isInRange = (time: number, receivedAt: number): boolean =>
  time >= receivedAt - oldestMs && time <= receivedAt + aheadMs;

// datetime2 has the years 1 to 9999, and an ISO text with four digits too
const firstStorable = Date.parse('0001-01-01T00:00:00.000Z');
const lastStorable = Date.parse('9999-12-31T23:59:59.999Z');

/** A clock that was corrected may itself be beyond its column. */
const storable = (intake: Intake, client: number | undefined): number | null => {
  if (client === undefined) return null;
  if (client >= firstStorable && client <= lastStorable) return client;
  addMark(intake, 'client_timestamp', 'not_valid');
  return null;
};

const readField = (
  intake: Intake,
  field: string,
  value: unknown,
  zoneRequired: boolean,
): number | undefined => {
  const time = readTime(value);
  if (time === undefined) {
    addIssue(intake, field, 'invalid_timestamp', 'expected ISO 8601 or Unix time');
    return undefined;
  }
  if (zoneRequired && !time.zoned) {
    addIssue(intake, field, 'missing_zone', 'expected a time with its zone');
    return undefined;
  }
  return time.ms;
};

const asSentOf = (value: unknown): string | number | undefined => {
  if (typeof value === 'number') return value;
  return typeof value === 'string' ? value.trim() : undefined;
};

/** Of a message that our tracking API published: its clocks are final. */
const trackedClocks = (intake: Intake, given: unknown): Clocks => {
  const event = isBlank(given) ? intake.receivedAt : readField(intake, 'event_timestamp', given, false);
  const client = readTime(intake.body.client_timestamp);
  const sent = intake.sections.meta?.sent_at;
  return {
    event,
    client: client?.ms ?? null,
    sent: typeof sent === 'number' ? sent : undefined,
    asSent: asSentOf(given),
  };
};

const overAmqp = (intake: Intake, given: unknown, amqpTime: number | undefined): Clocks => {
  if (isBlank(given)) {
    return {
      event: amqpTime ?? intake.receivedAt,
      client: amqpTime ?? null,
      sent: undefined,
      asSent: undefined,
    };
  }
  const event = readField(intake, 'event_timestamp', given, false);
  return { event, client: event ?? null, sent: undefined, asSent: asSentOf(given) };
};

const overHttp = (intake: Intake, given: unknown, zoneRequired: boolean): Clocks => {
  const { receivedAt } = intake;
  const sentGiven = intake.body.sent_at;
  const sent = isBlank(sentGiven) ? undefined : readField(intake, 'sent_at', sentGiven, zoneRequired);
  if (isBlank(given)) return { event: receivedAt, client: null, sent, asSent: undefined };
  const client = readField(intake, 'event_timestamp', given, zoneRequired);
  const event = client === undefined || sent === undefined ? client : correctedTime(client, sent, receivedAt);
  return { event, client: storable(intake, client), sent, asSent: asSentOf(given) ?? '' };
};

/** @param web a web event's time is looked for in the body and meta only */
export const clocksOf = (intake: Intake, web: boolean): Clocks => {
  const { sections, origin } = intake;
  const given = find(web ? sections.webClocks : sections.clocks, timeKeys);
  if (intake.tracked) return trackedClocks(intake, given);
  if (origin.road === 'amqp') return overAmqp(intake, given, origin.timestamp);
  return overHttp(intake, given, origin.road === 'collector');
};
