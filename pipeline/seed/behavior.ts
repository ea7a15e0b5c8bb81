import type { Random } from '../simulation/random.ts';
import type { SeedBody } from './business.ts';
import {
  catalogue,
  generatorOf,
  idOf,
  momentOf,
  runOf,
  type SeedOptions,
  type SeedOrder,
  userOf,
} from './shop.ts';

const shop = 'http://localhost:3000';
/** sessions that end without an order, for each that led to one */
const browsersForAnOrder = 3;

interface Visit {
  readonly session: string;
  readonly user: string | undefined;
  readonly random: Random;
  readonly say: (type: string, path: string, fields?: Readonly<Record<string, unknown>>) => void;
}

/** The web sessions that led to the orders, and those of shoppers who left before. */
export function behaviorSeeds(options: SeedOptions, orders: readonly SeedOrder[]): readonly SeedBody[] {
  const led = orders.flatMap((order) => sessionOfOrder(options, order));
  const left = Array.from({ length: orders.length * browsersForAnOrder }, (_, index) =>
    sessionWithout(options, index),
  ).flat();
  return [...led, ...left];
}

/** Its last event is the checkout that names the order, some seconds before the order is created. */
function sessionOfOrder(options: SeedOptions, order: SeedOrder): readonly SeedBody[] {
  const random = generatorOf(options, 'sessions of orders', order.index);
  const told = record(options, `session of order ${order.index}`, order.session, order.user, random);
  arrive(told.visit);
  for (const { product, quantity } of order.items) {
    look(told.visit, product);
    told.visit.say('add_to_cart', `/products/${product}`, { product_id: product, quantity });
  }
  told.visit.say('page_view', '/checkout');
  told.visit.say('begin_checkout', '/checkout', { order_id: order.order });
  return told.before(order.at);
}

function sessionWithout(options: SeedOptions, index: number): readonly SeedBody[] {
  const random = generatorOf(options, 'other sessions', index);
  const user = random.chance(0.4) ? userOf(options, random) : undefined;
  const told = record(options, `other session ${index}`, idOf(options, 'other session', index), user, random);
  const { visit } = told;
  arrive(visit);
  const depth = random.next();
  for (let n = random.int(depth < 0.3 ? 0 : 1, 3); n > 0; n -= 1) look(visit, random.pick(catalogue).product);
  if (depth > 0.6) {
    const { product } = random.pick(catalogue);
    visit.say('add_to_cart', `/products/${product}`, { product_id: product, quantity: random.int(1, 2) });
  }
  if (depth > 0.9) visit.say('begin_checkout', '/checkout');
  return told.before(momentOf(options, random));
}

function arrive({ say, random }: Visit): void {
  const from = random.chance(0.5)
    ? { referrer_url: 'https://www.google.com/', utm_source: 'google', utm_medium: 'organic' }
    : {};
  say('page_view', '/', { ...from, load_time_ms: random.int(80, 2_400) });
  if (random.chance(0.8)) say('page_view', '/products', { load_time_ms: random.int(60, 1_800) });
}

function look({ say, random }: Visit, product: string): void {
  const path = `/products/${product}`;
  say('page_view', path, { load_time_ms: random.int(60, 1_800) });
  if (random.chance(0.4)) say('click', path, { element_id: 'btn_product_image' });
}

/** Writes a visit down; its times are counted back from its end once that is known. */
function record(
  options: SeedOptions,
  name: string,
  session: string,
  user: string | undefined,
  random: Random,
): { readonly visit: Visit; readonly before: (end: number) => readonly SeedBody[] } {
  const bodies: SeedBody[] = [];
  const pauses: number[] = [];
  function say(type: string, path: string, fields: Readonly<Record<string, unknown>> = {}): void {
    pauses.push(random.int(2_000, 40_000));
    bodies.push({
      event_id: idOf(options, name, bodies.length),
      event_type: type,
      session_id: session,
      ...(user === undefined ? {} : { user_id: user }),
      page_url: `${shop}${path}`,
      source: 'web',
      service: 'web',
      meta: { seed_run_id: runOf(options) },
      ...fields,
    });
  }
  return {
    visit: { session, user, random, say },
    before(end) {
      let at = end;
      const times = pauses.toReversed().map((pause) => {
        at -= pause;
        return at;
      });
      times.reverse();
      return bodies.map((body, index) => ({
        ...body,
        event_timestamp: new Date(times[index] ?? end).toISOString(),
      }));
    },
  };
}
