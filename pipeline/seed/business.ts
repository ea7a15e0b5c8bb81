import { serviceNameOf } from '../simulation/order-events.ts';
import { generatorOf, idOf, runOf, type SeedOptions, type SeedOrder } from './shop.ts';

/** One seed: the body that a keyed caller sends. */
export type SeedBody = Readonly<Record<string, unknown>> & {
  readonly event_id: string;
  readonly event_type: string;
};

/** The two events of each order: its creation and what followed (warehouse.md, Seeds). */
export const businessSeeds = (options: SeedOptions, orders: readonly SeedOrder[]): readonly SeedBody[] =>
  orders.flatMap((order) => eventsOf(options, order));

function eventsOf(options: SeedOptions, order: SeedOrder): readonly SeedBody[] {
  const random = generatorOf(options, 'follow-ups', order.index);
  const ids = { orderId: order.order, userId: order.user };
  const money = { amount: order.cents / 100, currency: 'LKR' };
  const followAt = order.at + random.int(20_000, 600_000);

  const say = (type: string, at: number, data: Readonly<Record<string, unknown>>): SeedBody => ({
    event_id: idOf(options, type, order.index),
    event_type: type,
    event_timestamp: new Date(at).toISOString(),
    service: serviceNameOf(type),
    correlation_id: idOf(options, 'correlation', order.index),
    meta: { seed_run_id: runOf(options) },
    data: { ...ids, ...data },
  });

  const created = say('order.created', order.at, {
    subtotal: money.amount,
    currency: money.currency,
    status: 'PENDING',
    paymentMethod: 'ONLINE',
    paymentStatus: 'PENDING',
    items: order.items.map(({ product, quantity, cents }) => ({
      productId: product,
      quantity,
      unitPrice: cents / 100,
      lineTotal: (cents * quantity) / 100,
    })),
  });
  switch (order.followUp) {
    case 'paid':
      return [created, say('payment.completed', followAt, { ...money, status: 'COMPLETED' })];
    case 'cancelled':
      return [
        created,
        say('order.cancelled', followAt, { previousStatus: 'PENDING', newStatus: 'CANCELLED' }),
      ];
    case 'payment_failed':
      return [created, say('payment.failed', followAt, { ...money, status: 'FAILED' })];
  }
}
