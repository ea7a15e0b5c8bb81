import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { HttpServer } from '../../ingest/http/server.ts';
import { letterSummaryQuery, lettersCountQuery, lettersQuery } from '../../sinks/letter-queries.ts';
import type { HistoryOptions } from './history-api.ts';
import {
  asObjects,
  createHistoryReader,
  day,
  firstDay,
  inOrder,
  lastDay,
  outOfOrder,
  whole,
} from './history-read.ts';

const longestPage = 500;
const defaultPage = 50;
/** days × reasons × sources × states of ten years at their most */
const longestSummary = 100_000;

const range = { from: day.default(firstDay), to: day.default(lastDay) };
const summaryParameters = z.strictObject(range).refine(inOrder, outOfOrder);
const word = (most: number) =>
  z
    .string()
    .regex(/^[\w.:-]+$/, 'is a plain word')
    .max(most);
const noControls = /^[^\p{Cc}]*$/u;
const letterParameters = z
  .strictObject({
    ...range,
    reason: word(200).optional(),
    source: word(50).optional(),
    status: z.enum(['pending', 'replayed', 'discarded']).optional(),
    id: z.uuid().optional(),
    text: z.string().min(1).max(100).regex(noControls, 'holds a control character').optional(),
    limit: whole(1, longestPage).default(defaultPage),
    offset: whole(0, 999_999_999).default(0),
  })
  .refine(inOrder, outOfOrder);

/**
 * The two calls that read dead letters: `GET /api/dead-letters/summary?from&to`, counts by day, reason, source and
 * status; `GET /api/dead-letters` with filters and pages, newest first, and one letter whole where its id is given.
 */
export function installLetters(
  app: FastifyInstance,
  http: HttpServer,
  options: { readonly history: () => HistoryOptions; readonly log: Logger },
): void {
  const { fail, starting, read } = createHistoryReader(http, options.log);
  const bad = (reply: FastifyReply, error: z.ZodError): FastifyReply =>
    fail(reply, 400, 'bad_request', z.prettifyError(error));

  app.get('/api/dead-letters/summary', async (request, reply) => {
    const asked = summaryParameters.safeParse(request.query);
    if (!asked.success) return bad(reply, asked.error);
    const { query } = options.history();
    if (query === undefined) return starting(reply);
    const found = await read(reply, query, letterSummaryQuery(asked.data), longestSummary);
    if (found !== undefined)
      http.answer(reply, 200, JSON.stringify({ ...asked.data, rows: asObjects(found) }));
    return reply;
  });

  app.get('/api/dead-letters', async (request, reply) => {
    const asked = letterParameters.safeParse(request.query);
    if (!asked.success) return bad(reply, asked.error);
    const { query } = options.history();
    if (query === undefined) return starting(reply);
    const { limit, offset, ...filter } = asked.data;
    const counted = await read(reply, query, lettersCountQuery(filter), 1);
    if (counted === undefined) return reply;
    const page = await read(reply, query, lettersQuery(filter, { offset, limit }), limit);
    if (page === undefined) return reply;
    const total = Number(counted.rows[0]?.[0] ?? 0);
    const answer = {
      total,
      rows: asObjects(page),
      next_offset: offset + page.rows.length < total && page.rows.length > 0 ? offset + limit : null,
    };
    http.answer(reply, 200, JSON.stringify(answer));
    return reply;
  });
}
