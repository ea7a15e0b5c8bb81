import type { FastifyReply } from 'fastify';
import type { Delivery, Message, Origin, Outcome, Settlement } from '../delivery.ts';
import type { SourceName } from '../event.ts';
import type { Admission } from './admission.ts';
import type { Answers } from './answer.ts';
import { type BatchSummary, summarise } from './batch-reply.ts';
import type { OnRefused } from './refusal.ts';
import { brokenEventBody, statusOf } from './verdict.ts';

/** The outcomes of a single event that are a 202. */
export type GoodOutcome = Extract<Outcome, { readonly kind: 'stored' | 'duplicate' | 'published' }>;

/** How a source words its 202s; everything else is the same on both. */
export interface Wording {
  /** JSON text */
  readonly one: (outcome: GoodOutcome, message: Message, origin: Origin) => string;
  /** JSON text */
  readonly many: (summary: BatchSummary) => string;
}

export interface DeliveryContext {
  readonly via: SourceName;
  readonly commitTimeoutMs: number;
  readonly admission: Pick<Admission, 'leave'>;
  readonly answers: Answers;
  readonly wording: Wording;
  readonly onRefused: OnRefused;
}

export interface Request {
  readonly reply: FastifyReply;
  readonly origin: Origin;
  readonly receivedAt: number;
  readonly messages: readonly Message[];
  /** an array or `events`, of one too */
  readonly batch: boolean;
  readonly bytes: number;
}

/**
 * One request as a member of a commit. Its place in the admission was taken before; `release` gives it back,
 * whether the client is still there or not.
 */
export function createHttpDelivery(context: DeliveryContext, request: Request): Delivery {
  let settled = false;
  let released = false;

  function settle(settlement: Settlement): void {
    if (settled) return;
    settled = true;
    answerSettlement(context, request, settlement);
  }

  function release(): void {
    if (released) return;
    released = true;
    context.admission.leave(request.messages.length, request.bytes);
  }

  return {
    via: context.via,
    origin: request.origin,
    receivedAt: request.receivedAt,
    messages: request.messages,
    bytes: request.bytes,
    deadline: request.receivedAt + context.commitTimeoutMs,
    settle,
    release,
  };
}

function answerSettlement(context: DeliveryContext, request: Request, settlement: Settlement): void {
  const { answers } = context;
  switch (settlement.kind) {
    case 'durable':
      if (request.batch) answerBatch(context, request, settlement.outcomes);
      else answerOne(context, request, settlement.outcomes[0]);
      return;
    case 'unavailable':
      answers.refuse(request.reply, settlement.reason);
      return;
    case 'outcome-unknown':
      answers.refuse(request.reply, 'outcome_unknown', {
        details: { event_ids: settlement.eventIds.map((id) => id ?? null) },
      });
  }
}

function answerOne(context: DeliveryContext, request: Request, outcome: Outcome | undefined): void {
  const { answers, wording, onRefused } = context;
  const message = request.messages[0];
  if (outcome === undefined || message === undefined) {
    answers.refuse(request.reply, 'internal');
    return;
  }
  switch (outcome.kind) {
    case 'stored':
    case 'duplicate':
    case 'published':
      answers.answer(request.reply, 202, wording.one(outcome, message, request.origin));
      return;
    case 'rejected':
      onRefused('letter_bound', 1);
      answers.answer(request.reply, statusOf(outcome.reason), brokenEventBody(outcome));
      return;
    case 'dead-lettered':
      answers.answer(request.reply, statusOf(outcome.reason), brokenEventBody(outcome));
  }
}

function answerBatch(context: DeliveryContext, request: Request, outcomes: readonly Outcome[]): void {
  const summary = summarise(outcomes);
  if (summary.rejected > 0) context.onRefused('letter_bound', summary.rejected);
  context.answers.answer(request.reply, 202, context.wording.many(summary));
}
