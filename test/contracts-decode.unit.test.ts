import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { decodeMessage, parseBody } from '../ingest/decode.ts';
import { judgeDecoded, letterFrom, trackOrigin } from './support/ingesting.ts';

/*
 * Decoding: bytes to one sound JSON object within the bounds, or to a problem that keeps the bytes.
 */

const bytes = (text: string | Uint8Array) =>
  decodeMessage({ kind: 'bytes', bytes: typeof text === 'string' ? Buffer.from(text) : text });
const parsed = (value: unknown) => decodeMessage({ kind: 'parsed', value, text: undefined });
const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');
const nested = (levels: number): string => `${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`;
const withKeys = (count: number): string =>
  JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, index])));

describe('what is no JSON', () => {
  it.each([
    ['empty', ''],
    ['blank', '  '],
    ['not JSON', 'hello'],
    ['cut short', '{"a":1'],
    ['two values', '{} {}'],
    ['NaN', '{"a":NaN}'],
    ['Infinity', '{"a":-Infinity}'],
    ['__proto__', '{"a":1,"__proto__":{"b":1}}'],
    ['nested __proto__', '{"a":{"__proto__":1}}'],
    ['escaped __proto__', '{"\\u005f_proto__":{"b":1}}'],
    ['constructor.prototype', '{"constructor":{"prototype":{"b":1}}}'],
    ['escaped constructor', '{"\\u0063onstructor":{"prototype":{}}}'],
  ])('%s', (_, text) => {
    expect(bytes(text)).toMatchObject({
      kind: 'undecodable',
      reason: 'invalid_json',
      payload: text,
      payloadEncoding: 'utf8',
      payloadSha256: sha256(text),
    });
    expect(parseBody(Buffer.from(text))).toMatchObject({ ok: false, reason: 'invalid_json' });
  });

  it('keeps bytes that are not UTF-8 as base64 with a mark', () => {
    const latin = Buffer.from([0x7b, 0x22, 0xe9, 0x22, 0x3a, 0x31, 0x7d]);
    const decoded = bytes(latin);
    expect(decoded).toMatchObject({
      reason: 'invalid_json',
      payload: latin.toString('base64'),
      payloadEncoding: 'base64',
      payloadSha256: sha256(latin),
    });
    const letter = letterFrom(judgeDecoded(decoded, trackOrigin()));
    expect(JSON.parse(letter.context)).toMatchObject({ payload_encoding: 'base64' });
    expect(Buffer.from(letter.payload, 'base64').equals(latin)).toBe(true);
  });

  it('keeps a bare NUL as base64: not every engine stores one', () => {
    expect(bytes('{"a":"\0"}')).toMatchObject({ reason: 'invalid_json', payloadEncoding: 'base64' });
  });

  it('keeps UTF-16 as base64', () => {
    expect(bytes(Buffer.from('\ufeff{"a":1}', 'utf16le'))).toMatchObject({
      reason: 'invalid_json',
      payloadEncoding: 'base64',
    });
  });
});

describe('what is no event', () => {
  it.each([
    ['null', 'null'],
    ['a number', '1'],
    ['a text', '"a"'],
    ['an array', '[{"a":1}]'],
    ['33 levels', nested(33)],
    ['1,000 levels', nested(1_000)],
    ['30,000 levels', nested(30_000)],
    ['levels of arrays', `{"a":${'['.repeat(40)}${']'.repeat(40)}}`],
    ['1,001 keys', withKeys(1_001)],
    ['10,000 keys', withKeys(10_000)],
    ['1,001 keys in all', `{"a":${withKeys(500)},"b":${withKeys(499)}}`],
    ['1e999', '{"a":1e999}'],
    ['-1e999 in an array', '{"a":[-1e999]}'],
  ])('%s', (_, text) => {
    expect(bytes(text)).toMatchObject({ kind: 'undecodable', reason: 'invalid_event_shape', payload: text });
    expect(parsed(JSON.parse(text))).toMatchObject({ kind: 'undecodable', reason: 'invalid_event_shape' });
  });

  it('writes an element too deep for JSON.stringify all the same', () => {
    const text = nested(30_000);
    expect(parsed(JSON.parse(text))).toMatchObject({ payload: text, payloadSha256: sha256(text) });
  });

  it('refuses a poisoned element that a door parsed by other means', () => {
    expect(parsed(JSON.parse('{"__proto__":{"x":1}}'))).toMatchObject({ reason: 'invalid_json' });
    expect(parsed(JSON.parse('{"constructor":{"prototype":{}}}'))).toMatchObject({ reason: 'invalid_json' });
  });
});

describe('what is sound', () => {
  it.each([
    ['32 levels', nested(32)],
    ['1,000 keys', withKeys(1_000)],
    ['constructor as a plain word', '{"constructor":"Tata","a":{"constructor":{"x":1}}}'],
    ['the word __proto__ as a value', '{"a":"__proto__"}'],
  ])('%s', (_, text) => {
    expect(bytes(text)).toMatchObject({ kind: 'decoded', text, body: JSON.parse(text) });
  });

  it('takes a byte order mark off', () => {
    expect(bytes('\ufeff{"a":1}')).toMatchObject({ kind: 'decoded', text: '{"a":1}', body: { a: 1 } });
  });

  it('replaces NUL and lone surrogates, in keys too, and leaves pairs alone', () => {
    const decoded = bytes('{"a\\u0000":"x\\u0000y","b":["\\ud800","\\ud83d\\ude00 \\udc00"],"c":"\\u0041"}');
    expect(decoded).toMatchObject({
      kind: 'decoded',
      body: { 'a\uFFFD': 'x\uFFFDy', b: ['\uFFFD', '😀 \uFFFD'], c: 'A' },
    });
  });

  it('says whether a key names an address', () => {
    expect(bytes('{"a":{"ip_address":"1.2.3.4"}}')).toMatchObject({ holdsAddress: true });
    expect(bytes('{"a":[{"X-Forwarded-For":"1.2.3.4"}]}')).toMatchObject({ holdsAddress: true });
    expect(bytes('{"tip":"1","zip":"2","ship":3}')).toMatchObject({ holdsAddress: false });
  });
});

describe('what is over the size of a message', () => {
  it('keeps the head to its last whole code point, the length and the hash of all', () => {
    const head = Buffer.from('{"a":"ශ්‍රී').subarray(0, -1);
    const decoded = decodeMessage({ kind: 'oversized', head, length: 2_000_000, sha256: 'f'.repeat(64) });
    expect(decoded).toMatchObject({
      kind: 'undecodable',
      reason: 'too_large',
      payloadEncoding: 'utf8',
      payloadSha256: 'f'.repeat(64),
    });
    expect('payload' in decoded && decoded.payload).toBe('{"a":"ශ්‍ර');
    const letter = letterFrom(judgeDecoded(decoded, trackOrigin()));
    expect(letter).toMatchObject({ stage: 'decode', reason: 'too_large' });
    expect(JSON.parse(letter.context)).toMatchObject({
      payload_whole_length: 2_000_000,
      payload_sha256: 'f'.repeat(64),
    });
  });

  it('keeps a head that is no text as base64', () => {
    const head = Buffer.from([0xff, 0xfe, 1]);
    expect(decodeMessage({ kind: 'oversized', head, length: 3e6, sha256: 'a' })).toMatchObject({
      payload: head.toString('base64'),
      payloadEncoding: 'base64',
    });
  });
});
