import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { parse as parseSecurely } from 'secure-json-parse';
import { deepJsonText } from './deep-json-text.ts';
import type { Message } from './delivery.ts';
import { messageOf } from './errors.ts';
import type { Issue } from './event.ts';
import { sha256 } from './identity.ts';
import { maxDepth, maxKeys, type ShapeFault, shapeOf } from './shape.ts';
import { soundText, soundValue } from './text.ts';

export type DecodeReason = 'invalid_json' | 'invalid_event_shape' | 'too_large';

export type Decoded =
  | {
      readonly kind: 'decoded';
      /** within the bounds of shape.ts; every string sound (text.ts) */
      readonly body: Record<string, unknown>;
      /** the original text, without a byte order mark */
      readonly text: string;
      /** some key names an IP address: it is redacted before anything is stored */
      readonly holdsAddress: boolean;
    }
  | Undecodable;

/** A message that is no event: all that its dead letter needs. */
export interface Undecodable {
  readonly kind: 'undecodable';
  readonly reason: DecodeReason;
  readonly issues: readonly Issue[];
  /** the original text; base64 where the bytes are not UTF-8, or hold a NUL, which not every engine stores */
  readonly payload: string;
  readonly payloadEncoding: 'utf8' | 'base64';
  /** of the original bytes, all of them */
  readonly payloadSha256: string;
  /** bytes of the whole message where `payload` is only its beginning */
  readonly wholeLength: number | undefined;
}

export type ParsedBody =
  | { readonly ok: true; readonly value: unknown; readonly text: string }
  | { readonly ok: false; readonly reason: 'invalid_json'; readonly issues: readonly Issue[] };

const byteOrderMark = 0xfeff;

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const issue = (code: string, message: string): Issue => ({ path: '', code, message: soundText(message) });

const invalidJson = (code: string, message: string): ParsedBody => ({
  ok: false,
  reason: 'invalid_json',
  issues: [issue(code, message)],
});

/** Without these three no key can be `__proto__` or `constructor`, however it is escaped. */
const mayPoison = (text: string): boolean =>
  text.includes('__proto__') || text.includes('constructor') || text.includes('\\u');

/**
 * Bytes of a body to a JSON value: UTF-8 only (a leading byte order mark is taken off), prototype poisoning
 * refused as no JSON. Says nothing of the value's shape: a door may have to split an array first. Never throws.
 */
export const parseBody = (bytes: Uint8Array): ParsedBody => {
  if (!isUtf8(bytes)) return invalidJson('not_utf8', 'the body is not UTF-8');
  const whole = asBuffer(bytes).toString('utf8');
  const text = whole.charCodeAt(0) === byteOrderMark ? whole.slice(1) : whole;
  try {
    const value: unknown = mayPoison(text) ? parseSecurely(text) : JSON.parse(text);
    return { ok: true, value, text };
  } catch (error) {
    return invalidJson('not_json', messageOf(error));
  }
};

const faults: Readonly<Record<ShapeFault, readonly [DecodeReason, string]>> = {
  not_object: ['invalid_event_shape', 'an event is a JSON object'],
  too_deep: ['invalid_event_shape', `an event has at most ${maxDepth} levels`],
  too_many_keys: ['invalid_event_shape', `an event has at most ${maxKeys} keys`],
  not_finite: ['invalid_event_shape', 'a number is beyond what JSON numbers can hold here'],
  poisoned: ['invalid_json', 'the object holds a forbidden prototype property'],
};

const undecodableText = (text: string, reason: DecodeReason, issues: readonly Issue[]): Undecodable => ({
  kind: 'undecodable',
  reason,
  issues,
  payload: text,
  payloadEncoding: 'utf8',
  payloadSha256: sha256(text),
  wholeLength: undefined,
});

const decodeValue = (value: unknown, original: string | undefined): Decoded => {
  const shape = shapeOf(value);
  const text = original ?? deepJsonText(value);
  if (shape !== 'plain' && shape !== 'holds_address') {
    const [reason, message] = faults[shape];
    return undecodableText(text, reason, [issue(shape, message)]);
  }
  const sound = text.includes('\\u') ? soundValue(value) : value;
  return {
    kind: 'decoded',
    body: sound as Record<string, unknown>,
    text,
    holdsAddress: shape === 'holds_address',
  };
};

/** Bytes as a text column can hold them, and how. */
const storable = (bytes: Buffer): Pick<Undecodable, 'payload' | 'payloadEncoding'> =>
  isUtf8(bytes) && !bytes.includes(0)
    ? { payload: bytes.toString('utf8'), payloadEncoding: 'utf8' }
    : { payload: bytes.toString('base64'), payloadEncoding: 'base64' };

const undecodableBytes = (bytes: Buffer, issues: readonly Issue[]): Undecodable => ({
  kind: 'undecodable',
  reason: 'invalid_json',
  issues,
  ...storable(bytes),
  payloadSha256: createHash('sha256').update(bytes).digest('hex'),
  wholeLength: undefined,
});

const startsCodePoint = (byte: number | undefined): boolean =>
  byte !== undefined && byte >= 0xc2 && byte <= 0xf4;

/** The head less the bytes of a code point that its end cut in two. */
const wholeCodePoints = (head: Buffer): Buffer => {
  if (isUtf8(head)) return head;
  for (let cut = 1; cut <= 3; cut += 1) {
    const shorter = head.subarray(0, -cut);
    if (startsCodePoint(head.at(-cut)) && isUtf8(shorter)) return shorter;
  }
  return head;
};

/** One message to a sound object within the bounds, or to what its dead letter needs. Never throws. */
export const decodeMessage = (message: Message): Decoded => {
  switch (message.kind) {
    case 'parsed':
      return decodeValue(message.value, message.text);
    case 'bytes': {
      const parsed = parseBody(message.bytes);
      return parsed.ok
        ? decodeValue(parsed.value, parsed.text)
        : undecodableBytes(asBuffer(message.bytes), parsed.issues);
    }
    case 'oversized':
      return {
        kind: 'undecodable',
        reason: 'too_large',
        issues: [issue('too_large', `${message.length} bytes are more than a message may have`)],
        ...storable(wholeCodePoints(asBuffer(message.head))),
        payloadSha256: message.sha256,
        wholeLength: message.length,
      };
  }
};
