import type { Message } from '../delivery.ts';

export const MAX_EVENT_BYTES = 65_536;
export const MAX_BODY_BYTES = 524_288;
export const MAX_BATCH_EVENTS = 500;

export type Split =
  | { readonly kind: 'one'; readonly messages: readonly Message[] }
  | { readonly kind: 'many'; readonly messages: readonly Message[] }
  | { readonly kind: 'too_large'; readonly message: string; readonly index: number | undefined };

/**
 * One object is one event; an array, or an object whose `events` is an array and that names no type of its own,
 * is a batch (an array of one too). Whatever else was parsed is one broken event, for the pipeline to judge.
 *
 * @param bytes length of the whole body: an element can only be over 64 KB when the body is
 */
export function splitBody(value: unknown, text: string, bytes: number): Split {
  const elements = elementsOf(value);
  if (elements === undefined) {
    if (bytes > MAX_EVENT_BYTES) return tooLarge(`An event may have ${MAX_EVENT_BYTES} bytes.`, undefined);
    return { kind: 'one', messages: [{ kind: 'parsed', value, text }] };
  }
  if (elements.length > MAX_BATCH_EVENTS) {
    return tooLarge(
      `A request may hold ${MAX_BATCH_EVENTS} events, this one has ${elements.length}.`,
      undefined,
    );
  }
  if (bytes > MAX_EVENT_BYTES) {
    const index = elements.findIndex((element) => byteLength(element) > MAX_EVENT_BYTES);
    if (index >= 0) return tooLarge(`Event ${index} is over ${MAX_EVENT_BYTES} bytes.`, index);
  }
  return {
    kind: 'many',
    messages: elements.map((element) => ({ kind: 'parsed', value: element, text: undefined })),
  };
}

function tooLarge(message: string, index: number | undefined): Split {
  return { kind: 'too_large', message, index };
}

function elementsOf(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value;
  if (typeof value !== 'object' || value === null || !('events' in value)) return undefined;
  if ('event_type' in value || 'eventType' in value) return undefined;
  return Array.isArray(value.events) ? value.events : undefined;
}

/** Never throws: a body deep enough to overflow JSON.stringify is measured as too large by itself. */
function byteLength(element: unknown): number {
  try {
    return Buffer.byteLength(JSON.stringify(element));
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
