import type { GoldTable } from '../../../sinks/gold-tables.ts';
import type { RangeTable } from '../../../sinks/range-tables.ts';
import type { DayRange } from './range.ts';

export type Answer<T> =
  | { readonly kind: 'ok'; readonly value: T }
  /** what went wrong, as a sentence for the page */
  | { readonly kind: 'failed'; readonly message: string };

/** Money and rates come as numbers, and as text where a number is not exact. */
export type Numeric = number | string;

export interface Run {
  readonly run_id: string;
  readonly run_type: string;
  readonly started_at: string;
  readonly finished_at: string | null;
  readonly as_of: string | null;
  readonly status: 'running' | 'success' | 'failed' | 'skipped';
  readonly rows_inserted: number;
  readonly error_message: string | null;
}

export interface Runs {
  /** the server's clock, ISO */
  readonly now: string;
  /** the day of the report that it is now */
  readonly day: string;
  readonly next_at: string | null;
  readonly gold_as_of: string | null;
  /** the day of gold_as_of: it is still running */
  readonly gold_day: string | null;
  readonly first_day: string | null;
  readonly report: {
    readonly time_zone: string;
    readonly seeds: boolean;
    readonly funnels: readonly {
      readonly name: string;
      readonly title: string;
      readonly window_seconds: number;
    }[];
  };
  /** newest first */
  readonly runs: readonly Run[];
}

export interface LetterCount {
  readonly failed_date: string;
  readonly reason: string;
  readonly source: string;
  readonly status: string;
  readonly letters: number;
  readonly seen: number;
}

export interface Letter {
  readonly event_id: string;
  readonly failed_at: string;
  readonly received_at: string;
  readonly source: string;
  readonly stage: string;
  readonly reason: string;
  readonly detail: string;
  readonly attempts: number;
  readonly seen: number;
  readonly last_seen_at: string;
  readonly status: string;
  readonly resolved_at: string | null;
  readonly resolution: string | null;
  /** only when the letter was asked for by its id */
  readonly context?: string;
  readonly payload?: string;
}

export interface Letters {
  readonly total: number;
  readonly rows: readonly Letter[];
  readonly next_offset: number | null;
}

const PAGE = 10_000;

/** The address of the rows that a number came from. */
export const goldAddress = (table: GoldTable | RangeTable, { from, to }: DayRange): string =>
  `/api/gold/${table}?from=${from}&to=${to}`;

export async function getJson<T>(address: string, signal?: AbortSignal): Promise<Answer<T>> {
  try {
    const response = await fetch(address, {
      headers: { accept: 'application/json' },
      ...(signal && { signal }),
    });
    const body: unknown = await response.json();
    // the server's own answer, whose shape its tests hold
    if (response.ok) return { kind: 'ok', value: body as T };
    return { kind: 'failed', message: messageIn(body) ?? `The server answered ${response.status}.` };
  } catch {
    return { kind: 'failed', message: 'The server does not answer.' };
  }
}

function messageIn(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('error' in body)) return undefined;
  const { error } = body;
  if (typeof error !== 'object' || error === null || !('message' in error)) return undefined;
  return typeof error.message === 'string' ? error.message : undefined;
}

/** All rows of a range, however many pages they are. */
export async function goldRows<T>(
  table: GoldTable | RangeTable,
  range: DayRange,
  signal: AbortSignal,
): Promise<Answer<readonly T[]>> {
  const rows: T[] = [];
  for (let offset: number | null = 0; offset !== null; ) {
    const page: Answer<{ readonly rows: readonly T[]; readonly next_offset: number | null }> = await getJson(
      `${goldAddress(table, range)}&limit=${PAGE}&offset=${offset}`,
      signal,
    );
    if (page.kind === 'failed') return page;
    for (const row of page.value.rows) rows.push(row);
    offset = page.value.next_offset;
  }
  return { kind: 'ok', value: rows };
}

type Values<T extends readonly Answer<unknown>[]> = {
  readonly [K in keyof T]: Extract<T[K], { readonly kind: 'ok' }>['value'];
};

/** All of them, or the first that failed. */
export function together<T extends readonly Answer<unknown>[] | []>(answers: T): Answer<Values<T>> {
  const values: unknown[] = [];
  for (const answer of answers) {
    if (answer.kind === 'failed') return answer;
    values.push(answer.value);
  }
  // one value of each answer, in their order
  return { kind: 'ok', value: values as Values<T> };
}
