import { randomUUID } from 'node:crypto';
import type { Meaning, SimulatedEvent } from './event.ts';
import type { Random } from './random.ts';

type Unsent = Omit<SimulatedEvent, 'sendAt' | 'after'>;
type OrderMeaning = Extract<Meaning, { readonly kind: 'order' }>;

export interface OrderPlan {
  /** a lower-case UUID */
  readonly order: string;
  readonly user: string;
  /** known to the services of the newer vocabulary only, and not always */
  readonly session: string | undefined;
  /** event time of `order.created`, ms */
  readonly at: number;
  /** ms that the shopper takes for a step, shorter when time runs faster */
  readonly pause: () => number;
}

interface Price {
  readonly cents: number;
  readonly currency: string;
}

/** The events of one order, from its creation on, as the shop's services publish them. */
export function orderEvents(plan: OrderPlan, random: Random): readonly Unsent[] {
  const price: Price = { cents: random.int(15_000, 900_000), currency: random.chance(0.12) ? 'USD' : 'LKR' };
  return random.chance(0.7) ? shopVocabulary(plan, price, random) : plannedVocabulary(plan, price, random);
}

/** What the services publish today: an envelope around `data`, in camel case; ids change their letter case. */
function shopVocabulary(plan: OrderPlan, { cents, currency }: Price, random: Random): readonly Unsent[] {
  const cod = random.chance(0.5);
  let at = plan.at;
  const events: Unsent[] = [];

  function say(type: string, data: Readonly<Record<string, unknown>>, meaning: Meaning): void {
    const id = randomUUID();
    const body = {
      eventId: id,
      eventType: type,
      version: 1,
      occurredAt: new Date(at).toISOString(),
      correlationId: randomUUID(),
      data: { orderId: anyCase(plan.order, random), userId: anyCase(plan.user, random), ...data },
    };
    events.push(serviceEvent(id, type, at, body, meaning));
  }
  const ofOrder = (paid: boolean, created = false): Meaning => ({
    kind: 'order',
    order: plan.order,
    paid,
    created,
    session: undefined,
    user: plan.user,
    cents,
    currency,
  });
  const money = { amount: cents / 100, currency };

  const paymentStatus = cod ? 'NOT_REQUIRED' : 'PENDING';
  say(
    'order.created',
    {
      vendorIds: [randomUUID()],
      subtotal: cents / 100,
      currency,
      status: 'PENDING',
      paymentMethod: cod ? 'COD' : 'ONLINE',
      paymentStatus,
      createdAt: `${new Date(at).toISOString().slice(0, -1)}3333`,
    },
    ofOrder(cod, true),
  );
  at += random.int(300, 900);
  if (cod) {
    say('payment.not_required', { ...money, method: 'COD', status: paymentStatus }, ofOrder(false));
    if (random.chance(0.1)) cancel();
    return events;
  }
  say('payment.pending', { ...money, method: 'ONLINE', status: paymentStatus }, ofOrder(false));
  if (random.chance(0.15)) {
    at += plan.pause();
    say('payment.failed', { ...money, status: 'FAILED' }, ofOrder(false));
  }
  at += plan.pause();
  if (random.chance(0.18)) {
    cancel();
    return events;
  }
  say('payment.completed', { ...money, status: 'COMPLETED' }, ofOrder(true));
  at += random.int(300, 900);
  const ready = { subtotal: cents / 100, currency, paymentMethod: 'ONLINE', paymentStatus: 'COMPLETED' };
  say('order.ready_for_vendor', { vendorIds: [], ...ready }, ofOrder(false));
  if (random.chance(0.08)) {
    at += plan.pause();
    say('payment.refunded', { ...money, status: 'REFUNDED' }, ofOrder(false));
  }
  return events;

  function cancel(): void {
    at += plan.pause();
    say(
      'order.cancelled',
      {
        vendorIds: [],
        items: [],
        previousStatus: 'PENDING',
        newStatus: 'CANCELLED',
        occurredAt: new Date(at).toISOString(),
      },
      ofOrder(false),
    );
  }
}

/** What older and planned publishers say: flat, in snake case, with another word for a payment. */
function plannedVocabulary(plan: OrderPlan, { cents, currency }: Price, random: Random): readonly Unsent[] {
  let at = plan.at;
  const events: Unsent[] = [];
  // one that names neither price nor shopper has them from the order
  const bare = random.chance(0.3);
  const session = random.chance(0.5) ? plan.session : undefined;
  const named = currency === 'LKR' && random.chance(0.3) ? undefined : currency;

  function say(
    type: string,
    fields: Readonly<Record<string, unknown>>,
    meaning: Partial<OrderMeaning>,
  ): void {
    const id = randomUUID();
    const body = {
      event_id: id,
      event_type: type,
      event_timestamp: new Date(at).toISOString(),
      order_id: anyCase(plan.order, random),
      ...fields,
    };
    events.push(
      serviceEvent(id, type, at, body, {
        kind: 'order',
        order: plan.order,
        paid: false,
        created: false,
        session: undefined,
        user: undefined,
        cents: undefined,
        currency: undefined,
        ...meaning,
      }),
    );
  }

  const total = (cents / 100).toFixed(2);
  say(
    'order.created',
    {
      user_id: plan.user,
      payment_method: 'card',
      total_amount: total,
      ...(named === undefined ? {} : { currency: named }),
      ...(session === undefined ? {} : { session_id: session }),
      line_items: [{ sku: 'red-rice-5kg', qty: 1, unit_price: total }],
    },
    { created: true, user: plan.user, session, cents, currency: named },
  );
  at += plan.pause();
  if (random.chance(0.15)) {
    say('order.cancelled', { status: 'cancelled' }, {});
    return events;
  }
  const facts = bare
    ? {}
    : { user_id: plan.user, amount: total, ...(named === undefined ? {} : { currency: named }) };
  const known = bare ? {} : { user: plan.user, cents, currency: named };
  const [first, second] = random.chance(0.5)
    ? (['order.paid', 'payment.succeeded'] as const)
    : (['payment.succeeded', 'order.paid'] as const);
  say(first, facts, { paid: true, ...known });
  if (random.chance(0.4)) {
    at += random.int(50, 900);
    say(second, facts, { paid: true, ...known });
  }
  if (random.chance(0.08)) {
    at += plan.pause();
    say('refund.created', { amount: total }, {});
  }
  if (random.chance(0.15)) {
    at += plan.pause();
    review();
  }
  return events;

  function review(): void {
    const id = randomUUID();
    const body = {
      event_id: id,
      event_type: 'review.submitted',
      event_timestamp: new Date(at).toISOString(),
      review_id: randomUUID(),
      user_id: plan.user,
      product_id: 'red-rice-5kg',
      rating: random.int(1, 5),
    };
    events.push(serviceEvent(id, 'review.submitted', at, body, { kind: 'nothing' }));
  }
}

const serviceOf: Readonly<Record<string, string>> = {
  order: 'order-service',
  payment: 'payment-service',
  refund: 'payment-service',
  review: 'review-service',
};

/** What the collector asks for in a service's event and the exchange does not. */
export const serviceNameOf = (type: string): string => serviceOf[type.split('.')[0] ?? ''] ?? 'order-service';

const serviceEvent = (
  id: string,
  type: string,
  at: number,
  body: Readonly<Record<string, unknown>>,
  meaning: Meaning,
): Unsent => ({
  key: id,
  id,
  lane: 'service',
  type,
  at,
  body,
  meaning,
  userAgent: 'kada-simulation',
  bot: false,
});

const anyCase = (id: string, random: Random): string => (random.chance(0.4) ? id.toUpperCase() : id);
