import { randomUUID } from 'node:crypto';
import { createRandom, type Random } from '../pipeline/simulation/random.ts';
import type { StoredEvent } from '../sinks/warehouse.ts';

/** What one shopper does at one moment, before it is made an event. */
interface Deed {
  readonly type: StoredEvent['canonical_type'];
  /** ms, of the event */
  readonly at: number;
  /** ms, of its arrival */
  readonly arrival: number;
  readonly session: number;
  readonly path: number;
  readonly isKnown: boolean;
  readonly hasOrder: boolean;
}

export interface ShopOptions {
  readonly sessions: number;
  /** number of the first one; shops whose numbers differ share no session */
  readonly first?: number;
  /** ms; sessions begin anywhere between the two */
  readonly from: number;
  readonly to: number;
}

/** Events of a shop in order of arrival. */
export interface Shop {
  readonly webEvents: number;
  readonly purchases: number;
  /** Batches as commits make them; each is made when it is asked for. */
  batches(size: number): IterableIterator<StoredEvent[]>;
}

const minute = 60_000;
const products = 200;
const paths = ['/', '/products', '/cart', '/checkout'] as const;

const tables: Partial<Record<StoredEvent['canonical_type'], StoredEvent['table']>> = {
  page_view: 'page_view_events',
  click: 'click_events',
  add_to_cart: 'cart_events',
  begin_checkout: 'checkout_events',
};

/**
 * Shoppers who come, look, and now and then buy: half of them known, one in twenty events late. The same at each
 * call but for the event ids.
 */
export function createShop({ sessions, first = 0, from, to }: ShopOptions): Shop {
  const random = createRandom(7 + first);
  const deeds: Deed[] = [];
  for (let session = first; session < first + sessions; session += 1) {
    visit(session, from + random.next() * (to - from), random, deeds);
  }
  deeds.sort((a, b) => a.arrival - b.arrival);
  const purchases = deeds.filter(({ type }) => tables[type] === undefined).length;
  let seq = 0;

  function eventOf(deed: Deed): StoredEvent {
    seq += 1;
    const { type, at, session } = deed;
    const table = tables[type] ?? 'business_events';
    const isWeb = table !== 'business_events';
    return {
      table,
      event_id: fresh(randomUUID()),
      event_timestamp: Math.round(at),
      received_at: Math.round(deed.arrival),
      session_id: isWeb ? fresh(`0b5e55ed-0000-4000-8000-${padded(session)}`) : null,
      user_id: deed.isKnown ? fresh(`05e70000-0000-4000-8000-${padded(session >> 1)}`) : null,
      source: isWeb ? 'tracking' : 'rabbitmq',
      canonical_type: type,
      is_bot: 0,
      is_seed: 0,
      page_path: isWeb ? fresh(paths[deed.path] ?? `/products/product-${deed.path}`) : null,
      product_id: null,
      order_id: deed.hasOrder ? fresh(`0de00000-0000-4000-8000-${padded(session)}`) : null,
      amount: isWeb ? null : 250_000,
      currency: isWeb ? null : 'LKR',
      payment_method: null,
      ingest_seq: seq,
    };
  }

  return {
    webEvents: deeds.length - purchases,
    purchases,
    *batches(size) {
      for (let done = 0; done < deeds.length; done += size) {
        yield deeds.slice(done, done + size).map(eventOf);
      }
    },
  };
}

function visit(session: number, from: number, random: Random, deeds: Deed[]): void {
  let at = from;
  const isMember = random.chance(0.5);
  function does(type: Deed['type'], path: number, more: Partial<Deed> = {}): void {
    const arrival = at + (random.chance(0.05) ? random.int(1, 10) * minute : random.int(5, 500));
    deeds.push({ type, at, arrival, session, path, isKnown: isMember, hasOrder: false, ...more });
    at += random.int(2_000, 60_000);
  }
  if (random.chance(0.6)) does('page_view', 0);
  if (random.chance(0.8)) does('page_view', 1);
  const product = random.int(paths.length, paths.length + products);
  for (let n = random.int(1, 5); n > 0; n -= 1) {
    does('page_view', product);
    if (random.chance(0.3)) does('click', product);
  }
  if (!random.chance(0.4)) return;
  for (let n = random.int(1, 2); n > 0; n -= 1) does('add_to_cart', product);
  if (!random.chance(0.6)) return;
  does('page_view', 3, { isKnown: true });
  does('begin_checkout', 3, { isKnown: true, hasOrder: random.chance(0.6) });
  if (random.chance(0.7)) does('order_paid', 0, { isKnown: true, hasOrder: true });
}

const padded = (n: number): string => n.toString(16).padStart(12, '0');

/** As a parsed message has it: a string of its own, whose hash nobody has asked for yet. */
const fresh = (text: string): string => Buffer.from(text, 'latin1').toString('latin1');
