import type { FastifyReply } from 'fastify';
import { type OnRefused, type RefusalCode, refusals } from './refusal.ts';

const JSON_TYPE = 'application/json; charset=utf-8';

/** The one shape of every error: `{error: {code, message, details?}}`. */
export function errorBody(
  code: string,
  message: string,
  details?: Readonly<Record<string, unknown>>,
): string {
  return JSON.stringify({ error: details === undefined ? { code, message } : { code, message, details } });
}

/** Headers as Node takes them fastest: name, value, name, value, … */
export type HeaderList = readonly string[];

export interface Answers {
  /** Sends `json` with `status`; a no-op for a client that has gone or was answered. Never throws. */
  answer(reply: FastifyReply, status: number, json: string, headers?: HeaderList): void;
  /** Answers with a refusal of http.md's table and counts it. */
  refuse(reply: FastifyReply, code: RefusalCode, extra?: RefusalExtra): void;
}

export interface RefusalExtra {
  readonly message?: string;
  readonly details?: Readonly<Record<string, unknown>>;
  /** seconds, in place of the code's own */
  readonly retryAfter?: number;
  readonly headers?: HeaderList;
}

export interface AnswerOptions {
  /** on every reply of the listener */
  readonly headers: HeaderList;
  readonly onRefused: OnRefused;
  /** true: every reply says `Connection: close` */
  readonly stopping: () => boolean;
}

/**
 * Replies are written to Node's response directly: Fastify's `send` would parse the content type and walk its
 * hooks for a string that is ready to go.
 */
export function createAnswers(options: AnswerOptions): Answers {
  function answer(reply: FastifyReply, status: number, json: string, headers?: HeaderList): void {
    const raw = reply.raw;
    reply.hijack();
    if (raw.headersSent || raw.destroyed) return;
    const list = [
      'content-type',
      JSON_TYPE,
      'content-length',
      String(Buffer.byteLength(json)),
      'x-request-id',
      reply.request.id,
      ...options.headers,
    ];
    if (headers !== undefined) list.push(...headers);
    if (options.stopping() && headers?.includes('connection') !== true) list.push('connection', 'close');
    raw.writeHead(status, list);
    raw.end(json);
  }

  function refuse(reply: FastifyReply, code: RefusalCode, extra: RefusalExtra = {}): void {
    const refusal = refusals[code];
    const retryAfter = extra.retryAfter ?? refusal.retryAfter;
    const headers = [...(extra.headers ?? [])];
    if (retryAfter !== undefined) headers.push('retry-after', String(retryAfter));
    options.onRefused(code, 1);
    answer(reply, refusal.status, errorBody(code, extra.message ?? refusal.message, extra.details), headers);
  }

  return { answer, refuse };
}
