import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import Fastify, { type FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import { z } from 'zod';
import { KadaError, messageOf } from '../../ingest/errors.ts';
import type { EtlRun } from '../../sinks/materialise/plan.ts';
import type { Warehouse } from '../../sinks/warehouse.ts';
import type { CycleRequest } from '../etl/materialiser.ts';
import type { LetterOffice } from '../replay/office.ts';
import { removeControlFile, writeControlFile } from './file.ts';
import { installLetterCalls } from './letters.ts';
import { maxQueryRows, queryBounded } from './query.ts';

/** What commands may ask of the process that owns the warehouse. */
export interface ControlHandlers {
  /** Facts for `db:check` and the like; JSON-serialisable, without secrets. */
  readonly status: () => Promise<Readonly<Record<string, unknown>>> | Readonly<Record<string, unknown>>;
  /** Begins a cycle of Silver and Gold. @returns its run; undefined: the process is not that far */
  readonly beginCycle: (request: CycleRequest) => string | undefined;
  /** A run as it stands; undefined: unknown here. */
  readonly cycle: (runId: string) => EtlRun | undefined;
  /** Replays and what else is done with dead letters; undefined: the process is not that far. */
  readonly letters: () => LetterOffice | undefined;
}

export interface ControlServerOptions {
  readonly dataDir: string;
  readonly warehouse: Pick<Warehouse, 'engine' | 'query' | 'ping'>;
  readonly log: Logger;
  readonly handlers?: Partial<ControlHandlers>;
}

export interface ControlServer {
  /** Listens on a free loopback port and writes control.json. */
  listen(): Promise<{ readonly url: string; readonly token: string }>;
  /** Removes control.json first, so that no command comes to a closed door. */
  close(): Promise<void>;
}

const bodyLimit = 256 * 1024;
const requestTimeoutMs = 10_000;
const cycleBody = z.strictObject({
  full: z.boolean().optional(),
  silver: z.boolean().optional(),
  gold: z.boolean().optional(),
  recentDays: z.int().min(0).max(3_660).optional(),
}) satisfies z.ZodType<CycleRequest>;
const queryBody = z.strictObject({
  sql: z.string().min(1),
  maxRows: z.int().min(1).max(maxQueryRows).optional(),
});

/**
 * The door for commands while a process holds the DuckDB file: loopback only, a random token each start,
 * JSON only. `GET /status`, `POST /query` (one read-only statement), `POST /etl` (a cycle), `GET /etl/:runId`, and what
 * is done with dead letters (letters.ts).
 */
export function createControlServer(options: ControlServerOptions): ControlServer {
  const { dataDir, warehouse, log } = options;
  const token = randomBytes(32).toString('base64url');
  const expected = digest(`Bearer ${token}`);
  const app = Fastify({
    logger: false,
    bodyLimit,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: 1_000,
    // Node looks for overdue requests only every 30 s by itself: as long might half-open ones keep commands out
    http: { headersTimeout: requestTimeoutMs, connectionsCheckingInterval: 1_000 },
  });
  app.server.maxConnections = 64;
  app.removeContentTypeParser('text/plain');

  app.addHook('onRequest', async (request, reply) => {
    const given = digest(request.headers.authorization ?? '');
    if (!timingSafeEqual(given, expected)) {
      return fail(reply, 401, 'bad_token', 'the token of control.json is needed');
    }
  });
  app.setNotFoundHandler((_request, reply) => fail(reply, 404, 'not_found', 'no such call'));
  app.setErrorHandler((error, _request, reply) => {
    const status = statusOf(error);
    if (status >= 500) log.error({ err: error }, 'a control call failed');
    return fail(reply, status, codeOf(error, status), messageOf(error));
  });

  app.get('/status', async () => ({
    pid: process.pid,
    engine: warehouse.engine,
    warehouse: (await warehouse.ping()) ? 'ok' : 'away',
    ...(await options.handlers?.status?.()),
  }));

  app.post('/query', async (request, reply) => {
    const body = queryBody.safeParse(request.body);
    if (!body.success) return fail(reply, 400, 'bad_request', z.prettifyError(body.error));
    const { sql, maxRows = maxQueryRows } = body.data;
    return await queryBounded(warehouse, sql, maxRows);
  });

  app.post('/etl', async (request, reply) => {
    const body = cycleBody.safeParse(request.body);
    if (!body.success) return fail(reply, 400, 'bad_request', z.prettifyError(body.error));
    const runId = options.handlers?.beginCycle?.(body.data);
    return runId === undefined
      ? fail(reply, 503, 'KADA_STARTING', 'the pipeline is still starting')
      : { runId };
  });
  app.get<{ Params: { runId: string } }>('/etl/:runId', async (request, reply) => {
    const run = options.handlers?.cycle?.(request.params.runId);
    return run ?? fail(reply, 404, 'not_found', 'no such run in this process');
  });

  installLetterCalls(app, () => options.handlers?.letters?.());

  async function listen(): Promise<{ readonly url: string; readonly token: string }> {
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    await writeControlFile(dataDir, { pid: process.pid, url, token });
    return { url, token };
  }

  async function close(): Promise<void> {
    await removeControlFile(dataDir, token);
    app.server.closeAllConnections();
    await app.close();
  }

  return { listen, close };
}

const digest = (value: string): Buffer => createHash('sha256').update(value).digest();

const fail = (reply: FastifyReply, status: number, code: string, message: string): FastifyReply =>
  reply.code(status).send({ error: { code, message } });

/** A KadaError is about the query; Fastify's own errors carry their status; the rest is ours. */
const statusOf = (error: unknown): number => {
  if (error instanceof KadaError) return 422;
  return error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number'
    ? error.statusCode
    : 500;
};

const codeOf = (error: unknown, status: number): string => {
  if (error instanceof KadaError) return error.code;
  if (status === 413) return 'too_large';
  if (status === 415) return 'media_type';
  return status >= 500 ? 'KADA_CONTROL_FAILED' : 'bad_request';
};
