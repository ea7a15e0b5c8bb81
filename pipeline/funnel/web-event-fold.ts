import type { StoredEvent } from '../../sinks/warehouse.ts';
import type { Credits } from './credits.ts';
import { writeWords } from './event-id-words.ts';
import type { Orders } from './orders.ts';
import { eventFlags } from './session-events.ts';
import type { Sessions } from './sessions.ts';
import type { StepSignatures } from './step-signatures.ts';
import type { UserEvents } from './user-events.ts';

/** What a web event changes: its session, and the purchases that it may own. */
export interface WebEventTargets {
  readonly sessions: Sessions;
  readonly users: UserEvents;
  readonly orders: Orders;
  readonly credits: Credits;
  readonly signatures: StepSignatures;
}

/** A session that Silver made for events without one; it is in no funnel (funnel.md 1). */
export const isDerivedSession = (sessionId: string): boolean => sessionId.startsWith('derived:');

export function createWebEventFold(
  { sessions, users, orders, credits, signatures }: WebEventTargets,
  { showSeeds }: { readonly showSeeds: boolean },
): (event: StoredEvent, keepFrom: number) => void {
  /** the event at hand: one for all, since what is kept of it is copied */
  const credit = { session: -1, generation: 0, time: 0, words: new Uint32Array(4) };
  return foldWebEvent;

  function foldWebEvent(event: StoredEvent, keepFrom: number): void {
    const { session_id: id, event_timestamp: time, user_id: user } = event;
    if (id === null || id === '' || isDerivedSession(id)) return;
    if (event.is_bot === 1 || (event.is_seed === 1 && !showSeeds) || time < keepFrom) return;
    const kind = kindOf(event.canonical_type);
    const signature = signatures.ofWebEvent(event.canonical_type, event.page_path);
    if (kind === 0 && !signatures.isStep(signature)) return;
    const flags = event.is_seed === 1 ? kind | eventFlags.seed : kind;
    const session = sessions.open(id);
    sessions.addEvent(session, time, signature, flags);
    if (kind === 0) return;

    credits.onSessionEvent(id, session, time, flags);
    // Only a checkout event proper has an order; a click that says it began a checkout stays a click in Bronze.
    const order = kind === eventFlags.checkout && event.table === 'checkout_events' ? event.order_id : null;
    if (kind === eventFlags.cart || (user === null && order === null)) return;
    credit.session = session;
    credit.generation = sessions.generation(session);
    credit.time = time;
    writeWords(event.event_id, credit.words, 0);
    if (user !== null) {
      const owner = users.openFor(user, session);
      users.add(owner, credit, flags);
      credits.onUserEvent(owner, credit, flags);
    }
    if (order !== null)
      orders.onCheckout(order, { ...credit, words: credit.words.slice(), isSeed: event.is_seed === 1 });
  }
}

function kindOf(type: StoredEvent['canonical_type']): number {
  if (type === 'page_view') return eventFlags.pageView;
  if (type === 'add_to_cart') return eventFlags.cart;
  if (type === 'begin_checkout') return eventFlags.checkout;
  return 0;
}
