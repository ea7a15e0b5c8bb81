import { groupBy, groupByTime, type WebEvent } from './recount-bronze.ts';
import type { PurchaseRow } from './recount-credit.ts';
import type { Days } from './recount-days.ts';

/** silver.web_events, silver.sessions and silver.session_products. */

export interface SilverWebEvent {
  readonly event: WebEvent;
  readonly event_date: string;
  /** the event's, else a derived one */
  readonly session_id: string;
}

export interface SessionRow {
  readonly session_id: string;
  readonly user_id: string | null;
  readonly session_start: number;
  readonly session_end: number;
  /** ms */
  readonly duration_seconds: number;
  readonly events_count: number;
  readonly page_views: number;
  readonly clicks: number;
  readonly add_to_cart: number;
  readonly begin_checkout: number;
  readonly purchases: number;
  readonly entry_page: string | null;
  readonly exit_page: string | null;
  readonly utm_source: string | null;
  readonly utm_medium: string | null;
  readonly utm_campaign: string | null;
  readonly is_bounce: 0 | 1;
  readonly is_seed: 0 | 1;
}

export interface SessionProductRow {
  readonly session_id: string;
  readonly product_id: string;
  readonly first_seen: number;
  readonly last_seen: number;
  readonly views: number;
  readonly clicks: number;
  readonly add_to_cart: number;
}

const derivedPrefix = 'derived:';
export const isDerived = (sessionId: string): boolean => sessionId.startsWith(derivedPrefix);

export function silverWebEvents(web: readonly WebEvent[], days: Days): readonly SilverWebEvent[] {
  return web.map((event) => {
    const event_date = days.dateOf(event.event_timestamp);
    const isBlank = event.session_id === null || event.session_id.trim() === '';
    const derived = `${derivedPrefix}${event.user_id ?? 'anon'}:${event_date}`;
    return { event, event_date, session_id: isBlank ? derived : (event.session_id as string) };
  });
}

/** The table's rows, one by one: there may be millions. */
export function* webEventRows(silver: readonly SilverWebEvent[]): Generator<object> {
  for (const { event, event_date, session_id } of silver) {
    yield { ...event, event_id: event.event_id.toLowerCase(), event_date, session_id };
  }
}

export const count = (events: readonly WebEvent[], ...types: readonly string[]): number =>
  events.filter((event) => types.includes(event.canonical_type)).length;

const actions = ['click', 'add_to_cart', 'begin_checkout', 'search', 'form_interaction'];

/** Events of people, by session, in order of time. */
export function sessionsOf(silver: readonly SilverWebEvent[]): ReadonlyMap<string, readonly WebEvent[]> {
  const sessionOf = new Map(silver.map(({ event, session_id }) => [event, session_id]));
  const people = silver.map(({ event }) => event).filter((event) => event.is_bot === 0);
  return groupByTime(people, (event) => sessionOf.get(event) ?? null);
}

export function sessionRows(
  sessions: ReadonlyMap<string, readonly WebEvent[]>,
  purchases: readonly PurchaseRow[],
): readonly SessionRow[] {
  const credited = groupBy(purchases, (purchase) => purchase.session_id);
  return [...sessions].map(([session_id, events]) => {
    const views = events.filter((event) => event.canonical_type === 'page_view');
    const bought = credited.get(session_id)?.length ?? 0;
    const start = (events[0] as WebEvent).event_timestamp;
    const end = (events.at(-1) as WebEvent).event_timestamp;
    const isBounce = views.length === 1 && count(events, ...actions) === 0 && bought === 0;
    return {
      session_id,
      user_id: events.findLast((event) => event.user_id !== null)?.user_id ?? null,
      session_start: start,
      session_end: end,
      duration_seconds: end - start,
      events_count: events.length,
      page_views: views.length,
      clicks: count(events, 'click'),
      add_to_cart: count(events, 'add_to_cart'),
      begin_checkout: count(events, 'begin_checkout'),
      purchases: bought,
      entry_page: views[0]?.page_path ?? null,
      exit_page: views.at(-1)?.page_path ?? null,
      utm_source: views[0]?.utm_source ?? null,
      utm_medium: views[0]?.utm_medium ?? null,
      utm_campaign: views[0]?.utm_campaign ?? null,
      is_bounce: isBounce ? 1 : 0,
      is_seed: events.some((event) => event.is_seed === 1) ? 1 : 0,
    };
  });
}

export function sessionProductRows(
  sessions: ReadonlyMap<string, readonly WebEvent[]>,
): readonly SessionProductRow[] {
  return [...sessions].flatMap(([session_id, events]) =>
    [...groupBy(events, (event) => event.product_id)].map(([product_id, own]) => ({
      session_id,
      product_id,
      first_seen: (own[0] as WebEvent).event_timestamp,
      last_seen: (own.at(-1) as WebEvent).event_timestamp,
      views: count(own, 'page_view'),
      clicks: count(own, 'click'),
      add_to_cart: count(own, 'add_to_cart'),
    })),
  );
}
