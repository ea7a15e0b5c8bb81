import type { FastifyReply, FastifyRequest } from 'fastify';

const PREFLIGHT_SECONDS = '7200';

/**
 * The browser's side of the door: an allow-list, no credentials. A beacon is text/plain and needs no preflight,
 * so a disallowed origin must be refused at the request itself, not only told to the browser.
 */
export interface Cors {
  /**
   * false: the request comes from a page that may not send here. Otherwise the reply's headers are set, on the
   * raw response so that every later reply of any kind carries them.
   */
  admits(request: FastifyRequest, reply: FastifyReply): boolean;
  /** 204 to a preflight whose origin is admitted */
  answerPreflight(reply: FastifyReply): void;
}

export function createCors(allowOrigins: readonly string[]): Cors {
  const allowed = new Set(allowOrigins.map(normalised));

  function admits(request: FastifyRequest, reply: FastifyReply): boolean {
    const origin = request.headers.origin;
    if (origin === undefined) return true;
    if (!allowed.has(normalised(origin))) return false;
    reply.raw.setHeader('access-control-allow-origin', origin);
    reply.raw.setHeader('access-control-expose-headers', 'retry-after, x-request-id');
    return true;
  }

  function answerPreflight(reply: FastifyReply): void {
    reply.hijack();
    reply.raw.writeHead(204, [
      'vary',
      'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
      'access-control-allow-methods',
      'POST, GET',
      'access-control-allow-headers',
      'content-type',
      'access-control-max-age',
      PREFLIGHT_SECONDS,
    ]);
    reply.raw.end();
  }

  return { admits, answerPreflight };
}

/** Scheme and host are case-insensitive; a trailing slash is a common slip in a configuration. */
function normalised(origin: string): string {
  return origin.trim().replace(/\/$/, '').toLowerCase();
}
