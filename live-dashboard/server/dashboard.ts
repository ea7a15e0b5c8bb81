import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import staticFiles from '@fastify/static';
import websocket from '@fastify/websocket';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Observable, Subscription } from 'rxjs';
import { KadaError } from '../../ingest/errors.ts';
import { errorBody } from '../../ingest/http/answer.ts';
import type { RefusalReason } from '../../ingest/http/refusal.ts';
import { createHttpServer, type HttpServer } from '../../ingest/http/server.ts';
import type { Frame, SnapshotFrame } from '../frames.ts';
import { historyPages } from '../history-pages.ts';
import { type ClientHub, createClientHub, type FrameResult } from './client-hub.ts';
import { type DeadLetterActions, installDeadLetterActions } from './dead-letter-actions.ts';
import { type GateRefusal, installGate } from './gate.ts';
import { type HistoryOptions, installHistory } from './history-api.ts';
import { isLoopbackHost, isOwnOrigin } from './hosts.ts';
import { installLetters } from './letters-api.ts';
import { openApi } from './openapi.ts';
import type { Readiness } from './readiness.ts';
import { securityHeaderList, securityHeaders } from './security-headers.ts';

export interface DashboardOptions {
  readonly host: string;
  /** 0: any free port */
  readonly port: number;
  /** beside localhost, 127.0.0.1 and [::1] */
  readonly allowedHosts: readonly string[];
  readonly token: string | undefined;
  readonly wsMaxClients: number;
  readonly snapshot: () => SnapshotFrame;
  readonly frames$: Observable<Frame>;
  readonly readiness: () => Readiness;
  /** Gold and the runs; asked at each call, since the listener is up before the warehouse */
  readonly history: () => HistoryOptions;
  /** replay and discard; undefined: not yet */
  readonly deadLetters?: () => DeadLetterActions | undefined;
  /** ADMIN_API_KEY; undefined: calls that change something answer 503 */
  readonly adminKey: string | undefined;
  /** the text of /metrics */
  readonly metrics: () => Promise<string>;
  /** the built page; undefined: there is none here */
  readonly webRoot: string | undefined;
  /** `probes-only`: a process without the dashboard role serves /livez, /readyz and /metrics */
  readonly roles: 'full' | 'probes-only';
  readonly onRefused?: (reason: RefusalReason | GateRefusal | 'too_many_clients') => void;
  readonly onFrames?: (result: FrameResult, count: number) => void;
  /** default 30 s; a client that has not answered by the next ping is cut off */
  readonly pingEveryMs?: number;
  readonly log: Logger;
}

export interface Dashboard {
  /** @throws KadaError KADA_LISTEN when the address cannot be had */
  listen(): Promise<{ readonly url: string }>;
  /** browsers that are connected now */
  clients(): number;
  /** Answers 503 to new WebSockets, closes those there with 1001, then the listener. */
  close(): Promise<void>;
}

/** bytes; nothing that the dashboard is sent is larger than a login */
const BODY_LIMIT = 4_096;
const CLOSE_GRACE_MS = 1_000;

/** @throws KadaError KADA_DASHBOARD_TOKEN_REQUIRED when others could reach it and no token is set */
export function createDashboard(options: DashboardOptions): Dashboard {
  if (!isLoopbackHost(options.host) && options.token === undefined) {
    throw new KadaError(
      'KADA_DASHBOARD_TOKEN_REQUIRED',
      `DASHBOARD_HOST ${options.host} reaches beyond this machine, and the dashboard shows what shoppers do. ` +
        'Set DASHBOARD_TOKEN, or DASHBOARD_HOST=127.0.0.1.',
    );
  }
  const refused = options.onRefused ?? (() => undefined);
  const http = createHttpServer({
    host: options.host,
    port: options.port,
    trustProxy: false,
    bodyLimit: BODY_LIMIT,
    headers: [...securityHeaderList, 'cache-control', 'no-store'],
    onRefused: (reason) => refused(reason),
    log: options.log,
  });
  const hub = createClientHub({
    snapshot: options.snapshot,
    onFrames: options.onFrames ?? (() => undefined),
    ...(options.pingEveryMs !== undefined && { pingEveryMs: options.pingEveryMs }),
  });
  let frames: Subscription | undefined;
  /** Node no longer counts them among the listener's connections, and would wait for them for ever. */
  const upgraded = new Set<Duplex>();

  async function install(): Promise<void> {
    const { app } = http;
    app.addHook('onRequest', function addSecurityHeaders(_request, reply, done) {
      reply.headers(securityHeaders);
      done();
    });
    // before the gate, so that an upgrade which the gate refuses does not leave its socket open
    if (options.roles === 'full') await installWebSockets(app, upgraded);
    await installGate(app, http, { ...options, onRefused: refused });
    installProbes(app, http, options);
    if (options.roles === 'probes-only') return;
    installLive(app, http, hub, { ...options, refused });
    app.get('/api/live', (_request, reply) => {
      http.answer(reply, 200, JSON.stringify(options.snapshot()));
    });
    await installHistory(app, http, options);
    installLetters(app, http, options);
    installDeadLetterActions(app, http, {
      deadLetters: options.deadLetters ?? (() => undefined),
      adminKey: options.adminKey,
      log: options.log,
    });
    await installPage(app, http, options.webRoot);
  }

  return {
    async listen() {
      await install();
      const listening = await http.listen();
      if (options.roles === 'full') {
        frames = options.frames$.subscribe({
          next: hub.broadcast,
          error: (error: unknown) => options.log.error({ err: error }, 'live frames ended'),
        });
      }
      return listening;
    },
    clients: hub.count,
    async close() {
      http.stopAccepting();
      frames?.unsubscribe();
      await hub.close(CLOSE_GRACE_MS);
      for (const socket of upgraded) socket.destroy();
      await http.close();
    },
  };
}

function installProbes(app: FastifyInstance, http: HttpServer, options: DashboardOptions): void {
  const { answer } = http;
  app.get('/livez', (_request, reply) => answer(reply, 200, '{"status":"ok"}'));
  app.get('/readyz', (_request, reply) => {
    const readiness = options.readiness();
    answer(reply, readiness.ready ? 200 : 503, JSON.stringify(readiness));
  });
  app.get('/metrics', async (_request, reply) =>
    reply
      .header('cache-control', 'no-store')
      .type('text/plain; version=0.0.4; charset=utf-8')
      .send(await options.metrics()),
  );
  const document = JSON.stringify(openApi(options.roles));
  app.get('/openapi.json', (_request, reply) => answer(reply, 200, document));
}

interface SocketOptions {
  readonly wsMaxClients: number;
  readonly refused: (reason: 'origin' | 'stopping' | 'too_many_clients') => void;
}

async function installWebSockets(app: FastifyInstance, upgraded: Set<Duplex>): Promise<void> {
  app.server.on('upgrade', (_request, socket) => {
    upgraded.add(socket);
    socket.on('close', () => upgraded.delete(socket));
  });
  await app.register(websocket, {
    options: { maxPayload: 4_096, perMessageDeflate: false },
    errorHandler: (_error, socket) => socket.terminate(),
    // the hub has said goodbye to all before the listener closes
    preClose: (done) => done(),
  });
}

function installLive(
  app: FastifyInstance,
  http: HttpServer,
  hub: ClientHub,
  { wsMaxClients, refused }: SocketOptions,
): void {
  app.get(
    '/ws',
    {
      websocket: true,
      onRequest(request, reply, done) {
        const { origin, host } = request.headers;
        if (!isOwnOrigin(origin, host)) {
          refused('origin');
          http.answer(
            reply,
            403,
            errorBody('origin', 'Only the page of this server may open its WebSocket.'),
          );
        } else if (http.isStopping()) {
          refused('stopping');
          http.answer(reply, 503, errorBody('stopping', 'The server is stopping.'), ['retry-after', '5']);
        } else if (hub.count() >= wsMaxClients) {
          refused('too_many_clients');
          const message = `${wsMaxClients} pages are connected; WS_MAX_CLIENTS allows no more.`;
          http.answer(reply, 503, errorBody('too_many_clients', message), ['retry-after', '30']);
        } else done();
      },
    },
    (socket) => {
      // handshakes that were under way together may pass the check above together
      if (hub.count() >= wsMaxClients) socket.close(1013, 'too many pages are connected');
      else hub.add(socket);
    },
  );
}

async function installPage(
  app: FastifyInstance,
  http: HttpServer,
  webRoot: string | undefined,
): Promise<void> {
  if (webRoot === undefined || !existsSync(join(webRoot, 'index.html'))) {
    const message = 'The page is not built here; npm run build makes it. /api/live and /ws work without it.';
    app.get('/', (_request, reply) => http.answer(reply, 404, errorBody('page_not_built', message)));
    return;
  }
  await app.register(staticFiles, {
    root: webRoot,
    cacheControl: false,
    setHeaders(reply, path) {
      // built files carry a hash of their content in their name, the page itself does not
      const forever = /[\\/]assets[\\/]/.test(path);
      reply.header('cache-control', forever ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
  for (const page of historyPages) app.get(page, (_request, reply) => reply.sendFile('history.html'));
}
