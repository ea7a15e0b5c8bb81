import { groupBy, groupByTime, type WebEvent } from './recount-bronze.ts';
import type { PurchaseRow } from './recount-credit.ts';
import type { Days } from './recount-days.ts';
import { countSteps, entriesByDate, type Funnel, type FunnelEntry } from './recount-funnel.ts';
import { average, millionths, rate } from './recount-numbers.ts';
import { count, type SessionRow, type SilverWebEvent } from './recount-sessions.ts';

/** gold.behavior_daily, funnel_daily and page_performance. All that is given counts: seeds were left out before. */

export interface BehaviorRow {
  readonly metric_date: string;
  readonly sessions: number;
  readonly unique_users: number;
  readonly page_views: number;
  readonly clicks: number;
  readonly add_to_cart: number;
  readonly begin_checkout: number;
  readonly purchases: number;
  readonly bot_events: number;
}

export interface FunnelDayRow {
  readonly metric_date: string;
  readonly view_sessions: number;
  readonly cart_sessions: number;
  readonly checkout_sessions: number;
  readonly purchase_sessions: number;
  readonly view_to_cart_rate: string | null;
  readonly cart_to_checkout_rate: string | null;
  readonly checkout_to_purchase_rate: string | null;
  readonly view_to_purchase_rate: string | null;
  readonly unattributed_purchases: number;
  readonly is_complete: 0 | 1;
}

export interface PageRow {
  readonly metric_date: string;
  readonly page_path: string;
  readonly views: number;
  readonly unique_visitors: number;
  readonly avg_time_on_page_seconds: string | null;
  readonly avg_scroll_depth: string | null;
  readonly entries: number;
  readonly exits: number;
  readonly bounce_rate: string | null;
  readonly exit_rate: string | null;
  readonly avg_load_time_ms: string | null;
}

const distinct = <T>(values: readonly T[]): number => new Set(values).size;
const given = <T>(values: readonly (T | null)[]): T[] => values.filter((value) => value !== null);

/** @param silver of bots too */
export function behaviorRows(
  silver: readonly SilverWebEvent[],
  purchases: readonly PurchaseRow[],
): readonly BehaviorRow[] {
  const byDate = groupBy(silver, ({ event_date }) => event_date);
  const bought = groupBy(purchases, ({ event_date }) => event_date);
  return [...new Set([...byDate.keys(), ...bought.keys()])].map((metric_date) => {
    const all = byDate.get(metric_date) ?? [];
    const people = all.filter(({ event }) => event.is_bot === 0);
    const events = people.map(({ event }) => event);
    return {
      metric_date,
      sessions: distinct(people.map(({ session_id }) => session_id)),
      unique_users: distinct(given(events.map(({ user_id }) => user_id))),
      page_views: count(events, 'page_view'),
      clicks: count(events, 'click'),
      add_to_cart: count(events, 'add_to_cart'),
      begin_checkout: count(events, 'begin_checkout'),
      purchases: bought.get(metric_date)?.length ?? 0,
      bot_events: all.length - people.length,
    };
  });
}

export function funnelDayRows(
  funnel: Funnel,
  entries: readonly FunnelEntry[],
  purchases: readonly PurchaseRow[],
  days: Days,
  asOf: number,
): readonly FunnelDayRow[] {
  const byDate = entriesByDate(entries, days);
  const lost = purchases.filter(({ credit_rule }) => credit_rule === 'e');
  const lostByDate = groupBy(lost, ({ event_date }) => event_date);
  return [...new Set([...byDate.keys(), ...lostByDate.keys()])].map((metric_date) => {
    const counts = countSteps(funnel, byDate.get(metric_date) ?? [], asOf);
    const [view = 0, cart = 0, checkout = 0, purchase = 0] = counts.map(({ sessions }) => sessions);
    const closes = days.endOf(metric_date) + funnel.windowSeconds * 1_000;
    return {
      metric_date,
      view_sessions: view,
      cart_sessions: cart,
      checkout_sessions: checkout,
      purchase_sessions: purchase,
      view_to_cart_rate: rate(cart, view),
      cart_to_checkout_rate: rate(checkout, cart),
      checkout_to_purchase_rate: rate(purchase, checkout),
      view_to_purchase_rate: rate(purchase, view),
      unattributed_purchases: lostByDate.get(metric_date)?.length ?? 0,
      is_complete: asOf >= closes ? 1 : 0,
    };
  });
}

/** A place of the report: one page on one day. */
const placeKey = (date: string, path: string | null): string | null =>
  path === null ? null : `${date} ${path}`;

/**
 * @param silver events of people
 * @param sessions Silver's rows of the sessions that count
 */
export function pageRows(
  silver: readonly SilverWebEvent[],
  sessions: readonly SessionRow[],
  days: Days,
): readonly PageRow[] {
  const views = silver.filter(({ event }) => event.canonical_type === 'page_view');
  const keyOf = ({ event, event_date }: SilverWebEvent) => placeKey(event_date, event.page_path);
  const byPlace = groupBy(views, keyOf);
  const scrolls = groupBy(
    silver.filter(({ event }) => event.canonical_type === 'scroll'),
    keyOf,
  );
  const stays = staysByPlace(views, days);
  const { entered, left } = endsOfSessions(views, sessions, days);

  return [...byPlace].map(([key, own]) => {
    const events = own.map(({ event }) => event);
    const entries = entered.get(key) ?? [];
    const exits = left.get(key)?.length ?? 0;
    const depths = (scrolls.get(key) ?? []).map(({ event }) => event.scroll_depth_pct);
    return {
      metric_date: own[0]?.event_date ?? '',
      page_path: events[0]?.page_path ?? '',
      views: own.length,
      unique_visitors: distinct(own.map(({ event, session_id }) => event.user_id ?? session_id)),
      avg_time_on_page_seconds: average(stays.get(key) ?? []),
      avg_scroll_depth: average(given(depths).map(millionths)),
      entries: entries.length,
      exits,
      bounce_rate: rate(entries.filter(({ is_bounce }) => is_bounce === 1).length, entries.length),
      exit_rate: rate(exits, own.length),
      avg_load_time_ms: average(given(events.map(({ load_time_ms }) => load_time_ms)).map(millionths)),
    };
  });
}

/** "a view's time_on_prev_page belongs to the session's previous page and its date" */
function staysByPlace(views: readonly SilverWebEvent[], days: Days): Map<string, number[]> {
  const stays = new Map<string, number[]>();
  for (const events of viewsBySession(views).values()) {
    for (const [index, event] of events.entries()) {
      const previous = events[index - 1];
      if (previous === undefined || event.time_on_prev_page_seconds === null) continue;
      const key = placeKey(days.dateOf(previous.event_timestamp), previous.page_path);
      if (key === null) continue;
      const own = stays.get(key) ?? [];
      own.push(millionths(event.time_on_prev_page_seconds));
      stays.set(key, own);
    }
  }
  return stays;
}

function viewsBySession(views: readonly SilverWebEvent[]): Map<string, WebEvent[]> {
  const sessionOf = new Map(views.map(({ event, session_id }) => [event, session_id]));
  return groupByTime(sessionOf.keys(), (event) => sessionOf.get(event) ?? null);
}

/** The sessions by the place of their first page view and of their last. */
function endsOfSessions(
  views: readonly SilverWebEvent[],
  sessions: readonly SessionRow[],
  days: Days,
): { readonly entered: Map<string, SessionRow[]>; readonly left: Map<string, SessionRow[]> } {
  const viewed = viewsBySession(views);
  const placeAt = (session: SessionRow, index: 0 | -1): string | null => {
    const event = viewed.get(session.session_id)?.at(index);
    return event === undefined ? null : placeKey(days.dateOf(event.event_timestamp), event.page_path);
  };
  return {
    entered: groupBy(sessions, (session) => placeAt(session, 0)),
    left: groupBy(sessions, (session) => placeAt(session, -1)),
  };
}
