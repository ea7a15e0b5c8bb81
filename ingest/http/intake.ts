import type { FastifyReply, FastifyRequest } from 'fastify';
import { Subject } from 'rxjs';
import { parseBody } from '../decode.ts';
import type { Delivery, Message, Origin } from '../delivery.ts';
import type { Admission } from './admission.ts';
import type { RefusalExtra } from './answer.ts';
import { createHttpDelivery, type DeliveryContext } from './delivery.ts';
import type { IntakeGate } from './gate.ts';
import type { RefusalCode } from './refusal.ts';
import { splitBody } from './split.ts';

/** A source's own bounds on a whole request; undefined lets it in. */
export type Limit = (
  messages: readonly Message[],
  origin: Origin,
  now: number,
) => { readonly code: RefusalCode; readonly extra: RefusalExtra } | undefined;

export interface IntakeOptions extends Omit<DeliveryContext, 'admission'> {
  readonly admission: Admission;
  readonly gate: IntakeGate;
  readonly limit?: Limit;
  readonly isStopping: () => boolean;
  readonly now: () => number;
}

export interface Intake {
  readonly deliveries: Subject<Delivery>;
  /** The checks that need no body; true: the request was refused and answered. */
  refuses(request: FastifyRequest, reply: FastifyReply): boolean;
  /** Takes a request with its whole body in: parse, split, bounds, a place, and out into the stream. */
  take(request: FastifyRequest, reply: FastifyReply, origin: Origin): void;
}

/** What both doors do with a request once it has passed their own checks. */
export function createIntake(options: IntakeOptions): Intake {
  const { admission, answers, gate, limit, now } = options;
  const deliveries = new Subject<Delivery>();

  function refuses(request: FastifyRequest, reply: FastifyReply): boolean {
    const reason = closedBecause() ?? (isCompressed(request) ? 'media_type' : undefined);
    if (reason === undefined) return false;
    answers.refuse(reply, reason);
    return true;
  }

  function closedBecause(): RefusalCode | undefined {
    if (options.isStopping()) return 'stopping';
    // nobody listens: a request would wait for ever
    return gate.refusal() ?? (deliveries.observed ? undefined : 'warehouse_away');
  }

  function take(request: FastifyRequest, reply: FastifyReply, origin: Origin): void {
    const body = request.body;
    if (!Buffer.isBuffer(body)) {
      answers.refuse(reply, 'media_type');
      return;
    }
    // a slow body may have begun when the door was still open
    if (refuses(request, reply)) return;
    const receivedAt = now();
    const parsed = parseBody(body);
    if (!parsed.ok) {
      // the pipeline decodes it once more and keeps it, byte for byte, as a dead letter
      enter(reply, origin, receivedAt, [{ kind: 'bytes', bytes: body }], false, body.length);
      return;
    }
    const split = splitBody(parsed.value, parsed.text, body.length);
    if (split.kind === 'too_large') {
      const details = split.index === undefined ? {} : { details: { index: split.index } };
      answers.refuse(reply, 'too_large', { message: split.message, ...details });
      return;
    }
    if (split.messages.length === 0) {
      answers.answer(reply, 202, options.wording.many(NO_EVENTS));
      return;
    }
    enter(reply, origin, receivedAt, split.messages, split.kind === 'many', body.length);
  }

  function enter(
    reply: FastifyReply,
    origin: Origin,
    receivedAt: number,
    messages: readonly Message[],
    batch: boolean,
    bytes: number,
  ): void {
    const over = limit?.(messages, origin, receivedAt);
    if (over !== undefined) {
      answers.refuse(reply, over.code, over.extra);
      return;
    }
    if (!admission.tryEnter(messages.length, bytes)) {
      answers.refuse(reply, 'overloaded');
      return;
    }
    deliveries.next(createHttpDelivery(options, { reply, origin, receivedAt, messages, batch, bytes }));
  }

  return { deliveries, refuses, take };
}

function isCompressed(request: FastifyRequest): boolean {
  const encoding = request.headers['content-encoding'];
  return encoding !== undefined && encoding !== 'identity';
}

/** An empty array has no event without a durable outcome: 202 with zero counts. */
const NO_EVENTS = { accepted: 0, duplicates: 0, dead_lettered: 0, rejected: 0, results: [] } as const;
