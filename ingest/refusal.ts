import { randomUUID } from 'node:crypto';
import { keepableIp } from './address.ts';
import type { Clocks } from './clocks.ts';
import { letterOf, payloadOfText } from './dead-letter.ts';
import type { DeadLetter, DeadLetterReason, Issue, Scope } from './event.ts';
import { type KnownType, reasonType } from './event-types.ts';
import { fingerprintOf, idFromMessage } from './identity.ts';
import type { Intake } from './intake.ts';
import { peerFacts } from './row-meta.ts';
import { isoOf } from './time.ts';

export interface Refusal {
  readonly kind: 'dead-letter';
  readonly letter: DeadLetter;
}

/** What was found out of an event before it failed. */
export interface FoundOut {
  /** the id that it came with, or was made */
  readonly given: string | undefined;
  readonly clocks: Clocks | undefined;
  readonly scope: Scope;
  readonly fingerprint?: string;
  readonly contentHash?: string;
  readonly alwaysNew?: boolean;
}

export const concernOf = (known: KnownType | undefined, raw: string | undefined): string | undefined => {
  if (known?.kind === 'web') return known.type;
  return known?.kind === 'domain' ? known.canonical : raw;
};

const identityOf = (
  intake: Intake,
  { given, clocks, alwaysNew }: FoundOut,
): { readonly eventId: string | undefined; readonly alwaysNew: boolean } => {
  if (given !== undefined) return { eventId: given, alwaysNew: alwaysNew ?? false };
  const { origin, body, issues } = intake;
  if (origin.road === 'amqp') {
    return { eventId: idFromMessage(origin.routingKey, origin.messageId, body), alwaysNew: false };
  }
  // a time or an id of its own, however bad, tells a retry from a second event
  if (clocks?.asSent !== undefined || issues?.some(({ path }) => path === 'event_id')) {
    return { eventId: undefined, alwaysNew: false };
  }
  return { eventId: intake.madeId ?? randomUUID(), alwaysNew: true };
};

/** A dead letter of the validate stage. */
export const refuse = (
  intake: Intake,
  concerns: string | undefined,
  reason: DeadLetterReason,
  issues: readonly Issue[],
  found: FoundOut,
): Refusal => {
  const { clocks, scope, contentHash } = found;
  const { eventId, alwaysNew } = identityOf(intake, found);
  const { ip, userAgent } = peerFacts(intake, (address) => keepableIp(address, intake.storeIp));
  return {
    kind: 'dead-letter',
    letter: letterOf({
      stage: 'validate',
      reason,
      issues,
      origin: intake.origin,
      via: intake.via,
      receivedAt: intake.receivedAt,
      payload: payloadOfText(intake.text),
      ip,
      userAgent,
      facts: {
        eventId,
        // where it would have stood among the always-new events of its delivery: a replay stands there, too
        eventTimestamp:
          clocks?.event === undefined || !alwaysNew ? clocks?.event : clocks.event + intake.ordinal,
        clientTimestamp: clocks?.client ?? undefined,
        sentAt: clocks?.sent,
        fingerprint: found.fingerprint ?? (eventId === undefined ? undefined : fingerprintOf(scope, eventId)),
        contentHash,
      },
      alwaysNew,
      concerns,
    }),
  };
};

export const refuseInvalid = (
  intake: Intake,
  known: KnownType | undefined,
  raw: string,
  found: FoundOut,
): Refusal =>
  refuse(
    intake,
    concernOf(known, raw),
    `validation_error:${reasonType(known)}`,
    intake.issues ?? [{ path: '', code: 'invalid', message: 'the event cannot be used' }],
    found,
  );

/** Beyond what a date can hold there is no ISO form. */
const writtenTime = (ms: number): string => (Math.abs(ms) <= 8.64e15 ? isoOf(ms) : String(ms));

/** The event's time, corrected where it had to be, is beyond what is accepted (events.md 6). */
export const refuseOutOfRange = (
  intake: Intake,
  known: KnownType | undefined,
  raw: string,
  time: number,
  found: FoundOut,
): Refusal => {
  const issue: Issue = {
    path: 'event_timestamp',
    code: 'timestamp_out_of_range',
    message: `${writtenTime(time)} is not from 365 days before to 10 minutes after it was received`,
  };
  return refuse(intake, concernOf(known, raw), 'timestamp_out_of_range', [issue], found);
};
