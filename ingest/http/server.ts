import type { Socket } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { KadaError, messageOf } from '../errors.ts';
import { type Answers, createAnswers, errorBody, type HeaderList } from './answer.ts';
import { type OnRefused, type RefusalCode, RefusalError, refusals } from './refusal.ts';
import { createRequestIds } from './request-id.ts';
import { urlOf } from './url.ts';

export const REQUEST_TIMEOUT_MS = 10_000;
/** Short: idle browsers must not use up the connections; long enough for a page's next event. */
const KEEP_ALIVE_MS = 15_000;
const MAX_CONNECTIONS = 4_096;
/** How long replies that are under way may take to leave when the listener closes. */
const CLOSE_GRACE_MS = 500;

export interface HttpServerOptions {
  readonly host: string;
  /** 0: any free port */
  readonly port: number;
  /** addresses or CIDR ranges whose forwarding headers are believed; never all */
  readonly trustProxy: readonly string[] | false;
  /** bytes */
  readonly bodyLimit: number;
  /** on every reply */
  readonly headers?: HeaderList;
  readonly maxConnections?: number;
  readonly requestTimeoutMs?: number;
  readonly onRefused: OnRefused;
  readonly log: Logger;
}

export interface HttpServer extends Answers {
  readonly app: FastifyInstance;
  /** @throws KadaError KADA_LISTEN when the address cannot be had */
  listen(): Promise<{ readonly url: string }>;
  stopAccepting(): void;
  isStopping(): boolean;
  /** Closes the listener: idle sockets at once, replies under way within half a second. */
  close(): Promise<void>;
}

/** What the three listeners share: time-outs, limits, request ids, the error shape, and 404 / 405 as JSON. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  let stopping = false;
  const { answer, refuse } = createAnswers({
    headers: options.headers ?? [],
    onRefused: options.onRefused,
    stopping: () => stopping,
  });
  const requestTimeout = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
  const app: FastifyInstance = Fastify({
    // one log line a request would cost more than the request
    logger: false,
    bodyLimit: options.bodyLimit,
    requestTimeout,
    keepAliveTimeout: KEEP_ALIVE_MS,
    trustProxy: options.trustProxy === false ? false : [...options.trustProxy],
    genReqId: createRequestIds(),
    return503OnClosing: false,
    // Node looks for overdue requests only every 30 s by itself
    http: { headersTimeout: requestTimeout, connectionsCheckingInterval: Math.min(1_000, requestTimeout) },
    clientErrorHandler: (error, socket) => answerBrokenHttp(error, socket, options.onRefused),
    frameworkErrors: (_error, _request, reply) => refuse(reply, 'bad_request'),
  });
  app.server.maxConnections = options.maxConnections ?? MAX_CONNECTIONS;
  app.server.on('drop', () => options.onRefused('too_many_connections', 1));

  const methodsByPath = new Map<string, Set<string>>();
  app.addHook('onRoute', (route) => {
    const methods = methodsByPath.get(route.url) ?? new Set<string>();
    for (const method of [route.method].flat()) methods.add(method);
    methodsByPath.set(route.url, methods);
  });

  app.setNotFoundHandler((request, reply) => {
    const query = request.url.indexOf('?');
    const methods = methodsByPath.get(query < 0 ? request.url : request.url.slice(0, query));
    if (methods === undefined) refuse(reply, 'not_found');
    else refuse(reply, 'method_not_allowed', { headers: ['allow', [...methods].join(', ')] });
  });

  app.setErrorHandler((error, request, reply) => {
    if (error instanceof RefusalError) {
      refuse(reply, error.refusal, error.close ? { headers: ['connection', 'close'] } : {});
      return;
    }
    const code = codeOf(error);
    if (code === 'internal') {
      options.log.error({ err: error, requestId: request.id, url: request.url }, 'request failed');
    }
    refuse(reply, code);
  });

  async function listen(): Promise<{ url: string }> {
    try {
      await app.listen({ host: options.host, port: options.port });
    } catch (error) {
      throw new KadaError(
        'KADA_LISTEN',
        `Cannot listen on ${options.host}:${options.port} (${messageOf(error)}). Free the port or choose another.`,
        { cause: error },
      );
    }
    const address = app.server.address();
    const port = typeof address === 'object' && address !== null ? address.port : options.port;
    return { url: urlOf({ host: options.host, port }) };
  }

  function stopAccepting(): void {
    stopping = true;
  }

  async function close(): Promise<void> {
    stopAccepting();
    // senders that trickle a body would hold the listener open until their time-out
    const grace = setTimeout(() => app.server.closeAllConnections(), CLOSE_GRACE_MS);
    try {
      await app.close();
    } finally {
      clearTimeout(grace);
    }
  }

  return { app, answer, refuse, listen, stopAccepting, isStopping: () => stopping, close };
}

function codeOf(error: unknown): RefusalCode {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return 'internal';
  if (error.statusCode === 413) return 'too_large';
  if (error.statusCode === 415) return 'media_type';
  return typeof error.statusCode === 'number' && error.statusCode < 500 ? 'bad_request' : 'internal';
}

/** Not a request at all, or one that never became whole: there is no Fastify reply to write to. */
function answerBrokenHttp(error: Error & { code?: string }, socket: Socket, onRefused: OnRefused): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const code: RefusalCode =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? 'request_timeout'
      : error.code === 'HPE_HEADER_OVERFLOW'
        ? 'headers_too_large'
        : 'bad_request';
  onRefused(code, 1);
  if (socket.writable) {
    const { status, message } = refusals[code];
    const body = errorBody(code, message);
    socket.write(
      `HTTP/1.1 ${status} ${code}\r\nContent-Type: application/json; charset=utf-8\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    );
  }
  socket.destroySoon();
}
