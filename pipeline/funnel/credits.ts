import { compareWords } from './event-id-words.ts';
import type { OrderMinutes } from './order-minutes.ts';
import type { PurchaseFacts } from './purchase-of-order.ts';
import { eventFlags } from './session-events.ts';
import type { Sessions } from './sessions.ts';
import type { UserEvents } from './user-events.ts';

export type CreditRule = 'a' | 'b' | 'c' | 'd' | 'e';

/** Rules 6b to 6d look this far back, and this far ahead; 6a this far back on both sides (ms). */
export const creditReach = { before: 86_400_000, after: 2_000 } as const;

/** A web event that may give a purchase to its session. */
export interface CreditEvent {
  readonly session: number;
  readonly generation: number;
  readonly time: number;
  /** the event's id; what is kept of it is copied */
  readonly words: Uint32Array;
}

interface Credit extends CreditEvent {
  readonly rule: Exclude<CreditRule, 'e'>;
}

/** A checkout that names an order (6b). */
export interface OrderCheckout extends CreditEvent {
  readonly isSeed: boolean;
}

export interface Purchase {
  readonly orderId: string;
  readonly facts: PurchaseFacts;
  readonly checkouts: readonly OrderCheckout[];
  /** row of its user among the user events while it is counted; -1: it names none */
  owner: number;
  credit: Credit | undefined;
}

/**
 * Which session a purchase belongs to (funnel.md 6). The answer is the best of all candidate events: by rule, then
 * the newest. A new event can only better it, so it is compared with the credit that stands; only when the
 * purchase itself changes is everything searched.
 */
export interface Credits {
  /** Counts a purchase and finds its session. */
  place(purchase: Purchase): void;
  /** Takes back what `place` counted. */
  take(purchase: Purchase): void;
  /** A page view, cart or checkout of the session `id`. */
  onSessionEvent(id: string, session: number, time: number, flags: number): void;
  /** A page view or checkout that names the user; its row among the user events. */
  onUserEvent(owner: number, event: CreditEvent, flags: number): void;
  onOrderCheckout(purchase: Purchase, checkout: OrderCheckout): void;
  /** Finds a session anew for purchases whose session was evicted. */
  replaceStale(): void;
  /** every counted purchase with the session and the rule that gave it */
  list(): readonly PurchaseCredit[];
}

export interface PurchaseCredit {
  readonly orderId: string;
  readonly facts: PurchaseFacts;
  readonly sessionId: string | null;
  readonly rule: CreditRule;
}

export function createCredits(sessions: Sessions, users: UserEvents, minutes: OrderMinutes): Credits {
  const all = new Set<Purchase>();
  /** purchases whose own session has not given them the credit: once it has, nothing goes before it */
  const bySession = new Map<string, Set<Purchase>>();
  /** by the row of the user, which is held meanwhile; each by time */
  const byOwner = new Map<number, Purchase[]>();

  return { place, take, onSessionEvent, onUserEvent, onOrderCheckout, replaceStale, list };

  function place(purchase: Purchase): void {
    const { facts } = purchase;
    all.add(purchase);
    if (facts.userId !== null) {
      purchase.owner = users.open(facts.userId);
      users.hold(purchase.owner);
      const own = byOwner.get(purchase.owner);
      if (own === undefined) byOwner.set(purchase.owner, [purchase]);
      else own.splice(firstSince(own, facts.at), 0, purchase);
    }
    minutes.count(facts, 1);
    minutes.countUnattributed(facts, 1);
    find(purchase);
  }

  function take(purchase: Purchase): void {
    const { facts } = purchase;
    all.delete(purchase);
    stopWaiting(purchase);
    forgetUser(purchase);
    takeCredit(purchase);
    minutes.countUnattributed(facts, -1);
    minutes.count(facts, -1);
  }

  function find(purchase: Purchase): void {
    const { sessionId } = purchase.facts;
    const found = search(purchase);
    if (found !== undefined) give(purchase, found);
    if (sessionId === null || found?.rule === 'a') return;
    const waiting = bySession.get(sessionId);
    if (waiting === undefined) bySession.set(sessionId, new Set([purchase]));
    else waiting.add(purchase);
  }

  function stopWaiting(purchase: Purchase): void {
    const id = purchase.facts.sessionId;
    const waiting = id === null ? undefined : bySession.get(id);
    if (id === null || waiting === undefined) return;
    waiting.delete(purchase);
    if (waiting.size === 0) bySession.delete(id);
  }

  function forgetUser(purchase: Purchase): void {
    const { owner } = purchase;
    const own = byOwner.get(owner);
    if (own === undefined) return;
    own.splice(own.indexOf(purchase, firstSince(own, purchase.facts.at)), 1);
    if (own.length === 0) byOwner.delete(owner);
    purchase.owner = -1;
    users.release(owner);
  }

  function search(purchase: Purchase): Credit | undefined {
    const { at, isSeed, sessionId } = purchase.facts;
    const from = at - creditReach.before;
    const to = at + creditReach.after;
    const own = sessionId === null ? -1 : sessions.find(sessionId);
    if (own >= 0 && sessions.hasCreditable(own, isSeed, from, at + creditReach.before)) {
      return ownCredit(own, at);
    }
    let newest: OrderCheckout | undefined;
    for (const checkout of purchase.checkouts) {
      if (checkout.isSeed !== isSeed || checkout.time < from || checkout.time > to || isStale(checkout))
        continue;
      if (newest === undefined || isNewer(checkout, newest)) newest = checkout;
    }
    if (newest !== undefined) return { ...newest, rule: 'b' };
    const named = purchase.owner < 0 ? undefined : users.newest(purchase.owner, isSeed, from, to);
    return named === undefined ? undefined : { ...named, rule: named.isCheckout ? 'c' : 'd' };
  }

  function give(purchase: Purchase, credit: Credit): void {
    if (credit.rule === 'a') stopWaiting(purchase);
    const old = purchase.credit;
    if (old !== undefined && old.session === credit.session && !isStale(old)) {
      purchase.credit = credit;
      return;
    }
    if (old !== undefined) takeCredit(purchase);
    purchase.credit = credit;
    minutes.countUnattributed(purchase.facts, -1);
    sessions.addPurchase(credit.session, purchase.facts.at);
  }

  function takeCredit(purchase: Purchase): void {
    const { credit } = purchase;
    if (credit === undefined) return;
    purchase.credit = undefined;
    minutes.countUnattributed(purchase.facts, 1);
    if (!isStale(credit)) sessions.removePurchase(credit.session, purchase.facts.at);
  }

  /** Gives the purchase to the event's session when that goes before the credit that stands. */
  function offer(purchase: Purchase, rule: 'b' | 'c' | 'd', event: CreditEvent): void {
    const old = purchase.credit;
    if (old !== undefined && !isStale(old)) {
      if (old.rule < rule || (old.rule === rule && !isNewer(event, old))) return;
    }
    const { session, generation, time } = event;
    give(purchase, { rule, session, generation, time, words: event.words.slice() });
  }

  function onSessionEvent(id: string, session: number, time: number, flags: number): void {
    for (const purchase of bySession.get(id) ?? none) {
      if (purchase.facts.isSeed !== isSeedFlag(flags)) continue;
      if (Math.abs(purchase.facts.at - time) > creditReach.before) continue;
      give(purchase, ownCredit(session, time));
    }
  }

  function ownCredit(session: number, time: number): Credit {
    return { rule: 'a', session, generation: sessions.generation(session), time, words: noWords };
  }

  function onUserEvent(owner: number, event: CreditEvent, flags: number): void {
    const own = byOwner.get(owner);
    if (own === undefined) return;
    const rule = (flags & eventFlags.checkout) !== 0 ? 'c' : 'd';
    // In time order: most events are newer than all purchases, and concern none.
    for (let i = firstSince(own, event.time - creditReach.after); i < own.length; i += 1) {
      const purchase = own[i] as Purchase;
      if (!isInReach(purchase, event)) return;
      if (purchase.facts.isSeed === isSeedFlag(flags)) offer(purchase, rule, event);
    }
  }

  function onOrderCheckout(purchase: Purchase, checkout: OrderCheckout): void {
    if (purchase.facts.isSeed === checkout.isSeed && isInReach(purchase, checkout)) {
      offer(purchase, 'b', checkout);
    }
  }

  function replaceStale(): void {
    for (const purchase of all) {
      if (purchase.credit === undefined || !isStale(purchase.credit)) continue;
      takeCredit(purchase);
      find(purchase);
    }
  }

  function isStale(event: CreditEvent): boolean {
    return sessions.generation(event.session) !== event.generation;
  }

  function list(): readonly PurchaseCredit[] {
    return [...all].map(({ orderId, facts, credit }) => ({
      orderId,
      facts,
      sessionId: credit === undefined ? null : sessions.idOf(credit.session),
      rule: credit?.rule ?? 'e',
    }));
  }
}

const isSeedFlag = (flags: number): boolean => (flags & eventFlags.seed) !== 0;

const isInReach = (purchase: Purchase, event: CreditEvent): boolean =>
  event.time >= purchase.facts.at - creditReach.before && event.time <= purchase.facts.at + creditReach.after;

function isNewer(a: CreditEvent, b: CreditEvent): boolean {
  return a.time > b.time || (a.time === b.time && compareWords(a.words, 0, b.words, 0) > 0);
}

/** Index of the first purchase at or after `time`. */
function firstSince(sorted: readonly Purchase[], time: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as Purchase).facts.at < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

const none: ReadonlySet<Purchase> = new Set();
const noWords = new Uint32Array(4);
