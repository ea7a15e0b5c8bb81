import { describe, expect, it } from 'vitest';
import {
  at,
  columns,
  item,
  purchaseFunnel,
  query,
  request,
  shop,
  told,
  web,
} from './support/recount-cases.ts';

/* Gold, table by table, with numbers worked out by hand. */

describe('gold.behavior_daily and funnel_daily, recounted', () => {
  it('counts what people did on each date, and bots beside', () => {
    const events = [
      web('page_view', '23:59:59.999', 's1', { user_id: 'u1' }),
      web('page_view', '06-16 00:00', 's1', { user_id: 'u1' }),
      web('page_view', '06-16 00:01', 's2', { user_id: 'u1' }),
      web('click', '06-16 00:02', null, { user_id: 'u2' }),
      web('add_to_cart', '06-16 00:03', null),
      web('begin_checkout', '06-16 00:04', null),
      web('scroll', '06-16 00:05', 's3'),
      web('page_view', '06-16 00:06', 's4', { is_bot: 1, user_id: 'u4' }),
      web('page_view', '06-16 00:07', 's5', { is_seed: 1 }),
    ];
    const business = [
      shop('order.paid', '06-16 00:00', { order_id: 'o1', session_id: 's1' }),
      shop('order.paid', '06-17 00:00', { order_id: 'o2' }),
    ];
    const names =
      'metric_date sessions unique_users page_views clicks add_to_cart begin_checkout purchases bot_events';
    expect(columns(told('gold.behavior_daily', { web: events, business }), names)).toEqual([
      ['2026-06-15', 1, 1, 1, 0, 0, 0, 0, 0],
      // s1, s2, s3, derived of u2, derived of anon
      ['2026-06-16', 5, 2, 2, 1, 1, 1, 1, 1],
      ['2026-06-17', 0, 0, 0, 0, 0, 0, 1, 0],
    ]);
    const shown = told('gold.behavior_daily', { web: events, business }, { showSeeds: true });
    expect(columns(shown, 'sessions page_views')[1]).toEqual([6, 3]);
  });

  const walk = (session: string, start: string, ...rest: readonly string[]) =>
    (['page_view', 'add_to_cart', 'begin_checkout'] as const)
      .slice(0, rest.length + 1)
      .map((type, k) => web(type, [start, ...rest][k]!, session));

  it('counts entries on their own date, with rates and what nobody is credited for', () => {
    const events = [
      ...walk('s1', '23:50', '23:55', '06-16 00:10'),
      ...walk('s2', '23:50', '06-16 00:50'),
      ...walk('s3', '10:00', '11:00:00.001'),
      ...walk('s4', '06-16 10:00'),
    ];
    const business = [
      shop('order.paid', '06-16 00:20', { order_id: 'o1', session_id: 's1' }),
      shop('order.paid', '06-16 09:00', { order_id: 'o2' }),
      shop('order.paid', '06-18 09:00', { order_id: 'o3' }),
    ];
    const names =
      'metric_date view_sessions cart_sessions checkout_sessions purchase_sessions view_to_cart_rate cart_to_checkout_rate checkout_to_purchase_rate view_to_purchase_rate unattributed_purchases is_complete';
    expect(
      columns(
        told('gold.funnel_daily', { web: events, business }, { asOf: at('06-17 00:59:59.999') }),
        names,
      ),
    ).toEqual([
      ['2026-06-15', 3, 2, 1, 1, '0.666667', '0.500000', '1.000000', '0.333333', 0, 1],
      ['2026-06-16', 1, 0, 0, 0, '0.000000', null, null, '0.000000', 1, 0],
      ['2026-06-18', 0, 0, 0, 0, null, null, null, null, 1, 0],
    ]);
    const closed = told('gold.funnel_daily', { web: events }, { asOf: at('06-17 01:00') });
    expect(columns(closed, 'is_complete')).toEqual([[1], [1]]);
  });

  it('tells apart who went on, who still may and who dropped, and how long it took', () => {
    const events = [
      ...walk('s1', '10:00', '10:00:10', '10:00:12'),
      ...walk('s2', '10:00', '10:00:20', '10:00:19'),
      ...walk('s3', '10:00', '10:00:40', '10:00:37.999'),
      ...walk('s4', '09:00'),
      ...walk('s5', '09:00:00.001'),
    ];
    const names =
      'step_order funnel_step sessions still_in_time dropped drop_off_rate median_seconds p90_seconds';
    expect(columns(told('gold.conversion_funnel', { web: events }, { asOf: at('10:00') }), names)).toEqual([
      [1, 'View', 5, 0, 0, null, null, null],
      // 10, 20 and 40 s; p90 = 20 + 0.8 × 20
      [2, 'Cart', 3, 1, 1, '0.200000', '20.000000', '36.000000'],
      // s3's checkout is 2.001 s before its cart: out of the grace; 2 s and max(0, −1 s)
      [3, 'Checkout', 2, 1, 0, '0.000000', '1.000000', '1.800000'],
      [4, 'Purchase', 0, 2, 0, '0.000000', null, null],
    ]);
  });

  it('enters anew only after a window without a first step, and lets no event serve two entries', () => {
    const events = [
      web('page_view', '10:00', 's'),
      web('page_view', '11:00', 's'),
      web('page_view', '12:00:00.001', 's'),
      web('add_to_cart', '11:00', 's'),
      // within the grace of the entry of 12:00:00.001, and of no other's
      web('begin_checkout', '12:00', 's'),
      web('page_view', '06-16 10:00', 'derived:x:2026-06-16'),
      web('page_view', '06-16 10:00', 'r', { is_bot: 1 }),
    ];
    expect(columns(told('gold.conversion_funnel', { web: events }), 'funnel_date sessions')).toEqual([
      ['2026-06-15', 2],
      ['2026-06-15', 1],
      ['2026-06-15', 0],
      ['2026-06-15', 0],
    ]);
    // 11:00 is within a window of 10:00: no entry; the cart of 11:00 served the entry of 10:00 at its very end
    const back = [
      web('page_view', '10:00', 't'),
      web('page_view', '11:00:00.001', 't'),
      web('add_to_cart', '11:00', 't'),
      web('add_to_cart', '11:00:00.000', 't'),
    ];
    expect(columns(told('gold.conversion_funnel', { web: back }), 'sessions')).toEqual([[2], [1], [0], [0]]);
  });

  it('matches paths exactly, or a prefix with at least one character behind', () => {
    const steps = [
      { label: 'Catalogue', type: 'page_view', pagePath: '/products' },
      { label: 'Product', type: 'page_view', pagePath: '/products/*' },
    ];
    const events = ['/products', '/products/', '/products/p'].map((page_path, k) =>
      web('page_view', `10:0${k}`, 's', { page_path }),
    );
    const funnels = [purchaseFunnel, { name: 'x', windowSeconds: 60, steps }];
    const rows = told('gold.conversion_funnel', { web: events }, { funnels });
    const own = rows.filter(({ funnel_name }) => funnel_name === 'x');
    // the product page is 2 minutes after the entry, out of the window of 60 s
    expect(columns(own, 'sessions')).toEqual([[1], [0]]);
    const wide = [purchaseFunnel, { name: 'x', windowSeconds: 120, steps }];
    const found = told('gold.conversion_funnel', { web: events }, { funnels: wide });
    expect(columns(found, 'funnel_name sessions median_seconds').slice(-2)).toEqual([
      ['x', 1, null],
      ['x', 1, '120.000000'],
    ]);
  });
});

describe('gold.page_performance, recounted', () => {
  it('counts views, visitors, ends of sessions, and means of what was measured', () => {
    const view = (time: string, session: string | null, page_path: string, fields: object = {}) =>
      web('page_view', time, session, { page_path, ...fields });
    const events = [
      view('10:00', 's1', '/a', { user_id: 'u', load_time_ms: 100 }),
      view('10:05', 's1', '/b', { user_id: 'u', time_on_prev_page_seconds: 30 }),
      view('10:00', 's2', '/a', { user_id: 'u', load_time_ms: 0, time_on_prev_page_seconds: 99 }),
      view('10:01', 's3', '/a'),
      view('06-16 00:01', 's3', '/b', { time_on_prev_page_seconds: 41 }),
      view('10:02', null, '/b'),
      view('10:03', 's4', '/a', { is_bot: 1 }),
      view('10:03', 's5', '/a', { is_seed: 1 }),
      web('scroll', '10:00', 's2', { page_path: '/a', scroll_depth_pct: 50 }),
      web('scroll', '10:01', 's2', { page_path: '/a', scroll_depth_pct: 25 }),
      web('scroll', '10:01', 's2', { page_path: '/c', scroll_depth_pct: 25 }),
    ];
    const names =
      'metric_date page_path views unique_visitors avg_time_on_page_seconds avg_scroll_depth entries exits bounce_rate exit_rate avg_load_time_ms';
    expect(columns(told('gold.page_performance', { web: events }), names)).toEqual([
      // entries s1, s2 (bounced), s3; exit s2; (30 + 41) / 2; s2 had no page before
      ['2026-06-15', '/a', 3, 2, '35.500000', '37.500000', 3, 1, '0.333333', '0.333333', '50.000000'],
      // exits s1 and the derived session, which alone entered here, and bounced
      ['2026-06-15', '/b', 2, 2, null, null, 1, 2, '1.000000', '1.000000', null],
      ['2026-06-16', '/b', 1, 1, null, null, 0, 1, null, '1.000000', null],
    ]);
  });

  it('takes no end of a session that a seed is part of, and its other views all the same', () => {
    const events = [web('page_view', '10:00', 's', { is_seed: 1 }), web('page_view', '10:01', 's')];
    const names = 'views entries exits bounce_rate exit_rate';
    expect(columns(told('gold.page_performance', { web: events }), names)).toEqual([
      [1, 0, 0, null, '0.000000'],
    ]);
    expect(columns(told('gold.page_performance', { web: events }, { showSeeds: true }), names)).toEqual([
      [2, 1, 1, '0.000000', '0.500000'],
    ]);
  });
});

describe('gold.product_daily and reviews_quality, recounted', () => {
  const p = { product_id: 'p' };

  it('counts events of the day, and orders, units and line money on the purchase', () => {
    const events = [
      web('page_view', '10:00', 's', p),
      web('page_view', '10:01', 's', p),
      web('click', '10:02', 's', p),
      web('add_to_cart', '10:03', 's', { ...p, quantity: 9 }),
    ];
    const named = (order_id: string, fields: object = {}) =>
      shop('order.created', '06-14 10:00', { order_id, amount: 1_000, payment_method: 'ONLINE', ...fields });
    const orders = ['o1', 'o2', 'o3', 'o4', 'o5', 'o6'].map((id) =>
      named(id, id === 'o5' ? { currency: 'USD' } : {}),
    );
    const paid = ['o1', 'o2', 'o3', 'o4', 'o5'].map((order_id) => shop('order.paid', '11:00', { order_id }));
    const ends = [
      shop('order.cancelled', '12:00', { order_id: 'o2' }),
      shop('payment.refunded', '12:00', { order_id: 'o3' }),
      shop('payment.refunded', '12:00', { order_id: 'o4', amount: 1 }),
    ];
    const items = orders.flatMap((order) => [
      item(order, 1, { quantity: 2, unit_price: 100 }),
      item(order, 2, { line_total: 55, unit_price: 100, quantity: 3 }),
      item(order, 3, { product_id: null, line_total: 1 }),
    ]);
    const names =
      'metric_date product_id currency views clicks add_to_cart purchases_count units_sold revenue view_to_cart_rate cart_to_purchase_rate';
    expect(
      columns(
        told('gold.product_daily', { web: events, business: [...orders, ...paid, ...ends], items }),
        names,
      ),
    ).toEqual([
      // o1 and o4, each 2 + 3 units and 2.00 + 0.55; two purchases of one cart are capped
      ['2026-06-15', 'p', 'LKR', 2, 1, 1, 2, 10, '5.10', '0.500000', '1.000000'],
      ['2026-06-15', 'p', 'USD', 0, 0, 0, 1, 5, '2.55', null, null],
    ]);
  });

  it('counts reviews on their first creation, without deleted ones', () => {
    const review = (review_id: string, time: string, rating: number, fields: object = {}) =>
      shop('review.created', time, { ...p, review_id, rating, ...fields });
    const business = [
      review('r1', '10:00', 5),
      review('r2', '10:00', 5),
      review('r3', '10:00', 4),
      review('r4', '10:00', 1),
      review('r5', '10:00', 1, { is_seed: 1 }),
      shop('review.updated', '06-20 10:00', { ...p, review_id: 'r2', rating: 2 }),
      shop('review.deleted', '06-16 10:00', { ...p, review_id: 'r4' }),
      review('r4', '06-14 10:00', 1),
    ];
    expect(told('gold.reviews_quality', { business })).toEqual([
      {
        metric_date: '2026-06-15',
        product_id: 'p',
        total_reviews: 3,
        five_star_reviews: 1,
        avg_rating: '3.666667',
      },
    ]);
    expect(
      columns(told('gold.product_daily', { business }), 'currency reviews_count avg_rating views'),
    ).toEqual([['LKR', 3, '3.666667', 0]]);
  });
});

describe('gold.orders_payments_daily, recounted', () => {
  it('counts orders on the date of their creation, per currency, each once', () => {
    const order = (order_id: string, fields: object = {}) =>
      shop('order.created', '10:00', { order_id, amount: 1_000, payment_method: 'ONLINE', ...fields });
    const cash = order('o3', { payment_method: 'COD' });
    const business = [
      order('o1'),
      shop('order.paid', '06-16 10:00', { order_id: 'o1' }),
      shop('payment.completed', '06-16 10:01', { order_id: 'o1' }),
      shop('payment.refunded', '06-17 10:00', { order_id: 'o1', amount: 250 }),
      order('o2'),
      shop('payment.failed', '10:01', { order_id: 'o2' }),
      cash,
      shop('payment.not_required', '10:01', { order_id: 'o3' }),
      order('o4'),
      shop('order.paid', '10:01', { order_id: 'o4' }),
      shop('order.cancelled', '10:02', { order_id: 'o4' }),
      shop('refund.created', '10:03', { order_id: 'o4' }),
      order('o5', { currency: 'USD' }),
      shop('payment.pending', '10:01', { order_id: 'o5' }),
      order('o6', { is_seed: 1 }),
      shop('order.paid', '06-17 10:00', { order_id: 'o7' }),
    ];
    const names =
      'metric_date currency total_orders paid_orders cod_orders cancelled_orders orders_without_items payment_success_rate total_revenue refunds_count refunded_amount';
    expect(columns(told('gold.orders_payments_daily', { business, items: [item(cash, 1)] }), names)).toEqual([
      // tried online: o1, o2, o4; revenue: 10.00 − 2.50 of o1, 10.00 of o3, which is bought; o4 was cancelled
      ['2026-06-15', 'LKR', 4, 2, 1, 1, 3, '0.666667', '17.50', 2, '12.50'],
      ['2026-06-15', 'USD', 1, 0, 0, 0, 1, '0.000000', '0.00', 0, '0.00'],
      // never created: its first event's date; bought for an amount that nobody told
      ['2026-06-17', 'LKR', 1, 1, 0, 0, 1, '1.000000', '0.00', 0, '0.00'],
    ]);
    const cashOnly = told('gold.orders_payments_daily', { business: [cash] });
    expect(columns(cashOnly, 'payment_success_rate')).toEqual([[null]]);
  });
});

describe('gold.system_health_daily, recounted', () => {
  it('tells latency, errors and lag of each service, and dead letters of each source', () => {
    const requests = [10, 20, 40].map((ms, k) => request(`10:0${k}`, ms, k === 0 ? 500 : 499));
    const late = { received_at: at('10:00:03') };
    const events = [
      web('page_view', '10:00:01', 's', { ...late, is_bot: 1 }),
      web('page_view', '10:00:02', 's', late),
      web('page_view', '10:00', 's', { ...late, is_seed: 1 }),
    ];
    const letters = [
      { failed_at: at('23:59:59.999'), source: 'rabbitmq' },
      { failed_at: at('06-16 00:00'), source: 'rabbitmq' },
      { failed_at: at('10:00'), source: 'tracking' },
      { failed_at: at('10:00'), source: 'tracking' },
    ];
    const names =
      'metric_date service requests p50_latency_ms p95_latency_ms error_rate event_lag_ms dlq_count';
    expect(
      columns(
        told('gold.system_health_daily', { web: events, requests, queries: [query('10:00', 70)], letters }),
        names,
      ),
    ).toEqual([
      // p95 at 0.95 × 2 = 1.9: 20 + 0.9 × 20
      ['2026-06-15', 'gateway', 3, '20.000000', '38.000000', '0.333333', '0.000000', 0],
      ['2026-06-15', 'order-service', 0, null, null, null, '70.000000', 0],
      ['2026-06-15', 'rabbitmq', 0, null, null, null, null, 1],
      ['2026-06-15', 'tracking', 0, null, null, null, null, 2],
      ['2026-06-15', 'web', 0, null, null, null, '1500.000000', 0],
      ['2026-06-16', 'rabbitmq', 0, null, null, null, null, 1],
    ]);
  });
});
