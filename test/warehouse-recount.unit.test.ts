import { describe, expect, it } from 'vitest';
import { at, columns, item, shop, told, web } from './support/recount-cases.ts';

/*
 * Silver, rule by rule: each case is so small that its numbers were worked out by hand from warehouse.md, funnel.md
 * and events.md. The recount is what the SQL is checked by, so it is held to the text first.
 */

describe('silver.web_events and sessions, recounted', () => {
  it('keeps the session, or derives one from the user and the local date', () => {
    const events = [
      web('page_view', '18:29:59.999', null, { user_id: 'u' }),
      web('page_view', '18:30', null, { user_id: 'u' }),
      web('scroll', '18:30', ' '),
      web('click', '18:30', 's', { is_bot: 1, element_id: 'b', product_id: 'p' }),
    ];
    expect(
      columns(
        told('silver.web_events', { web: events }, { timeZone: 'Asia/Colombo' }),
        'session_id event_date canonical_type element_id product_id is_bot',
      ),
    ).toEqual([
      ['derived:u:2026-06-15', '2026-06-15', 'page_view', null, null, 0],
      ['derived:u:2026-06-16', '2026-06-16', 'page_view', null, null, 0],
      ['derived:anon:2026-06-16', '2026-06-16', 'scroll', null, null, 0],
      ['s', '2026-06-16', 'click', 'b', 'p', 1],
    ]);
  });

  it('holds no value that the event’s table has no column for', () => {
    const click = web('begin_checkout', '10:00', 's', {
      table: 'click_events',
      order_id: 'o',
      product_id: 'p',
    });
    const view = web('page_view', '10:00', 's', { element_id: 'e', scroll_depth_pct: 5 });
    expect([click.order_id, click.product_id, view.element_id, view.scroll_depth_pct]).toEqual([
      null,
      'p',
      null,
      null,
    ]);
  });

  it('sums a session up; bots leave no mark, and a purchase moves neither its end nor its exit page', () => {
    const events = [
      web('page_view', '10:00:10', 's', { page_path: '/b', user_id: 'u1', utm_source: 'late' }),
      web('page_view', '10:00:00', 's', { page_path: '/a', utm_source: 'x', utm_medium: 'y' }),
      web('click', '10:00:20', 's', { user_id: 'u2' }),
      web('add_to_cart', '10:00:30', 's', { table: 'click_events' }),
      web('begin_checkout', '10:00:40.5', 's', { page_path: '/c', is_seed: 1 }),
      web('scroll', '10:00:05', 's'),
      web('page_view', '11:00', 's', { is_bot: 1, user_id: 'bot' }),
    ];
    const paid = shop('order.paid', '10:30', { session_id: 's', is_seed: 1 });
    expect(told('silver.sessions', { web: events, business: [paid] })).toEqual([
      {
        session_id: 's',
        user_id: 'u2',
        session_start: at('10:00'),
        session_end: at('10:00:40.5'),
        duration_seconds: '40.500',
        events_count: 6,
        page_views: 2,
        clicks: 1,
        add_to_cart: 1,
        begin_checkout: 1,
        purchases: 1,
        entry_page: '/a',
        exit_page: '/b',
        utm_source: 'x',
        utm_medium: 'y',
        utm_campaign: null,
        is_bounce: 0,
        is_seed: 1,
      },
    ]);
  });

  it('bounces with exactly one page view and no action; a scroll is none, a credited purchase is one', () => {
    const lone = (session: string) => web('page_view', '10:00', session);
    const events = [
      lone('alone'),
      ...[lone('scrolled'), web('scroll', '10:01', 'scrolled')],
      ...(['click', 'add_to_cart', 'begin_checkout', 'search', 'form_interaction'] as const).flatMap(
        (type) => [lone(type), web(type, '10:01', type)],
      ),
      ...[lone('two'), lone('two')],
      lone('bought'),
      web('scroll', '10:00', 'none'),
    ];
    const paid = shop('order.paid', '10:30', { session_id: 'bought' });
    const bounced = told('silver.sessions', { web: events, business: [paid] }).filter((row) => row.is_bounce);
    expect(bounced.map((row) => row.session_id)).toEqual(['alone', 'scrolled']);
  });

  it('counts products of a session by events, not quantity', () => {
    const p = { product_id: 'p' };
    const events = [
      web('add_to_cart', '10:02', 's', { ...p, quantity: 5 }),
      web('page_view', '10:00', 's', p),
      web('page_view', '10:01', 's', p),
      web('click', '10:03', 's', p),
      web('page_view', '10:04', 's', { product_id: 'q' }),
      web('page_view', '09:00', 's', { ...p, is_bot: 1 }),
      web('page_view', '10:05', 's'),
    ];
    expect(told('silver.session_products', { web: events })).toEqual([
      {
        session_id: 's',
        product_id: 'p',
        first_seen: at('10:00'),
        last_seen: at('10:03'),
        views: 2,
        clicks: 1,
        add_to_cart: 1,
      },
      {
        session_id: 's',
        product_id: 'q',
        first_seen: at('10:04'),
        last_seen: at('10:04'),
        views: 1,
        clicks: 0,
        add_to_cart: 0,
      },
    ]);
  });
});

describe('silver.reviews, recounted', () => {
  const r = { review_id: 'r', product_id: 'p', user_id: 'u' };
  const review = (...events: ReturnType<typeof shop>[]) =>
    columns(
      told('silver.reviews', { business: events }),
      'rating created_at updated_at is_deleted is_restored product_id user_id',
    );

  it('keeps its first creation and the newest rating by event time', () => {
    const events = [
      shop('review.updated', '12:00', { ...r, rating: 2 }),
      shop('review.created', '10:00', { ...r, rating: 5 }),
      shop('review.updated', '11:00', { ...r, rating: 4 }),
      shop('review.updated', '13:00', r),
    ];
    expect(review(...events)).toEqual([[2, at('10:00'), at('13:00'), 0, 0, 'p', 'u']]);
  });

  it('is deleted or restored by the newest creation or deletion; an update restores nothing', () => {
    const created = shop('review.created', '10:00', { ...r, rating: 5 });
    const deleted = shop('review.deleted', '11:00', r);
    const updated = shop('review.updated', '12:00', { ...r, rating: 1 });
    const again = shop('review.created', '13:00', { ...r, rating: 3 });
    expect(review(created, deleted, updated)).toEqual([[1, at('10:00'), at('12:00'), 1, 0, 'p', 'u']]);
    expect(review(again, deleted, created)).toEqual([[3, at('10:00'), at('13:00'), 0, 1, 'p', 'u']]);
    expect(review(created, again)).toEqual([[3, at('10:00'), at('13:00'), 0, 0, 'p', 'u']]);
  });

  it('has no creation when that never came, and stands in no Gold row', () => {
    const updated = shop('review.updated', '12:00', { ...r, rating: 1 });
    expect(review(updated)).toEqual([[1, null, at('12:00'), 0, 0, 'p', 'u']]);
    expect(told('gold.reviews_quality', { business: [updated] })).toEqual([]);
    expect(told('gold.product_daily', { business: [updated] })).toEqual([]);
  });
});

describe('silver.order_items, recounted', () => {
  const lines = (...events: [ReturnType<typeof shop>, ...ReturnType<typeof item>[]][]) =>
    columns(
      told('silver.order_items', {
        business: events.map(([event]) => event),
        items: events.flatMap(([, ...items]) => items),
      }),
      'line_number product_id quantity unit_price line_total',
    );
  const created = shop('order.created', '10:00');
  const later = shop('order.status_updated', '11:00', { status: 'SHIPPED' });
  const cancelled = shop('order.cancelled', '12:00');

  it('come from the newest event with items; quantity is 1 when missing, line_total as given', () => {
    expect(
      lines(
        [
          later,
          item(later, 1, { product_id: 'b', unit_price: 250, line_total: 300 }),
          item(later, 2, { quantity: 4 }),
        ],
        [created, item(created, 1, { product_id: 'a' })],
        [shop('order.paid', '11:30')],
      ),
    ).toEqual([
      [1, 'b', 1, '2.50', '3.00'],
      [2, 'p', 4, null, null],
    ]);
  });

  it('come from a cancellation or refund only when no other event has any', () => {
    const refund = shop('refund.created', '13:00');
    expect(
      lines(
        [cancelled, item(cancelled, 1, { product_id: 'c' })],
        [created, item(created, 1, { product_id: 'a' })],
      ),
    ).toEqual([[1, 'a', 1, null, null]]);
    expect(
      lines(
        [refund, item(refund, 1, { product_id: 'r' })],
        [cancelled, item(cancelled, 1, { product_id: 'c' })],
        [created],
      ),
    ).toEqual([[1, 'r', 1, null, null]]);
  });
});
