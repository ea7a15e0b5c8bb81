import { describe, expect, it } from 'vitest';
import type { Origin } from '../ingest/delivery.ts';
import { bronzeColumns } from '../sinks/bronze-columns.ts';
import {
  amqpOrigin,
  business,
  collectorOrigin,
  eventOf,
  judge,
  least,
  letterFrom,
  metaOf,
  trackOrigin,
  webRow,
} from './support/ingesting.ts';

/*
 * Every limit at n and at n + 1: a row that passes fits its columns. Required ids and what the contract requires
 * are refused, optional ids become NULL with a mark, optional texts are cut with a mark.
 */

type Body = Record<string, unknown>;
interface Limit {
  readonly field: string;
  readonly limit: number;
  readonly beyond: 'refused' | 'null' | 'cut';
  readonly body: Body;
  readonly origin: Origin;
}

const ui = (type: keyof typeof least): Origin => amqpOrigin(`ui.${type}`);
const track = trackOrigin();
const collector = collectorOrigin();
const { page_view, click, add_to_cart, begin_checkout } = least;
const scroll = { event_type: 'scroll', page_url: '/' };
const form = { event_type: 'form_interaction', page_url: '/' };
const search = { event_type: 'search', page_url: '/' };
const order = { event_type: 'order.created', service: 'order-service', order_id: 'o-1', amount: 1 };
const review = { event_type: 'review.created', review_id: 'r-1', product_id: 'p-1', rating: 5 };
const api = {
  event_type: 'api_request_log',
  service: 'gateway',
  endpoint: '/x',
  method: 'GET',
  status_code: 200,
  response_time_ms: 1,
};
const db = { event_type: 'db_query_perf', service: 'orders', execution_time_ms: 1 };

const limit = (
  origin: Origin,
  body: Body,
  field: string,
  length: number,
  beyond: Limit['beyond'],
): Limit => ({ origin, body, field, limit: length, beyond });

const limits: readonly Limit[] = [
  limit(track, page_view, 'session_id', 64, 'refused'),
  limit(ui('page_view'), page_view, 'session_id', 64, 'null'),
  limit(collector, page_view, 'session_id', 64, 'null'),
  ...[page_view, click, add_to_cart, begin_checkout].flatMap((body) => [
    limit(track, body, 'page_url', 2_000, 'refused'),
    limit(track, body, 'user_id', 64, 'null'),
  ]),
  limit(track, page_view, 'product_id', 64, 'null'),
  limit(track, page_view, 'referrer_url', 2_000, 'cut'),
  limit(track, page_view, 'utm_source', 100, 'cut'),
  limit(track, page_view, 'utm_medium', 100, 'cut'),
  limit(track, page_view, 'utm_campaign', 100, 'cut'),
  limit(track, click, 'element_id', 255, 'refused'),
  limit(ui('click'), click, 'element_id', 255, 'refused'),
  limit(collector, click, 'element_id', 255, 'null'),
  limit(collector, click, 'user_agent', 500, 'cut'),
  limit(track, add_to_cart, 'product_id', 64, 'refused'),
  limit(track, add_to_cart, 'element_id', 255, 'null'),
  limit(track, begin_checkout, 'order_id', 64, 'null'),
  limit(track, begin_checkout, 'element_id', 255, 'null'),
  limit(collector, form, 'form_id', 255, 'null'),
  limit(collector, form, 'field_id', 255, 'null'),
  limit(collector, form, 'action', 64, 'cut'),
  limit(collector, form, 'error_message', 500, 'cut'),
  limit(collector, search, 'query', 500, 'cut'),
  limit(collector, order, 'order_id', 64, 'refused'),
  limit(collector, order, 'product_id', 64, 'null'),
  limit(collector, order, 'review_id', 64, 'null'),
  limit(collector, order, 'entity_id', 64, 'null'),
  limit(collector, order, 'user_id', 64, 'null'),
  limit(collector, order, 'session_id', 64, 'null'),
  limit(collector, order, 'correlation_id', 64, 'null'),
  limit(collector, order, 'currency', 10, 'cut'),
  limit(collector, order, 'payment_method', 32, 'cut'),
  limit(collector, order, 'status', 32, 'cut'),
  limit(collector, order, 'provider', 50, 'cut'),
  limit(collector, order, 'service', 64, 'refused'),
  limit(amqpOrigin('order.created'), order, 'service', 64, 'cut'),
  limit(amqpOrigin('x'), {}, 'event_type', 128, 'refused'),
  limit(collector, review, 'review_id', 64, 'refused'),
  limit(collector, review, 'product_id', 64, 'refused'),
  limit(collector, review, 'order_id', 64, 'null'),
  limit(collector, api, 'service', 64, 'refused'),
  limit(collector, api, 'endpoint', 500, 'refused'),
  limit(collector, api, 'method', 16, 'refused'),
  limit(collector, api, 'user_agent', 500, 'cut'),
  limit(collector, api, 'correlation_id', 64, 'null'),
  limit(collector, db, 'service', 64, 'refused'),
  limit(collector, db, 'database_name', 128, 'cut'),
  limit(collector, db, 'table_name', 128, 'cut'),
  limit(collector, db, 'query_type', 64, 'cut'),
  limit(collector, db, 'query_hash', 64, 'null'),
];

const columnOf = (body: Body, origin: Origin, field: string): unknown => {
  const row: Record<string, unknown> = { ...eventOf(judge(body, origin)).row };
  return row[field];
};
const upperCase = new Set(['currency', 'payment_method', 'status']);

describe('texts and ids', () => {
  it.each(
    limits.map(
      (one) => [one.origin.road, one.body.event_type, one.field, one.limit, one.beyond, one] as const,
    ),
  )('%s %s: %s of %i, beyond it %s', (_road, _type, field, length, beyond, { body, origin }) => {
    const fill = upperCase.has(field) ? 'X' : 'x';
    const fits = fill.repeat(length);
    expect(columnOf({ ...body, [field]: fits }, origin, field)).toBe(fits);
    // blanks around it do not count
    expect(columnOf({ ...body, [field]: ` ${fits}\n` }, origin, field)).toBe(fits);

    const judged = judge({ ...body, [field]: `${fits}${fill}` }, origin);
    if (beyond === 'refused') {
      const letter = letterFrom(judged);
      expect(letter.reason).toMatch(/^validation_error:/);
      expect(letter.issues).toMatchObject([{ path: field, code: 'too_big' }]);
      return;
    }
    const { row } = eventOf(judged);
    expect({ ...row }).toMatchObject({ [field]: beyond === 'cut' ? fits : null });
    expect(metaOf(row).marks).toMatchObject({ [field]: beyond === 'cut' ? 'cut' : 'too_long' });
  });

  it("every limit is its column's", () => {
    for (const { origin, body, field, limit } of limits) {
      const { table } = eventOf(judge({ ...body, [field]: 'x' }, origin));
      const column = bronzeColumns[table].find(({ name }) => name === field);
      // what has no column in its table only stands in the payload
      if (column === undefined) continue;
      expect(column, `${table}.${field}`).toMatchObject({ length: limit });
    }
  });

  it('lengths are UTF-16 units, as nvarchar counts', () => {
    const emoji = '😀'.repeat(32);
    expect(webRow(judge({ ...page_view, session_id: emoji }, track)).session_id).toBe(emoji);
    expect(letterFrom(judge({ ...page_view, session_id: `${emoji}x` }, track)).issues).toMatchObject([
      { path: 'session_id', code: 'too_big' },
    ]);
  });

  it('cuts at a code point', () => {
    const row = webRow(judge({ ...search, query: `${'x'.repeat(499)}😀` }, collector));
    expect(row.query).toBe('x'.repeat(499));
    expect(webRow(judge({ ...search, query: `${'x'.repeat(498)}😀` }, collector)).query).toHaveLength(500);
  });

  it('upper case never outgrows its column', () => {
    const { row } = business(judge({ ...order, status: 'ß'.repeat(32) }, collector));
    expect(row.status).toBe('S'.repeat(32));
  });

  it('a product segment of the path that is too long is NULL with a mark', () => {
    const row = webRow(judge({ ...page_view, page_url: `/products/${'p'.repeat(65)}` }, track));
    expect(row.product_id).toBeNull();
    expect(metaOf(row).marks).toEqual({ product_id: 'too_long' });
    expect(webRow(judge({ ...page_view, page_url: `/products/${'p'.repeat(64)}` }, track)).product_id).toBe(
      'p'.repeat(64),
    );
  });

  it('a given product that is too long is not replaced by the path', () => {
    const body = { ...page_view, page_url: '/products/p-9', product_id: 'x'.repeat(65) };
    expect(webRow(judge(body, track)).product_id).toBeNull();
  });
});

interface Range {
  readonly body: Body;
  readonly field: string;
  readonly good: readonly unknown[];
  readonly bad: readonly unknown[];
  readonly column?: string;
}
const most = 2_147_483_647;
const counts = { good: [0, 1, '12', most], bad: [-1, most + 1, 'many', true, {}, [1]] };
const ranges: readonly Range[] = [
  { body: page_view, field: 'load_time_ms', ...counts },
  { body: page_view, field: 'time_on_prev_page_seconds', ...counts },
  { body: page_view, field: 'time_on_prev_page', column: 'time_on_prev_page_seconds', ...counts },
  { body: click, field: 'x', good: [0, -5, most, -most], bad: [most + 1, -most - 1, 'left'] },
  { body: click, field: 'y', good: [0, -5, most, -most], bad: [most + 1, -most - 1, 'up'] },
  { body: click, field: 'viewport_w', ...counts },
  { body: click, field: 'viewport_h', ...counts },
  { body: add_to_cart, field: 'quantity', good: [1, '7', 1_000], bad: [0, -1, 1_001, 1.5, 'two', [], {}] },
  { body: scroll, field: 'scroll_depth_pct', good: [0, 33.33, '50', 100], bad: [-0.01, 100.01, 'all'] },
  { body: form, field: 'time_spent_ms', ...counts },
  { body: search, field: 'results_count', ...counts },
  { body: api, field: 'status_code', ...counts },
  { body: api, field: 'response_time_ms', ...counts },
  { body: api, field: 'request_size_bytes', ...counts },
  { body: api, field: 'response_size_bytes', ...counts },
  { body: db, field: 'execution_time_ms', ...counts },
  { body: db, field: 'rows_affected', ...counts },
];

describe('numbers', () => {
  const cases = ranges.flatMap((range) => [
    ...range.good.map((value) => [range.body.event_type, range.field, value, 'stored', range] as const),
    ...range.bad.map((value) => [range.body.event_type, range.field, value, 'refused', range] as const),
  ]);
  it.each(cases)('%s %s %j is %s', (_type, field, value, verdict, range) => {
    const judged = judge({ ...range.body, [field]: value }, collector);
    const column = range.column ?? field;
    if (verdict === 'stored') {
      expect({ ...eventOf(judged).row }).toMatchObject({ [column]: Number(value) });
    } else {
      expect(letterFrom(judged).issues).toMatchObject([{ path: column }]);
    }
  });

  it.each([
    [page_view, 'load_time_ms', 12.9, 12],
    [click, 'x', -3.7, -3],
    [click, 'y', -0.2, 0],
    [api, 'response_time_ms', 0.4, 0],
    [scroll, 'scroll_depth_pct', 33.336, 33.34],
  ])('a measurement %j %s %d is stored as %d', (body, field, given, stored) => {
    const row: Record<string, unknown> = { ...eventOf(judge({ ...body, [field]: given }, collector)).row };
    expect(Object.is(row[field], stored)).toBe(true);
  });
});

describe('required fields', () => {
  it.each([
    [track, page_view, ['session_id', 'page_url']],
    [track, click, ['session_id', 'page_url', 'element_id']],
    [track, add_to_cart, ['session_id', 'page_url', 'product_id']],
    [track, begin_checkout, ['session_id', 'page_url']],
    [ui('page_view'), page_view, ['page_url']],
    [ui('click'), click, ['page_url', 'element_id']],
    [ui('add_to_cart'), add_to_cart, ['page_url', 'product_id']],
    [ui('begin_checkout'), begin_checkout, ['page_url']],
    [collector, page_view, ['page_url']],
    [collector, click, ['page_url']],
    [collector, add_to_cart, ['page_url', 'product_id']],
    [collector, begin_checkout, ['page_url']],
    [collector, scroll, ['page_url']],
    [collector, form, ['page_url']],
    [collector, search, ['page_url']],
    [collector, api, ['service', 'endpoint', 'method', 'status_code', 'response_time_ms']],
    [collector, db, ['service', 'execution_time_ms']],
    [
      collector,
      { event_type: 'performance', metric_name: 'lcp', metric_value: 0 },
      ['metric_name', 'metric_value'],
    ],
    [collector, { event_type: 'cart_action', action: 'remove', product_id: 'p' }, ['action', 'product_id']],
    [collector, { event_type: 'checkout', stage: 'address' }, ['stage']],
    [collector, { event_type: 'frontend_error', message: 'x is undefined' }, ['message']],
    [collector, order, ['order_id']],
    [collector, review, ['review_id', 'product_id', 'rating']],
    [collector, { event_type: 'review.updated', review_id: 'r' }, ['review_id']],
  ] as const)('%j %j', (origin, body, required) => {
    expect(judge(body, origin).kind).toBe('event');
    for (const field of required) {
      for (const blank of [undefined, null, '', '  ']) {
        const letter = letterFrom(judge({ ...body, [field]: blank }, origin));
        expect(letter.stage).toBe('validate');
        expect(letter.issues, `${field} ${blank}`).toMatchObject([{ path: field }]);
      }
    }
  });

  it('a product in the path does not stand in for the one that add_to_cart requires', () => {
    const letter = letterFrom(
      judge({ ...add_to_cart, product_id: undefined, page_url: '/products/p-1' }, track),
    );
    expect(letter.reason).toBe('validation_error:add_to_cart');
  });

  it.each([
    [track, page_view, 'page_url', 5],
    [track, page_view, 'session_id', 7],
  ])('a number is taken for text: %j %j %s', (origin, body, field, value) => {
    expect({ ...webRow(judge({ ...body, [field]: value }, origin)) }[field]).toBe(String(value));
  });

  it.each(['page_url', 'session_id', 'user_id', 'referrer_url', 'properties'])(
    '%s must be no list',
    (field) => {
      expect(letterFrom(judge({ ...page_view, [field]: ['a'] }, track)).issues).toMatchObject([
        { path: field },
      ]);
    },
  );
});

describe('defaults', () => {
  it('quantity 1 and the buttons', () => {
    expect(webRow(judge(add_to_cart, track))).toMatchObject({ quantity: 1, element_id: 'btn_add_to_cart' });
    expect(webRow(judge({ ...add_to_cart, element_id: ' ', quantity: null }, track))).toMatchObject({
      quantity: 1,
      element_id: 'btn_add_to_cart',
    });
    expect(webRow(judge(begin_checkout, track)).element_id).toBe('btn_checkout');
    expect(webRow(judge({ ...begin_checkout, element_id: 'go' }, track)).element_id).toBe('go');
  });

  it('the service of a metric is web, of others by its name or its type', () => {
    const metric = { event_type: 'purchase_view', source: 'mobile' };
    expect(business(judge(metric, collector)).row).toMatchObject({ service: 'web', canonical_type: 'other' });
    expect(business(judge({ ...metric, service: 'pos' }, collector)).row.service).toBe('pos');
  });
});

describe('issues are bounded', () => {
  it('a letter tells at most 20 issues and 4 KB', () => {
    const body = Object.fromEntries([
      ...Object.keys(page_view).map((key) => [key, { deep: true }]),
      ['event_type', 'page_view'],
      ['properties', 'x'.repeat(10_000)],
    ]);
    const letter = letterFrom(judge(body, track));
    expect(letter.issues.length).toBeGreaterThan(1);
    expect(letter.issues.length).toBeLessThanOrEqual(20);
    expect(Buffer.byteLength(letter.detail)).toBeLessThanOrEqual(4_096);
  });
});

describe('addresses fit their column whatever STORE_IP says', () => {
  it('of the body and of the connection', () => {
    const body = { ...click, ip_address: 'x'.repeat(65) };
    for (const storeIp of ['full', 'truncated', 'none'] as const) {
      expect(webRow(judge(body, collector, { storeIp })).ip_address).toBeNull();
      expect(webRow(judge(click, trackOrigin({ ip: 'x'.repeat(65) }), { storeIp })).ip_address).toBeNull();
    }
    expect(
      webRow(judge({ ...click, ip_address: '10.0.0.1' }, collector, { storeIp: 'full' })).ip_address,
    ).toBe('10.0.0.1');
  });
});
