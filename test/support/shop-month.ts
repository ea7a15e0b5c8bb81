import type { AnalyticsEvent, DeadLetter } from '../../ingest/event.ts';
import { amqpOrigin, collectorOrigin, eventOf, judge, letterFrom, trackOrigin } from './ingesting.ts';
import { createRandom, type Random } from './random.ts';

/**
 * Weeks of a shop as one reads them on the pages of history: shoppers who come, look, buy and pay, orders cancelled
 * and refunded, two currencies, reviews, services that log, and one day on which a sender broke.
 */
export interface ShopMonth {
  readonly events: readonly AnalyticsEvent[];
  /** with the moment at which each failed, ms */
  readonly letters: readonly { readonly letter: DeadLetter; readonly at: number }[];
}

export interface ShopMonthOptions {
  readonly seed: number;
  /** ms: nothing happens after it */
  readonly until: number;
  /** that many days before it */
  readonly days: number;
  readonly sessionsPerDay: number;
  readonly products: number;
  /** days before `until` on which the sender broke; default none */
  readonly brokenDay?: number;
}

const DAY = 86_400_000;
const minute = 60_000;
const iso = (ms: number): string => new Date(ms).toISOString();
const pages = ['/', '/products', '/search', '/offers/avurudu', '/account/orders'];

export function shopMonth(options: ShopMonthOptions): ShopMonth {
  const { until, days } = options;
  const random = createRandom(options.seed);
  const events: AnalyticsEvent[] = [];
  const letters: { letter: DeadLetter; at: number }[] = [];
  const products = Array.from(
    { length: options.products },
    (_, index) => `p-${String(index + 1).padStart(3, '0')}`,
  );
  const midnight = Math.floor(until / DAY) * DAY;

  const add = (body: object, origin: Parameters<typeof judge>[1], at: number): void => {
    if (at <= until) events.push(eventOf(judge(body, origin, { at: at + random.int(0, 900) })));
  };
  const web = (type: string, session: string, at: number, fields: object): void =>
    add(
      { event_type: type, event_id: random.uuid(), event_timestamp: iso(at), session_id: session, ...fields },
      trackOrigin(),
      at,
    );
  const service = (type: string, at: number, data: object): void =>
    add(
      { eventId: random.uuid(), eventType: type, version: 1, occurredAt: iso(at), correlationId: 'c', data },
      amqpOrigin(type),
      at,
    );

  for (let day = days - 1; day >= 0; day -= 1) {
    const begin = midnight - day * DAY;
    const weekday = new Date(begin).getUTCDay();
    const shoppers = Math.round(
      options.sessionsPerDay * (weekday === 0 || weekday === 6 ? 1.3 : 1) * (0.85 + random.next() * 0.3),
    );
    for (let index = 0; index < shoppers; index += 1)
      shop(random.fork(), begin + random.int(0, DAY - 1), `s-${day}-${index}`);
    for (let index = 0; index < 40; index += 1) log(begin + random.int(0, DAY - 1));
    const broken = day === options.brokenDay ? 60 : random.int(0, 2);
    for (let index = 0; index < broken; index += 1)
      letter(begin + random.int(0, DAY - 1), day === options.brokenDay);
  }

  function shop(own: Random, start: number, session: string): void {
    let at = start;
    const product = products[Math.floor(own.next() ** 2 * products.length)] ?? 'p-001';
    const user = own.oneIn(3) ? `u-${own.int(1, 400)}` : undefined;
    const step = (): number => {
      at += own.int(5_000, 4 * minute);
      return at;
    };
    web('page_view', session, at, {
      page_url: own.pick(pages),
      user_id: user,
      load_time_ms: own.int(300, 2_000),
    });
    if (own.oneIn(3)) return;
    web('page_view', session, step(), {
      page_url: `/products/${product}`,
      product_id: product,
      user_id: user,
      time_on_prev_page_seconds: own.int(3, 90),
      load_time_ms: own.int(300, 2_000),
    });
    if (own.oneIn(2))
      web('click', session, step(), {
        page_url: `/products/${product}`,
        element_id: 'gallery',
        product_id: product,
      });
    if (!own.oneIn(3)) return;
    web('add_to_cart', session, step(), {
      page_url: '/cart',
      product_id: product,
      quantity: own.int(1, 3),
      user_id: user,
    });
    if (own.oneIn(3)) return;
    web('begin_checkout', session, step(), { page_url: '/checkout', user_id: user });
    if (own.oneIn(3)) return;
    buy(own, step(), session, user, product);
  }

  function buy(own: Random, at: number, session: string, user: string | undefined, product: string): void {
    const order = `o-${session}`;
    const currency = own.oneIn(9) ? 'USD' : 'LKR';
    const cod = own.oneIn(3);
    const quantity = own.int(1, 3);
    const price = currency === 'USD' ? own.int(500, 9_000) / 100 : own.int(50_000, 2_500_000) / 100;
    const amount = Math.round(price * quantity * 100) / 100;
    const facts = { orderId: order, userId: user, sessionId: session, currency };
    service('order.created', at, {
      ...facts,
      amount,
      paymentMethod: cod ? 'COD' : 'ONLINE',
      items: [{ productId: product, quantity, unitPrice: price, lineTotal: amount }],
    });
    const later = at + own.int(minute, 20 * minute);
    if (!cod && own.oneIn(12))
      service('payment.failed', later, { ...facts, amount, method: 'ONLINE', provider: 'payhere' });
    else if (!cod)
      service('payment.completed', later, { ...facts, amount, method: 'ONLINE', provider: 'payhere' });
    if (!cod && !own.oneIn(12)) service('order.paid', later + 1_000, { ...facts, amount });
    if (own.oneIn(16)) service('order.cancelled', at + own.int(minute, 10 * 60 * minute), facts);
    else if (own.oneIn(20))
      service('payment.refunded', at + own.int(minute, 20 * 60 * minute), {
        ...facts,
        amount: Math.round(amount * 40) / 100,
      });
    if (own.oneIn(4))
      service('review.created', at + own.int(minute, 20 * 60 * minute), {
        reviewId: `r-${session}`,
        userId: user,
        productId: product,
        orderId: order,
        rating: own.pick([1, 2, 3, 4, 4, 5, 5, 5]),
      });
  }

  function log(at: number): void {
    const named = random.pick(['order-service', 'order-service', 'payment-service', 'review-service']);
    add(
      {
        event_id: random.uuid(),
        event_timestamp: iso(at),
        source: 'service',
        event_type: 'api_request_log',
        service: named,
        endpoint: '/api/orders',
        method: 'GET',
        status_code: random.oneIn(60) ? 503 : 200,
        response_time_ms: random.int(8, named === 'order-service' ? 240 : 120),
      },
      collectorOrigin(),
      at,
    );
  }

  function letter(at: number, broken: boolean): void {
    if (at > until) return;
    const id = random.uuid();
    const judged = broken
      ? judge(
          {
            event_type: 'begin_checkout',
            event_id: id,
            event_timestamp: iso(at),
            sessionid: 's',
            page_url: '',
          },
          trackOrigin({ typedRoute: undefined }),
          { at },
        )
      : random.oneIn(2)
        ? judge(`{"broken ${id}`, collectorOrigin(), { at })
        : judge(
            {
              event_type: `wishlist_${random.int(1, 3)}`,
              event_id: id,
              event_timestamp: iso(at),
              source: 'web',
            },
            collectorOrigin(),
            { at },
          );
    letters.push({ letter: { ...letterFrom(judged), id }, at });
  }

  return { events, letters };
}
