import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import { z } from 'zod';
import { messageOf } from '../../ingest/errors.ts';
import { errorBody } from '../../ingest/http/answer.ts';
import { createKeys } from '../../ingest/http/keys.ts';
import type { HttpServer } from '../../ingest/http/server.ts';
import { goldQuery, goldTables, isGoldTable } from '../../sinks/gold-tables.ts';
import type { QueryResult } from '../../sinks/warehouse.ts';

/** What the history calls read and begin; undefined answers 503 until the warehouse is open. */
export interface HistoryOptions {
  readonly query: ((sql: string, options: { readonly maxRows: number }) => Promise<QueryResult>) | undefined;
  /** Begins a cycle of Silver and Gold; undefined: not yet. */
  readonly beginCycle: ((request: { readonly full: boolean }) => { readonly runId: string }) | undefined;
}

const longestPage = 10_000;
const defaultPage = 1_000;

const isDay = (text: string): boolean => {
  const ms = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
};
const day = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}$/, 'is a day as YYYY-MM-DD')
  .refine(isDay, 'is no day of the calendar');
const whole = (lowest: number, highest: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'is a whole number')
    .transform(Number)
    .refine((value) => value >= lowest && value <= highest, `is from ${lowest} to ${highest}`);

const goldParameters = z
  .strictObject({
    from: day.default('1970-01-01'),
    to: day.default('9998-12-31'),
    limit: whole(1, longestPage).default(defaultPage),
    offset: whole(0, 999_999_999).default(0),
  })
  .refine(({ from, to }) => from <= to, { message: 'is after to', path: ['from'] });
const runsParameters = z.strictObject({ limit: whole(1, 1_000).default(50) });
const cycleBody = z.strictObject({ full: z.boolean().default(false) });

/** `GET /api/gold/:table`, `GET /api/runs` and `POST /api/etl/run` (http.md, Dashboard). */
export function installHistory(
  app: FastifyInstance,
  http: HttpServer,
  options: {
    readonly history: () => HistoryOptions;
    readonly adminKey: string | undefined;
    readonly log: Logger;
  },
): void {
  const { history, adminKey, log } = options;
  const admin = createKeys(adminKey === undefined ? [] : [adminKey]);
  const fail = (reply: FastifyReply, status: number, code: string, message: string): FastifyReply => {
    http.answer(reply, status, errorBody(code, message));
    return reply;
  };
  /** undefined: the store did not answer, and the reply says so. */
  async function read(
    reply: FastifyReply,
    query: NonNullable<HistoryOptions['query']>,
    sql: string,
    maxRows: number,
  ): Promise<QueryResult | undefined> {
    try {
      return await query(sql, { maxRows });
    } catch (error) {
      log.warn({ reason: messageOf(error) }, 'history could not be read');
      fail(reply, 503, 'warehouse_away', 'The warehouse does not answer; nothing is lost. Try again.');
      return undefined;
    }
  }
  const starting = (reply: FastifyReply): FastifyReply =>
    fail(reply, 503, 'starting', 'The warehouse is not open yet.');

  app.get<{ Params: { table: string } }>('/api/gold/:table', async (request, reply) => {
    const { table } = request.params;
    if (!isGoldTable(table)) {
      const message = `There is no such table. There are: ${Object.keys(goldTables).join(', ')}.`;
      return fail(reply, 404, 'unknown_table', message);
    }
    const asked = goldParameters.safeParse(request.query);
    if (!asked.success) return fail(reply, 400, 'bad_request', z.prettifyError(asked.error));
    const { query } = history();
    if (query === undefined) return starting(reply);
    const { from, to, limit, offset } = asked.data;
    // One row more tells whether there is a further page.
    const page = await read(
      reply,
      query,
      goldQuery({ table, from, to, offset, limit: limit + 1 }),
      limit + 1,
    );
    if (page === undefined) return reply;
    const more = page.rows.length > limit;
    const answer = {
      table,
      from,
      to,
      rows: asObjects(page).slice(0, limit),
      next_offset: more ? offset + limit : null,
    };
    http.answer(reply, 200, JSON.stringify(answer));
    return reply;
  });

  app.get('/api/runs', async (request, reply) => {
    const asked = runsParameters.safeParse(request.query);
    if (!asked.success) return fail(reply, 400, 'bad_request', z.prettifyError(asked.error));
    const { query } = history();
    if (query === undefined) return starting(reply);
    const { limit } = asked.data;
    const text =
      'SELECT r.run_id, r.run_type, r.started_at, r.finished_at, r.as_of, r.status, r.rows_inserted, ' +
      'r.error_message FROM ops.etl_runs AS r ORDER BY r.started_at DESC, r.run_id ' +
      `OFFSET 0 ROWS FETCH NEXT ${limit} ROWS ONLY`;
    const page = await read(reply, query, text, limit);
    if (page !== undefined) http.answer(reply, 200, JSON.stringify({ runs: asObjects(page) }));
    return reply;
  });

  app.post('/api/etl/run', async (request, reply) => {
    if (!admin.configured)
      return fail(reply, 503, 'no_key_configured', 'Set ADMIN_API_KEY to allow calls that change something.');
    if (!admin.accepts(request.headers['x-admin-key']))
      return fail(reply, 401, 'bad_key', 'The header X-ADMIN-KEY with ADMIN_API_KEY is needed.');
    const body = cycleBody.safeParse(request.body ?? {});
    if (!body.success) return fail(reply, 400, 'bad_request', z.prettifyError(body.error));
    const { beginCycle } = history();
    if (beginCycle === undefined) return starting(reply);
    http.answer(reply, 202, JSON.stringify({ run_id: beginCycle(body.data).runId }));
    return reply;
  });
}

const asObjects = ({ columns, rows }: QueryResult): readonly Readonly<Record<string, unknown>>[] =>
  rows.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index] ?? null])));
