import { describe, expect, it } from 'vitest';
import type { BusinessEvent, WebEvent } from './support/recount-bronze.ts';
import { at, columns, item, shop, told, web } from './support/recount-cases.ts';

/* Orders, payments and purchases of Silver, rule by rule, with numbers worked out by hand. */

const order = (names: string, ...business: BusinessEvent[]) =>
  columns(told('silver.orders', { business }), names)[0];

describe('silver.orders, recounted', () => {
  it('tells who, when and what of its events', () => {
    const created = shop('order.created', '10:00', { amount: 250_050, payment_method: 'COD', user_id: 'u2' });
    const events = [
      shop('order.cancelled', '12:00', { is_seed: 1 }),
      shop('order.paid', '11:30', { amount: 1 }),
      created,
      shop('order.paid', '11:00'),
      shop('payment.pending', '09:00', { user_id: 'u1', currency: 'USD' }),
    ];
    expect(told('silver.orders', { business: events, items: [item(created, 1)] })).toEqual([
      {
        order_id: 'o',
        user_id: 'u1',
        created_at: at('10:00'),
        status: 'cancelled',
        currency: 'LKR',
        total_amount: '2500.50',
        refunded_amount: '0.00',
        payment_method: 'COD',
        paid_at: at('11:00'),
        cancelled_at: at('12:00'),
        updated_at: at('12:00'),
        has_items: 1,
        is_seed: 1,
      },
    ]);
    expect(order('created_at', shop('order.paid', '11:00'), shop('payment.failed', '10:30'))).toEqual([
      at('10:30'),
    ]);
  });

  it('is no order when only a review or an event of no known type names it', () => {
    const events = [
      shop('review.created', '10:00', { review_id: 'r', order_id: 'o', rating: 5 }),
      shop('cart.abandoned', '10:00'),
    ];
    expect(told('silver.orders', { business: events })).toEqual([]);
  });

  const status = (...events: BusinessEvent[]) => order('status', ...events)?.[0];
  const moved = (to: string, time = '10:00') => shop('order.status_updated', time, { status: to });

  it('has the furthest status by business order, not by arrival or time', () => {
    const created = shop('order.created', '12:00');
    const paid = shop('order.paid', '10:00');
    expect(status(created)).toBe('created');
    expect(status(shop('payment.pending', '10:00'))).toBe('created');
    expect(status(paid, created)).toBe('paid');
    expect(status(moved('SHIPPED'), moved('PROCESSING', '11:00'), paid)).toBe('shipped');
    expect(status(moved('DELIVERED'), shop('order.cancelled', '09:00'))).toBe('cancelled');
    expect(status(moved('PROCESSING'), shop('order.ready_for_vendor', '11:00', { status: 'SHIPPED' }))).toBe(
      'processing',
    );
  });

  const money = (...events: BusinessEvent[]) =>
    order('total_amount currency refunded_amount status', ...events);
  const refund = (fields: object) => shop('payment.refunded', '13:00', fields);
  const created = shop('order.created', '10:00', { amount: 10_000, currency: 'LKR' });

  it('takes amount and currency of one event', () => {
    const paid = shop('order.paid', '09:00', { amount: 5_000, currency: 'USD' });
    const failed = shop('payment.failed', '09:30', { amount: 300 });
    const pending = shop('payment.pending', '09:10', { amount: 200, currency: 'EUR' });
    const unpriced = shop('order.created', '08:00', { currency: 'USD' });
    expect(money(paid, created)).toEqual(['100.00', 'LKR', '0.00', 'paid']);
    expect(money(paid, unpriced, failed)).toEqual(['50.00', 'USD', '0.00', 'paid']);
    expect(money(failed, pending, unpriced)).toEqual(['2.00', 'EUR', '0.00', 'created']);
    expect(money(failed)).toEqual(['3.00', 'LKR', '0.00', 'created']);
    expect(money(unpriced)).toEqual([null, 'LKR', '0.00', 'created']);
  });

  it('subtracts the greatest sum of one raw refund type, at most the amount', () => {
    const part = refund({ amount: 4_000 });
    const sameTold = shop('refund.created', '13:01', { amount: 4_000 });
    expect(money(created, part, sameTold)).toEqual(['100.00', 'LKR', '40.00', 'created']);
    expect(money(created, part, refund({ amount: 3_000 }), sameTold)).toEqual([
      '100.00',
      'LKR',
      '70.00',
      'created',
    ]);
    expect(money(created, part, refund({ amount: 9_000 }))).toEqual(['100.00', 'LKR', '100.00', 'refunded']);
  });

  it('refunds all without an amount, in its currency without one, and nothing in another', () => {
    expect(money(created, refund({}))).toEqual(['100.00', 'LKR', '100.00', 'refunded']);
    expect(money(created, refund({ amount: 10_000, currency: 'USD' }))).toEqual([
      '100.00',
      'LKR',
      '0.00',
      'created',
    ]);
    expect(
      money(shop('order.created', '10:00', { amount: 100, currency: 'USD' }), refund({ amount: 30 })),
    ).toEqual(['1.00', 'USD', '0.30', 'created']);
  });

  it('is never refunded without an amount', () => {
    expect(money(shop('order.created', '10:00'), refund({ amount: 100, currency: 'USD' }))).toEqual([
      null,
      'LKR',
      '0.00',
      'created',
    ]);
  });
});

describe('silver.payments, recounted', () => {
  const payment = (...business: BusinessEvent[]) =>
    columns(
      told('silver.payments', { business }),
      'status amount currency provider attempts occurred_at user_id',
    );
  const pending = shop('payment.pending', '10:00', { amount: 100, provider: 'a' });
  const failed = shop('payment.failed', '10:10', { amount: 200, currency: 'USD', user_id: 'u' });
  const failedAgain = shop('payment.failed', '10:20', { amount: 300, user_id: 'v' });
  const paid = shop('payment.completed', '10:05', { amount: 400, currency: 'EUR', provider: 'b' });

  it('stands at the furthest state by business order', () => {
    expect(payment(pending)).toEqual([['pending', '1.00', 'LKR', 'a', 0, at('10:00'), null]]);
    expect(payment(pending, shop('payment.not_required', '10:01'))).toEqual([
      ['not_required', '1.00', 'LKR', 'a', 0, at('10:01'), null],
    ]);
    expect(payment(failedAgain, failed, pending)).toEqual([
      ['failed', '3.00', 'LKR', 'a', 2, at('10:20'), 'u'],
    ]);
    expect(payment(failedAgain, paid, failed, pending)).toEqual([
      ['succeeded', '4.00', 'EUR', 'b', 3, at('10:05'), 'u'],
    ]);
  });

  it('counts failed attempts, and one more when it was paid, however often that is told', () => {
    const again = shop('order.paid', '10:06');
    expect(payment(paid, again, failed)).toEqual([
      // the first paid event that has an amount; the newest gave the status
      ['succeeded', '4.00', 'EUR', 'b', 2, at('10:06'), 'u'],
    ]);
  });

  it('is refunded on any refund, in any currency', () => {
    const refund = shop('refund.created', '09:00', { amount: 1, currency: 'USD' });
    expect(payment(refund, paid)).toEqual([['refunded', '4.00', 'EUR', 'b', 1, at('09:00'), null]]);
    expect(payment(refund)).toEqual([['refunded', null, 'LKR', null, 0, at('09:00'), null]]);
  });

  it('is none of an order that no payment event names', () => {
    expect(payment(shop('order.created', '10:00', { payment_method: 'COD' }))).toEqual([]);
  });
});

describe('silver.purchases, recounted', () => {
  const bought = (business: readonly BusinessEvent[], events: readonly WebEvent[] = []) =>
    columns(
      told('silver.purchases', { business, web: events }),
      'event_timestamp total_amount currency user_id',
    );

  it('is the first order_paid, or order_created paid on delivery, with what it or its order says', () => {
    const online = shop('order.created', '10:00', { payment_method: 'ONLINE', amount: 100, user_id: 'u' });
    const cash = shop('order.created', '10:00', { payment_method: 'COD', amount: 100, user_id: 'u' });
    const paid = shop('order.paid', '11:00', { currency: 'USD' });
    const early = shop('payment.completed', '09:00', { amount: 700, currency: 'USD', user_id: 'v' });
    expect(bought([online])).toEqual([]);
    expect(bought([paid, online])).toEqual([[at('11:00'), '1.00', 'LKR', 'u']]);
    expect(bought([paid, cash])).toEqual([[at('10:00'), '1.00', 'LKR', 'u']]);
    expect(bought([paid, cash, early])).toEqual([[at('09:00'), '7.00', 'USD', 'v']]);
  });

  const credit = (events: readonly WebEvent[], paid: Partial<BusinessEvent> = {}) =>
    columns(
      told('silver.purchases', {
        web: events,
        business: [shop('order.paid', '12:00', { user_id: 'u', session_id: 'own', ...paid })],
      }),
      'session_id credit_rule',
    )[0];
  const ofUser = { user_id: 'u' };

  it('belongs to its own session, when that has a step within 24 h either side', () => {
    expect(credit([web('add_to_cart', '06-14 12:00', 'own')])).toEqual(['own', 'a']);
    expect(credit([web('page_view', '06-16 12:00', 'own')])).toEqual(['own', 'a']);
    expect(credit([web('page_view', '06-16 12:00:00.001', 'own')])).toEqual([null, 'e']);
    expect(credit([web('page_view', '06-14 11:59:59.999', 'own')])).toEqual([null, 'e']);
    expect(credit([web('click', '12:00', 'own'), web('scroll', '12:00', 'own')])).toEqual([null, 'e']);
    expect(credit([web('page_view', '12:00', 'own', { is_bot: 1 })])).toEqual([null, 'e']);
  });

  it('belongs to the newest checkout that names the order, from 24 h before to 2 s after', () => {
    const names = (time: string, session: string) => web('begin_checkout', time, session, { order_id: 'o' });
    expect(credit([names('11:00', 's1'), names('12:00:02', 's2'), names('12:00:02.001', 's3')])).toEqual([
      's2',
      'b',
    ]);
    expect(credit([names('06-14 12:00', 's1')])).toEqual(['s1', 'b']);
    expect(credit([names('06-14 11:59:59.999', 's1')])).toEqual([null, 'e']);
    // equal times: the greater id, which is the later made
    expect(credit([names('11:00', 's1'), names('11:00', 's2')])).toEqual(['s2', 'b']);
    expect(credit([names('11:00', 'derived:u:2026-06-15')])).toEqual([null, 'e']);
  });

  it('belongs to the newest checkout, else page view, that names the user', () => {
    const checkout = web('begin_checkout', '10:00', 's1', { ...ofUser, table: 'click_events' });
    const view = web('page_view', '11:00', 's2', ofUser);
    expect(credit([checkout, view])).toEqual(['s1', 'c']);
    expect(credit([view])).toEqual(['s2', 'd']);
    expect(credit([view, checkout], { user_id: null })).toEqual([null, 'e']);
    expect(credit([web('add_to_cart', '11:00', 's3', ofUser)])).toEqual([null, 'e']);
    expect(credit([web('page_view', '11:00', null, ofUser)])).toEqual([null, 'e']);
  });

  it('is credited only by events with its own is_seed', () => {
    const view = web('page_view', '11:00', 'own', ofUser);
    const seed = web('page_view', '11:00', 's', { ...ofUser, is_seed: 1 });
    expect(credit([view], { is_seed: 1 })).toEqual([null, 'e']);
    expect(credit([view, seed], { is_seed: 1 })).toEqual(['s', 'd']);
  });
});
