import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Observable } from 'rxjs';
import type { Delivery, Origin } from '../delivery.ts';
import type { Admission } from '../http/admission.ts';
import { installBodyReader } from '../http/body.ts';
import type { IntakeGate } from '../http/gate.ts';
import { type Health, healthRoute } from '../http/health.ts';
import { createIntake } from '../http/intake.ts';
import { cleanAddress, hasForwardingHeader, isLoopback } from '../http/peer.ts';
import type { OnRefused } from '../http/refusal.ts';
import { createHttpServer } from '../http/server.ts';
import { MAX_BODY_BYTES } from '../http/split.ts';
import { createCors } from './cors.ts';
import {
  createLetterBounds,
  createTrackingLimits,
  type LetterBounds,
  overEvents,
  type RateLimits,
} from './limits.ts';
import { trackingOpenapi } from './openapi.ts';
import { traceparentOf } from './traceparent.ts';
import { trackingWording } from './wording.ts';

export interface TrackingOptions extends RateLimits {
  readonly host: string;
  readonly port: number;
  readonly corsAllowOrigins: readonly string[];
  readonly trustProxy: readonly string[] | false;
  readonly deadLetters: LetterBounds;
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

export interface TrackingSource {
  readonly deliveries$: Observable<Delivery>;
  /** @throws KadaError KADA_LISTEN */
  listen(): Promise<{ readonly url: string }>;
  /** New requests get 503 `stopping` and `Connection: close`; those inside are still answered. */
  stopAccepting(): void;
  /** Ends the stream and the listener; the pipeline settles what is in flight before. */
  close(): Promise<void>;
  /** The dead-letter bounds of events.md 7: asked before a letter is stored; false: outcome `rejected`. */
  allowLetter(origin: Origin, bytes: number): boolean;
}

type TypedRoute = Extract<Origin, { readonly road: 'track' }>['typedRoute'];
const TYPED_ROUTES = ['page_view', 'click', 'add_to_cart', 'begin_checkout'] as const;

/** The public door: `POST /track` and its typed routes, from browsers and their beacons. */
export function createTrackingSource(options: TrackingOptions): TrackingSource {
  const now = options.now ?? Date.now;
  const { onRefused } = options;
  const server = createHttpServer({ ...options, bodyLimit: MAX_BODY_BYTES, headers: ['vary', 'Origin'] });
  const { app, refuse } = server;
  const cors = createCors(options.corsAllowOrigins);
  const limits = createTrackingLimits(options);
  const intake = createIntake({
    via: 'tracking',
    commitTimeoutMs: options.commitTimeoutMs,
    admission: options.admission,
    gate: options.gate,
    limit: limits.limit,
    answers: server,
    wording: trackingWording,
    onRefused,
    isStopping: server.isStopping,
    now,
  });

  installBodyReader(app, {
    // text/plain: beacons, whose JSON type would need a preflight just as the page unloads
    contentTypes: ['application/json', 'text/plain'],
    limit: MAX_BODY_BYTES,
    admission: options.admission,
    onAborted: () => onRefused('aborted', 1),
  });

  function originOf(request: FastifyRequest, typedRoute: TypedRoute): Origin {
    const peer = request.socket.remoteAddress;
    return {
      road: 'track',
      typedRoute,
      userAgent: request.headers['user-agent'],
      ip: cleanAddress(options.trustProxy === false ? peer : request.ip),
      local: isLocal(request),
      traceparent: traceparentOf(request.headers.traceparent),
    };
  }

  for (const typedRoute of [undefined, ...TYPED_ROUTES]) {
    const path = typedRoute === undefined ? '/track' : `/track/${typedRoute}`;

    function guard(request: FastifyRequest, reply: FastifyReply, next: () => void): void {
      if (!cors.admits(request, reply)) refuse(reply, 'origin');
      else if (intake.refuses(request, reply)) return;
      else if (!isLocal(request) && limits.isSpent(originOf(request, typedRoute), now())) {
        refuse(reply, 'rate_limited', overEvents(now()));
      } else next();
    }

    function take(request: FastifyRequest, reply: FastifyReply): void {
      intake.take(request, reply, originOf(request, typedRoute));
    }

    app.post(path, { onRequest: guard }, take);
    app.options(path, (request, reply) => {
      if (cors.admits(request, reply)) cors.answerPreflight(reply);
      else refuse(reply, 'origin');
    });
  }

  app.get('/health', { onRequest: allowReading }, healthRoute(server, options.health));
  app.get('/openapi.json', { onRequest: allowReading }, (_request, reply) =>
    server.answer(reply, 200, trackingOpenapi()),
  );
  // its own issue; until it is built a page that asks for it gets a plain 404
  app.get('/tracker.js', (_request, reply) => refuse(reply, 'not_found'));

  function allowReading(request: FastifyRequest, reply: FastifyReply, next: () => void): void {
    // reading is harmless: without the headers the browser itself keeps the reply from the page
    cors.admits(request, reply);
    next();
  }

  async function close(): Promise<void> {
    await server.close();
    intake.deliveries.complete();
  }

  return {
    deliveries$: intake.deliveries.asObservable(),
    listen: server.listen,
    stopAccepting: server.stopAccepting,
    close,
    allowLetter: createLetterBounds(options.deadLetters, now),
  };
}

/** On loopback and not through a proxy, not even a local one (events.md 8). */
function isLocal(request: FastifyRequest): boolean {
  return isLoopback(request.socket.remoteAddress) && !hasForwardingHeader(request.headers);
}
