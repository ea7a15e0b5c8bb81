import { z } from 'zod';
import { KadaError, messageOf } from '../../ingest/errors.ts';
import type { EtlRun } from '../../sinks/materialise/plan.ts';
import type { CycleRequest } from '../etl/materialiser.ts';
import type { LetterOffice } from '../replay/office.ts';
import { type ControlFile, readControlFile } from './file.ts';
import { lettersThrough } from './letters.ts';
import type { BoundedQueryResult } from './query.ts';

/** A running process that owns the warehouse, as commands see it. */
export interface ControlClient {
  readonly pid: number;
  status(): Promise<Readonly<Record<string, unknown>>>;
  /** Throws a KadaError: the process's own about the query, or KADA_CONTROL_AWAY. */
  query(sql: string, options?: { readonly maxRows?: number }): Promise<BoundedQueryResult>;
  /** @returns the run that was begun */
  beginCycle(request: CycleRequest): Promise<string>;
  cycle(runId: string): Promise<EtlRun>;
  readonly letters: LetterOffice;
}

const probeTimeoutMs = 2_000;
const queryTimeoutMs = 10 * 60_000;
const lettersTimeoutMs = 10 * 60_000;

const errorBody = z.object({ error: z.object({ code: z.string(), message: z.string() }) });
const statusBody = z.record(z.string(), z.unknown());
const value = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const resultBody = z.object({
  columns: z.array(z.string()),
  rows: z.array(z.array(value)),
  truncated: z.boolean(),
}) satisfies z.ZodType<BoundedQueryResult>;

const begunBody = z.object({ runId: z.string() });
const runBody = z.object({
  runId: z.string(),
  runType: z.string(),
  startedAt: z.number(),
  finishedAt: z.number().nullable(),
  asOf: z.number().nullable(),
  status: z.enum(['running', 'success', 'failed', 'skipped']),
  rowsInserted: z.number(),
  errorMessage: z.string().nullable(),
}) satisfies z.ZodType<EtlRun>;

/**
 * The process that owns this data directory, or undefined. A control.json that does not answer with its token
 * was left by a process that was killed: it is ignored, and DuckDB's own lock decides.
 */
export async function findControl(dataDir: string): Promise<ControlClient | undefined> {
  const file = await readControlFile(dataDir);
  if (file === undefined) return undefined;
  try {
    const answer = statusBody.parse(await call(file, 'GET', '/status', undefined, probeTimeoutMs));
    return answer.pid === file.pid ? createClient(file) : undefined;
  } catch {
    return undefined;
  }
}

function createClient(file: ControlFile): ControlClient {
  async function status(): Promise<Readonly<Record<string, unknown>>> {
    return statusBody.parse(await call(file, 'GET', '/status', undefined, probeTimeoutMs));
  }
  async function query(
    sql: string,
    options: { readonly maxRows?: number } = {},
  ): Promise<BoundedQueryResult> {
    return resultBody.parse(await call(file, 'POST', '/query', { sql, ...options }, queryTimeoutMs));
  }
  async function beginCycle(request: CycleRequest): Promise<string> {
    return begunBody.parse(await call(file, 'POST', '/etl', request, probeTimeoutMs)).runId;
  }
  async function cycle(runId: string): Promise<EtlRun> {
    return runBody.parse(
      await call(file, 'GET', `/etl/${encodeURIComponent(runId)}`, undefined, probeTimeoutMs),
    );
  }
  const letters = lettersThrough((path, body) => call(file, 'POST', path, body, lettersTimeoutMs));
  return { pid: file.pid, status, query, beginCycle, cycle, letters };
}

async function call(
  file: ControlFile,
  method: 'GET' | 'POST',
  path: string,
  body: unknown,
  timeoutMs: number,
): Promise<unknown> {
  let response: Response;
  let answer: unknown;
  try {
    response = await fetch(new URL(path, file.url), {
      method,
      headers: {
        authorization: `Bearer ${file.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    answer = await response.json();
  } catch (error) {
    throw new KadaError(
      'KADA_CONTROL_AWAY',
      `the running process (pid ${file.pid}) did not answer: ${messageOf(error)}`,
      { cause: error },
    );
  }
  if (response.ok) return answer;
  const told = errorBody.safeParse(answer);
  const code =
    told.success && isKadaCode(told.data.error.code) ? told.data.error.code : 'KADA_CONTROL_REFUSED';
  throw new KadaError(code, told.success ? told.data.error.message : `answered ${response.status}`);
}

const isKadaCode = (code: string): code is `KADA_${string}` => code.startsWith('KADA_');
