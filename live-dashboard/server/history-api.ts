import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { z } from 'zod';
import { createKeys } from '../../ingest/http/keys.ts';
import type { HttpServer } from '../../ingest/http/server.ts';
import { goldQuery, goldTables, isGoldTable } from '../../sinks/gold-tables.ts';
import { readRangeQueries } from '../../sinks/range-query.ts';
import { isRangeTable, rangeTables } from '../../sinks/range-tables.ts';
import {
  asObjects,
  createHistoryReader,
  day,
  firstDay,
  inOrder,
  lastDay,
  outOfOrder,
  type ReadQuery,
  whole,
} from './history-read.ts';
import { goldStateQuery, type ReportSettings, reportFacts } from './report-facts.ts';

/** What the history calls read and begin; undefined answers 503 until the warehouse is open. */
export interface HistoryOptions {
  readonly query: ReadQuery | undefined;
  /** Begins a cycle of Silver and Gold; undefined: not yet. */
  readonly beginCycle: ((request: { readonly full: boolean }) => { readonly runId: string }) | undefined;
  /** left out: UTC days, no seeds, and no cycle that is known to come */
  readonly report?: ReportSettings;
}

const longestPage = 10_000;
const defaultPage = 1_000;

const goldParameters = z
  .strictObject({
    from: day.default(firstDay),
    to: day.default(lastDay),
    limit: whole(1, longestPage).default(defaultPage),
    offset: whole(0, 999_999_999).default(0),
  })
  .refine(inOrder, outOfOrder);
const runsParameters = z.strictObject({ limit: whole(1, 1_000).default(50) });
const cycleBody = z.strictObject({ full: z.boolean().default(false) });

/** `GET /api/gold/:table`, `GET /api/runs` and `POST /api/etl/run` (http.md, Dashboard). */
export async function installHistory(
  app: FastifyInstance,
  http: HttpServer,
  options: {
    readonly history: () => HistoryOptions;
    readonly adminKey: string | undefined;
    readonly log: Logger;
  },
): Promise<void> {
  const { history, adminKey, log } = options;
  const admin = createKeys(adminKey === undefined ? [] : [adminKey]);
  const { fail, starting, read } = createHistoryReader(http, log);
  const rangeQuery = await readRangeQueries();

  app.get<{ Params: { table: string } }>('/api/gold/:table', async (request, reply) => {
    const { table } = request.params;
    if (!isGoldTable(table) && !isRangeTable(table)) {
      const tables = [...Object.keys(goldTables), ...Object.keys(rangeTables)];
      const message = `There is no such table. There are: ${tables.join(', ')}.`;
      return fail(reply, 404, 'unknown_table', message);
    }
    const parameters = goldParameters.safeParse(request.query);
    if (!parameters.success) return fail(reply, 400, 'bad_request', z.prettifyError(parameters.error));
    const { query } = history();
    if (query === undefined) return starting(reply);
    const { from, to, limit, offset } = parameters.data;
    // One row more tells whether there is a further page.
    const asked = { from, to, offset, limit: limit + 1 };
    const text = isRangeTable(table) ? rangeQuery({ table, ...asked }) : goldQuery({ table, ...asked });
    const page = await read(reply, query, text, limit + 1);
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
    const { query, report } = history();
    if (query === undefined) return starting(reply);
    const { limit } = asked.data;
    const text =
      'SELECT r.run_id, r.run_type, r.started_at, r.finished_at, r.as_of, r.status, r.rows_inserted, ' +
      'r.error_message FROM ops.etl_runs AS r ORDER BY r.started_at DESC, r.run_id ' +
      `OFFSET 0 ROWS FETCH NEXT ${limit} ROWS ONLY`;
    const page = await read(reply, query, text, limit);
    if (page === undefined) return reply;
    const gold = await read(reply, query, goldStateQuery, 1);
    if (gold === undefined) return reply;
    http.answer(reply, 200, JSON.stringify({ ...reportFacts(gold, report), runs: asObjects(page) }));
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
