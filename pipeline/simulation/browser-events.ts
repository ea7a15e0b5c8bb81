import { randomUUID } from 'node:crypto';
import type { Meaning, SimulatedEvent } from './event.ts';
import type { Random } from './random.ts';

/** A shopper's browser: who is there and how its events are sent. */
export interface Browser {
  readonly session: string;
  readonly userAgent: string;
  readonly bot: boolean;
}

export interface BrowserEvent {
  readonly type: 'page_view' | 'click' | 'add_to_cart' | 'begin_checkout';
  readonly at: number;
  /** undefined: nobody is logged in */
  readonly user: string | undefined;
  readonly path: string;
  readonly product?: string;
  readonly order?: string;
}

const shop = 'http://localhost:3000';

/** One page has many addresses. */
const addressOf = (random: Random, path: string): string =>
  random.pick([
    `${shop}${path}`,
    `${shop}${path}`,
    `${shop}${path}?utm=mail`,
    path === '/' ? shop : `${shop}${path}/`,
    `${path}#top`,
  ]);

const fieldsOf = (event: BrowserEvent, random: Random): Readonly<Record<string, unknown>> => {
  switch (event.type) {
    case 'page_view':
      return random.chance(0.4)
        ? {
            referrer_url: 'https://www.google.com/',
            utm_source: 'google',
            load_time_ms: random.int(0, 3_000),
          }
        : {};
    case 'click':
      return {
        element_id: 'btn_product_image',
        properties: { x: random.int(0, 800), y: random.int(0, 800) },
      };
    case 'add_to_cart':
      return { product_id: event.product, quantity: random.int(1, 4) };
    case 'begin_checkout':
      return event.order === undefined ? {} : { order_id: event.order };
  }
};

/** An event of a browser, not yet timed for sending. */
export function browserEvent(
  browser: Browser,
  event: BrowserEvent,
  random: Random,
): Omit<SimulatedEvent, 'sendAt' | 'after'> {
  const id = randomUUID();
  // older pages of the shop say it as a click that names what was done
  const asClick = event.type === 'add_to_cart' && random.chance(0.1);
  const type = asClick ? 'click' : event.type;
  const body = {
    event_id: random.chance(0.2) ? id.toUpperCase() : id,
    event_type: random.chance(0.3) ? `ui.${type}` : type,
    event_timestamp: new Date(event.at).toISOString(),
    session_id: browser.session,
    ...(event.user === undefined
      ? {}
      : { user_id: random.chance(0.5) ? event.user.toUpperCase() : event.user }),
    page_url: addressOf(random, event.path),
    ...(asClick
      ? { element_id: 'btn_buy', properties: { interaction_type: 'add_to_cart', product_id: event.product } }
      : fieldsOf(event, random)),
  };
  return {
    key: id,
    id,
    lane: 'web',
    type: `ui.${type}`,
    at: event.at,
    body,
    meaning: browser.bot ? { kind: 'nothing' } : meaningOf(browser.session, event),
    userAgent: browser.userAgent,
    bot: browser.bot,
  };
}

function meaningOf(session: string, event: BrowserEvent): Meaning {
  if (event.type === 'click') return { kind: 'nothing' };
  return {
    kind: event.type,
    session,
    user: event.user,
    path: event.type === 'page_view' ? event.path : undefined,
    order: event.order,
  };
}

export const people = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Linux; Android 15; SM-A556E) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1',
] as const;
export const robots = [
  'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
  'Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)',
] as const;
