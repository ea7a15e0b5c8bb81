import { messageOf } from '../../ingest/errors.ts';
import type { QueryValue } from '../../sinks/warehouse.ts';

/** A dead letter as a transform gets it. */
export interface LetterToMend {
  readonly id: string;
  readonly source: string;
  readonly stage: string;
  readonly reason: string;
  /** ISO */
  readonly failedAt: string;
  readonly receivedAt: string;
  readonly attempts: number;
  readonly seen: number;
  /** zod issues and the like */
  readonly detail: unknown;
  /** what the transport knew: routing key, message id, user agent … */
  readonly context: unknown;
  /** the original text; base64 where context.payload_encoding says so */
  readonly payload: string;
  /** the payload as JSON; undefined: it is none */
  readonly body: unknown;
}

/** The mended body, an object or JSON text; undefined leaves the letter as it is. */
export type Transform = (letter: LetterToMend) => unknown;

export type Mended =
  | { readonly kind: 'mended'; readonly body: string }
  | { readonly kind: 'left' }
  | { readonly kind: 'failed'; readonly why: string };

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

export const letterToMend = (row: Readonly<Record<string, QueryValue>>): LetterToMend => {
  const text = (name: string): string => String(row[name] ?? '');
  const payload = text('payload');
  return {
    id: text('event_id'),
    source: text('source'),
    stage: text('stage'),
    reason: text('reason'),
    failedAt: text('failed_at'),
    receivedAt: text('received_at'),
    attempts: Number(row.attempts ?? 0),
    seen: Number(row.seen ?? 0),
    detail: parsed(text('detail')),
    context: parsed(text('context')),
    payload,
    body: parsed(payload),
  };
};

/** characters; what a message may have (commit-protocol.md 18) */
const longestBody = 1_048_576;

/** A transform is somebody's own code: what it throws concerns one letter. */
export async function mend(transform: Transform, letter: LetterToMend): Promise<Mended> {
  try {
    const given = await transform(letter);
    if (given === undefined || given === null) return { kind: 'left' };
    const body = typeof given === 'string' ? given : JSON.stringify(given);
    if (body === undefined) return { kind: 'failed', why: 'the transform gave no JSON' };
    if (body.length > longestBody) return { kind: 'failed', why: 'the mended body is over 1 MB' };
    return { kind: 'mended', body };
  } catch (error) {
    return { kind: 'failed', why: `the transform threw: ${messageOf(error)}` };
  }
}
