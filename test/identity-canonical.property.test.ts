import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalText, sortedCopy } from '../ingest/canonical-json.ts';
import type { WebFields } from '../ingest/contracts/web.ts';
import type { WebType } from '../ingest/event-types.ts';
import { soundValue } from '../ingest/text.ts';
import { webContentOf } from '../ingest/web-content.ts';

/*
 * The fast paths equal RFC 8785, by the library that the product falls back to.
 */

/** Keys of every kind: integer-like, unsorted, with quotes, controls, pairs and lone surrogates. */
const key = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.nat().map(String),
  fc.constantFrom(
    'a',
    'b',
    '__x',
    'constructor',
    'toString',
    '\u20ac',
    '\ud83d\ude00',
    '\r',
    '1',
    '10',
    '9',
    '01',
    '-1',
  ),
);
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false, 0, -0, 1e21, 1e-7, 5e-324, 0.1, 333333333.3333333),
    fc.string({ unit: 'binary' }),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.array(tie('value'), { maxLength: 4 }),
    tie('object'),
  ),
  object: fc.dictionary(
    key.filter((one) => one !== '__proto__'),
    tie('value'),
    { maxKeys: 5 },
  ),
}));

describe('canonical text', () => {
  it('equals RFC 8785 for every JSON value', () => {
    fc.assert(
      fc.property(json.value, (value) => {
        // as a body comes out of decode
        const sound: unknown = soundValue(JSON.parse(JSON.stringify(value)));
        expect(canonicalText(sound)).toBe(canonicalize(sound));
      }),
      { numRuns: 2_000 },
    );
  });

  it('does not trust its fast path where a key looks like a number', () => {
    expect(sortedCopy({ a: 1, 10: 2 })).toBeUndefined();
    expect(sortedCopy({ a: [{ 0: 1 }] })).toBeUndefined();
    expect(canonicalText({ 9: 1, 10: 2, a: { 2: 1, 11: 1 } })).toBe('{"10":2,"9":1,"a":{"11":1,"2":1}}');
  });

  it('refuses what JSON cannot say', () => {
    for (const value of [Number.NaN, { 1: Number.POSITIVE_INFINITY }, undefined]) {
      if (typeof value === 'number') continue;
      expect(() => canonicalText(value)).toThrow();
    }
  });
});

describe('content of web events', () => {
  const types: readonly WebType[] = [
    'page_view',
    'click',
    'add_to_cart',
    'begin_checkout',
    'scroll',
    'form_interaction',
    'search',
  ];
  const text = fc.option(fc.string({ unit: 'grapheme' }));
  const number = fc.option(fc.integer());
  const fields: fc.Arbitrary<WebFields> = fc.record({
    session_id: text,
    user_id: text,
    page_url: text,
    product_id: text,
    referrer_url: text,
    utm_source: text,
    utm_medium: text,
    utm_campaign: text,
    time_on_prev_page_seconds: number,
    load_time_ms: number,
    element_id: text,
    x: number,
    y: number,
    viewport_w: number,
    viewport_h: number,
    user_agent: text,
    ip_address: text,
    quantity: number,
    order_id: text,
    scroll_depth_pct: number,
    form_id: text,
    field_id: text,
    action: text,
    error_message: text,
    time_spent_ms: number,
    query: text,
    results_count: number,
    filters: text,
  });

  it.each(types)('the literal of %s stands in canonical order', (type) => {
    fc.assert(
      fc.property(fields, fc.option(json.object), (values, properties) => {
        const sound: unknown = soundValue(JSON.parse(JSON.stringify(properties)));
        const content = webContentOf(type, 'click', values, sound === null ? null : canonicalText(sound));
        expect(content).toBe(canonicalize(JSON.parse(content)));
        // made ids append one more key: it must sort last
        const withTime = `${content.slice(0, -1)},"z_time_as_sent":1}`;
        expect(withTime).toBe(canonicalize(JSON.parse(withTime)));
      }),
      { numRuns: 200 },
    );
  });
});
