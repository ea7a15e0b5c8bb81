import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Observable } from 'rxjs';
import type { Delivery } from '../delivery.ts';
import type { Admission } from '../http/admission.ts';
import { installBodyReader } from '../http/body.ts';
import type { IntakeGate } from '../http/gate.ts';
import { type Health, healthRoute } from '../http/health.ts';
import { createIntake } from '../http/intake.ts';
import { createKeys } from '../http/keys.ts';
import { cleanAddress } from '../http/peer.ts';
import type { OnRefused } from '../http/refusal.ts';
import { createHttpServer } from '../http/server.ts';
import { MAX_BODY_BYTES } from '../http/split.ts';
import { collectorOpenapi } from './openapi.ts';
import { collectorWording } from './wording.ts';

export interface CollectorOptions {
  readonly host: string;
  readonly port: number;
  /** several while a key is rotated; none: 503 `no_key_configured` */
  readonly apiKeys: readonly string[];
  readonly trustProxy?: readonly string[] | false;
  readonly commitTimeoutMs: number;
  readonly admission: Admission;
  readonly gate: IntakeGate;
  readonly health: () => Health;
  readonly onRefused: OnRefused;
  readonly log: Logger;
  readonly now?: () => number;
  /** for tests of slow senders; 10 s */
  readonly requestTimeoutMs?: number;
}

export interface CollectorSource {
  readonly deliveries$: Observable<Delivery>;
  /** @throws KadaError KADA_LISTEN */
  listen(): Promise<{ readonly url: string }>;
  /** New requests get 503 `stopping` and `Connection: close`; those inside are still answered. */
  stopAccepting(): void;
  /** Ends the stream and the listener; the pipeline settles what is in flight before. */
  close(): Promise<void>;
}

/** The keyed door for server-side callers: `POST /events`. */
export function createCollectorSource(options: CollectorOptions): CollectorSource {
  const { onRefused } = options;
  const trustProxy = options.trustProxy ?? false;
  const server = createHttpServer({ ...options, trustProxy, bodyLimit: MAX_BODY_BYTES });
  const { app, refuse } = server;
  const keys = createKeys(options.apiKeys);
  const intake = createIntake({
    via: 'collector',
    commitTimeoutMs: options.commitTimeoutMs,
    admission: options.admission,
    gate: options.gate,
    answers: server,
    wording: collectorWording,
    onRefused,
    isStopping: server.isStopping,
    now: options.now ?? Date.now,
  });

  installBodyReader(app, {
    contentTypes: ['application/json'],
    limit: MAX_BODY_BYTES,
    admission: options.admission,
    onAborted: () => onRefused('aborted', 1),
  });

  function guard(request: FastifyRequest, reply: FastifyReply, next: () => void): void {
    if (!keys.configured) refuse(reply, 'no_key_configured');
    else if (!keys.accepts(request.headers['x-analytics-key'])) refuse(reply, 'bad_key', ASK_FOR_KEY);
    else if (!intake.refuses(request, reply)) next();
  }

  function take(request: FastifyRequest, reply: FastifyReply): void {
    intake.take(request, reply, {
      road: 'collector',
      userAgent: request.headers['user-agent'],
      ip: cleanAddress(request.ip),
    });
  }

  app.post('/events', { onRequest: guard }, take);
  app.get('/', (_request, reply) => server.answer(reply, 200, ABOUT));
  app.get('/health', healthRoute(server, options.health));
  app.get('/openapi.json', (_request, reply) => server.answer(reply, 200, collectorOpenapi()));

  async function close(): Promise<void> {
    await server.close();
    intake.deliveries.complete();
  }

  return {
    deliveries$: intake.deliveries.asObservable(),
    listen: server.listen,
    stopAccepting: server.stopAccepting,
    close,
  };
}

const ASK_FOR_KEY = { headers: ['www-authenticate', 'ApiKey header="X-ANALYTICS-KEY"'] } as const;

const ABOUT = JSON.stringify({
  service: 'Kada Mandiya analytics collector',
  events: 'POST /events with X-ANALYTICS-KEY',
  health: '/health',
  openapi: '/openapi.json',
});
