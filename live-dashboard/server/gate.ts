import cookie from '@fastify/cookie';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { errorBody } from '../../ingest/http/answer.ts';
import { createMinuteCounter, secondsToNextMinute } from '../../ingest/http/minute-counter.ts';
import { addressKey } from '../../ingest/http/peer.ts';
import type { HttpServer } from '../../ingest/http/server.ts';
import { historyPages } from '../history-pages.ts';
import { createAccessToken, SESSION_AGE, SESSION_COOKIE } from './access-token.ts';
import { createHostCheck } from './hosts.ts';
import { loginPage, loginStyle } from './login-page.ts';

/** Wrong tokens a minute and address, before it has to wait. */
const TRIES_A_MINUTE = 10;

/** Refusals that only the dashboard knows; codes in the reply and labels of the counter. */
export type GateRefusal = 'misdirected' | 'unauthorized' | 'rate_limited';

export interface GateOptions {
  readonly allowedHosts: readonly string[];
  readonly token: string | undefined;
  readonly onRefused: (reason: GateRefusal) => void;
}

const pathOf = (request: FastifyRequest): string => request.url.split('?', 1)[0] ?? '/';

/** Who may see the dashboard: a known host name, and the token where one is set (http.md, Dashboard). */
export async function installGate(
  app: FastifyInstance,
  http: HttpServer,
  options: GateOptions,
): Promise<void> {
  const isAllowedHost = createHostCheck(options.allowedHosts);

  app.addHook('onRequest', function checkHost(request, reply, done) {
    if (isAllowedHost(request.headers.host)) return done();
    options.onRefused('misdirected');
    const message = 'This host name is not served here. Add it to DASHBOARD_ALLOWED_HOSTS if it is yours.';
    http.answer(reply, 421, errorBody('misdirected', message));
  });

  await app.register(cookie);
  if (options.token === undefined) {
    app.get('/login', (_request, reply) => reply.redirect('/', 303));
    return;
  }
  installToken(app, http, { ...options, token: options.token });
}

function installToken(
  app: FastifyInstance,
  http: HttpServer,
  options: GateOptions & { readonly token: string },
): void {
  const token = createAccessToken(options.token);
  const open = new Set(['/livez', '/login', '/login.css']);
  const pages = new Set<string>(['/', ...historyPages]);
  const tries = createMinuteCounter(10_000);

  app.addHook('onRequest', function checkToken(request, reply, done) {
    if (open.has(pathOf(request))) return done();
    if (token.admits(request.cookies[SESSION_COOKIE], request.headers.authorization)) return done();
    if (pages.has(pathOf(request)) && (request.headers.accept ?? '').includes('text/html')) {
      reply.redirect('/login', 303);
      return;
    }
    options.onRefused('unauthorized');
    const message = 'Sign in at /login, or send DASHBOARD_TOKEN as a Bearer token.';
    http.answer(reply, 401, errorBody('unauthorized', message), ['www-authenticate', 'Bearer']);
  });

  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(String(body)))),
  );

  const page = (reply: FastifyReply, status: number, failed: boolean): FastifyReply =>
    reply
      .code(status)
      .header('cache-control', 'no-store')
      .type('text/html; charset=utf-8')
      .send(loginPage(failed));

  app.get('/login', (_request, reply) => page(reply, 200, false));
  app.get('/login.css', (_request, reply) => reply.type('text/css; charset=utf-8').send(loginStyle));

  app.post('/login', (request, reply) => {
    const now = Date.now();
    const address = addressKey(request.ip);
    if (tries.used(address, now) >= TRIES_A_MINUTE) {
      options.onRefused('rate_limited');
      const message = 'Too many wrong tokens from this address; try again in the next minute.';
      http.answer(reply, 429, errorBody('rate_limited', message), [
        'retry-after',
        String(secondsToNextMinute(now)),
      ]);
      return reply;
    }
    if (!token.matches(tokenIn(request.body))) {
      tries.add(address, 1, now);
      options.onRefused('unauthorized');
      return page(reply, 401, true);
    }
    return reply
      .setCookie(SESSION_COOKIE, token.session, {
        path: '/',
        httpOnly: true,
        sameSite: 'strict',
        // a proxy in front may speak TLS for us; a browser then keeps the cookie off plain HTTP
        secure: request.headers['x-forwarded-proto'] === 'https',
        maxAge: SESSION_AGE,
      })
      .redirect('/', 303);
  });
}

function tokenIn(body: unknown): string {
  if (typeof body !== 'object' || body === null || !('token' in body)) return '';
  return typeof body.token === 'string' ? body.token : '';
}
