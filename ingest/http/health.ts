import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Answers } from './answer.ts';

/** What a stranger may know: words from a short list, never a driver's text. */
export interface Health {
  readonly status: 'ok' | 'degraded';
  readonly warehouse: string;
  readonly rabbitmq: string;
}

/** `GET /health`: 200 as long as the process answers at all; the body says how well. */
export function healthRoute(
  answers: Pick<Answers, 'answer'>,
  health: () => Health,
): (request: FastifyRequest, reply: FastifyReply) => void {
  return function answerHealth(_request, reply) {
    const { status, warehouse, rabbitmq } = health();
    answers.answer(reply, 200, JSON.stringify({ status, warehouse, rabbitmq }));
  };
}
