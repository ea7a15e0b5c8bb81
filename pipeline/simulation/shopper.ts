import { randomUUID } from 'node:crypto';
import { brokenEvent } from './broken-events.ts';
import { type Browser, type BrowserEvent, browserEvent, people, robots } from './browser-events.ts';
import type { SimulatedEvent } from './event.ts';
import { orderEvents } from './order-events.ts';
import type { Random } from './random.ts';

type Unsent = Omit<SimulatedEvent, 'sendAt' | 'after'>;

export interface ShopperPlan {
  /** event time of the first event, ms */
  readonly startAt: number;
  /** 1: as people shop; 10: ten times as fast */
  readonly speed: number;
  /** what happened before is sent at once, in any order */
  readonly now: number;
}

const products = [
  'ceylon-tea-100g',
  'red-rice-5kg',
  'kithul-treacle',
  'C0FFEE00-0000-4000-8000-0000000000C1',
  'batik-sarong',
] as const;
const minute = 60_000;
const window = 60 * minute;

/** Everything one shopper does, in one or two visits, with the times at which each event is sent. */
export function planShopper(plan: ShopperPlan, random: Random): readonly SimulatedEvent[] {
  const age = plan.now - plan.startAt;
  const pause = (): number =>
    Math.ceil((random.int(2_000, 30_000) * (random.chance(0.1) ? 3 : 1)) / plan.speed);
  const user = randomUUID();
  // orders by telephone: of a user whom no page knows
  if (random.chance(0.03)) {
    const order = { order: randomUUID(), user, session: undefined, at: plan.startAt, pause };
    return timed(orderEvents(order, random), plan, random);
  }
  const events: Unsent[] = [];
  const bot = random.chance(0.04);
  const first = visit(plan.startAt, `sim-${randomUUID()}`);
  if (bot) return timed(events, plan, random);
  // a second visit under an id of its own or, after more than the window, under the same
  const long = age > 2 * window && random.chance(0.05);
  if (long) visit(first.last + window + random.int(1, 5) * minute, first.session);
  else if (random.chance(0.2)) visit(first.last + 2 * pause(), `sim-${randomUUID()}`);
  if (random.chance(0.06)) events.push(brokenEvent(first.last, random));
  return timed(events, plan, random);

  function visit(from: number, session: string): { readonly session: string; readonly last: number } {
    const browser: Browser = { session, bot, userAgent: bot ? random.pick(robots) : random.pick(people) };
    const login = random.next();
    const known = login < 0.5 ? user : undefined;
    const atCheckout = login < 0.85 ? user : undefined;
    let at = from;
    const does = (event: Omit<BrowserEvent, 'at'>): void => {
      events.push(browserEvent(browser, { ...event, at }, random));
    };

    const landing = random.next();
    if (landing < 0.6) {
      does({ type: 'page_view', user: known, path: '/' });
      at += pause();
    }
    if (landing < 0.8) {
      does({ type: 'page_view', user: known, path: '/products' });
      at += pause();
    }
    let product: string = random.pick(products);
    for (let n = random.int(1, 4); n > 0; n--) {
      product = random.pick(products);
      does({ type: 'page_view', user: known, path: `/products/${product}` });
      at += pause();
      if (random.chance(0.4)) does({ type: 'click', user: known, path: `/products/${product}` });
    }
    if (!random.chance(0.5)) return { session, last: at };
    // some think it over for longer than the window is open
    if (age > 2 * window && random.chance(0.05)) at += window;
    for (let n = random.int(1, 2); n > 0; n--) {
      does({ type: 'add_to_cart', user: known, path: `/products/${product}`, product });
      at += pause();
    }
    if (!random.chance(0.65)) return { session, last: at };
    const order = randomUUID();
    does({ type: 'page_view', user: atCheckout, path: '/checkout' });
    at += Math.ceil(pause() / 4);
    const named = random.chance(0.6) ? { order } : {};
    does({ type: 'begin_checkout', user: atCheckout, path: '/checkout', ...named });
    // clocks of browser and service differ: the order may come a second before its checkout
    at += random.chance(0.1) ? -random.int(1, 1_500) : pause();
    if (bot || !random.chance(0.75)) return { session, last: at };
    events.push(...orderEvents({ order, user, session, at, pause }, random));
    return { session, last: at };
  }
}

/** When each is sent: mostly at once, some late, some so late that others overtake them; and what follows. */
function timed(events: readonly Unsent[], plan: ShopperPlan, random: Random): readonly SimulatedEvent[] {
  return events.map((event): SimulatedEvent => {
    const kind = random.next();
    const delay =
      kind < 0.75
        ? random.int(0, 150)
        : kind < 0.92
          ? random.int(200, 4_000)
          : random.int(4_000, 60_000) / plan.speed;
    const broken = event.meaning.kind === 'broken';
    const again = random.next();
    const after = broken || again > 0.07 ? 'nothing' : again < 0.055 ? 'again' : 'other_content';
    const sendAt = event.at < plan.now ? plan.now + random.int(0, 1_000) : event.at + delay;
    return { ...event, sendAt, after };
  });
}
