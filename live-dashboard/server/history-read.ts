import type { FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import { z } from 'zod';
import { messageOf } from '../../ingest/errors.ts';
import { errorBody } from '../../ingest/http/answer.ts';
import type { HttpServer } from '../../ingest/http/server.ts';
import type { QueryResult } from '../../sinks/warehouse.ts';

export type ReadQuery = (sql: string, options: { readonly maxRows: number }) => Promise<QueryResult>;

const isDay = (text: string): boolean => {
  const ms = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
};
export const day = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}$/, 'is a day as YYYY-MM-DD')
  .refine(isDay, 'is no day of the calendar');
export const whole = (lowest: number, highest: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'is a whole number')
    .transform(Number)
    .refine((value) => value >= lowest && value <= highest, `is from ${lowest} to ${highest}`);
export const firstDay = '1970-01-01';
export const lastDay = '9998-12-31';
export const inOrder = ({ from, to }: { readonly from: string; readonly to: string }): boolean => from <= to;
export const outOfOrder = { message: 'is after to', path: ['from'] };

/** How calls that read the warehouse answer: the rows, or what is the matter. */
export interface HistoryReader {
  fail(reply: FastifyReply, status: number, code: string, message: string): FastifyReply;
  /** The warehouse is not open yet. */
  starting(reply: FastifyReply): FastifyReply;
  /** undefined: the store did not answer, and the reply says so. */
  read(reply: FastifyReply, query: ReadQuery, sql: string, maxRows: number): Promise<QueryResult | undefined>;
}

export function createHistoryReader(http: HttpServer, log: Logger): HistoryReader {
  function fail(reply: FastifyReply, status: number, code: string, message: string): FastifyReply {
    http.answer(reply, status, errorBody(code, message));
    return reply;
  }
  return {
    fail,
    starting: (reply) => fail(reply, 503, 'starting', 'The warehouse is not open yet.'),
    async read(reply, query, sql, maxRows) {
      try {
        return await query(sql, { maxRows });
      } catch (error) {
        log.warn({ reason: messageOf(error) }, 'history could not be read');
        fail(reply, 503, 'warehouse_away', 'The warehouse does not answer; nothing is lost. Try again.');
        return undefined;
      }
    },
  };
}

export const asObjects = ({ columns, rows }: QueryResult): readonly Readonly<Record<string, unknown>>[] =>
  rows.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index] ?? null])));
