import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import { z } from 'zod';
import { messageOf } from '../../ingest/errors.ts';
import { errorBody } from '../../ingest/http/answer.ts';
import { createKeys } from '../../ingest/http/keys.ts';
import type { HttpServer } from '../../ingest/http/server.ts';
import { readIso } from '../../ingest/time.ts';

/** Which pending letters are meant; times are ms since 1970, by when they failed. */
export interface LettersMeant {
  readonly ids?: readonly string[] | undefined;
  readonly reason?: string | undefined;
  readonly source?: string | undefined;
  readonly text?: string | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** What can be done with dead letters; undefined answers 503 until the pipeline runs. */
export interface DeadLetterActions {
  /** @returns what became of each, at most 500; `more`: others are meant as well */
  replay(
    meant: LettersMeant,
    dryRun: boolean,
  ): Promise<{ readonly results: unknown; readonly more: boolean }>;
  /** @returns the ids that were discarded now */
  discard(ids: readonly string[], why: string): Promise<readonly string[]>;
}

const mostLetters = 500;
/** bytes: 500 ids */
const bodyLimit = 65_536;

const id = z
  .string()
  .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, 'is no letter’s id')
  .toLowerCase();
const ids = z.array(id).min(1).max(mostLetters);
const day = /^\d{4}-\d{2}-\d{2}$/;
const dayMs = 86_400_000;
const time = z.string().transform((text, context) => {
  const at = readIso(text);
  if (at !== undefined) return { at, wholeDay: day.test(text.trim()) };
  context.addIssue({ code: 'custom', message: 'is a day, or a time as ISO 8601' });
  return z.NEVER;
});
const filter = z
  .strictObject({
    reason: z.string().min(1).max(500).optional(),
    source: z.enum(['tracking', 'collector', 'rabbitmq']).optional(),
    text: z.string().min(1).max(200).optional(),
    from: time.optional(),
    to: time.optional(),
  })
  .transform(({ from, to, ...rest }) => ({
    ...rest,
    from: from?.at,
    // a day is meant with its last moment
    to: to === undefined ? undefined : to.at + (to.wholeDay ? dayMs : 0),
  }));
const replayBody = z
  .strictObject({ ids: ids.optional(), filter: filter.optional(), dry_run: z.boolean().default(false) })
  .refine((body) => (body.ids === undefined) !== (body.filter === undefined), 'give either ids or a filter');
const discardBody = z.strictObject({ ids, why: z.string().trim().min(1).max(1_000) });

/** `POST /api/dead-letters/replay` and `/discard`, with ADMIN_API_KEY (http.md, Dashboard). */
export function installDeadLetterActions(
  app: FastifyInstance,
  http: HttpServer,
  options: {
    readonly deadLetters: () => DeadLetterActions | undefined;
    readonly adminKey: string | undefined;
    readonly log: Logger;
  },
): void {
  const { deadLetters, adminKey, log } = options;
  const admin = createKeys(adminKey === undefined ? [] : [adminKey]);
  const fail = (reply: FastifyReply, status: number, code: string, message: string): FastifyReply => {
    http.answer(reply, status, errorBody(code, message));
    return reply;
  };

  function on<Body extends z.ZodType>(
    path: string,
    schema: Body,
    act: (actions: DeadLetterActions, body: z.output<Body>) => Promise<unknown>,
  ): void {
    app.post(path, { bodyLimit }, async (request, reply) => {
      if (!admin.configured)
        return fail(
          reply,
          503,
          'no_key_configured',
          'Set ADMIN_API_KEY to allow calls that change something.',
        );
      if (!admin.accepts(request.headers['x-admin-key']))
        return fail(reply, 401, 'bad_key', 'The header X-ADMIN-KEY with ADMIN_API_KEY is needed.');
      const body = schema.safeParse(request.body ?? {});
      if (!body.success) return fail(reply, 400, 'bad_request', z.prettifyError(body.error));
      const actions = deadLetters();
      if (actions === undefined) return fail(reply, 503, 'starting', 'The pipeline is still starting.');
      try {
        http.answer(reply, 200, JSON.stringify(await act(actions, body.data)));
      } catch (error) {
        log.warn({ reason: messageOf(error) }, 'dead letters could not be worked on');
        fail(reply, 503, 'warehouse_away', 'The warehouse does not answer; nothing is lost. Try again.');
      }
      return reply;
    });
  }

  on('/api/dead-letters/replay', replayBody, (actions, { ids: meant, filter: asked, dry_run }) =>
    actions.replay(meant === undefined ? { ...asked } : { ids: meant }, dry_run),
  );
  on('/api/dead-letters/discard', discardBody, async (actions, { ids: meant, why }) => ({
    discarded: await actions.discard(meant, why),
  }));
}
