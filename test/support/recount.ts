/**
 * A recount of the funnel from the text of the definition alone, as plainly as it can be written: no state, no
 * look-back, every rule a loop over all events that name the session, the order or the user it speaks of. It shares no
 * code with the product.
 */

/** The Bronze columns that the rules speak of; one per stored event. */
export interface RecountEvent {
  readonly table: string;
  readonly event_id: string;
  readonly event_timestamp: number;
  readonly session_id: string | null;
  readonly user_id: string | null;
  readonly canonical_type: string;
  readonly is_bot: number;
  readonly is_seed: number;
  readonly page_path: string | null;
  readonly order_id: string | null;
  /** hundredths */
  readonly amount: number | null;
  readonly currency: string | null;
  readonly payment_method: string | null;
}

export interface RecountFunnel {
  readonly name: string;
  readonly windowSeconds: number;
  readonly steps: readonly { readonly type: string; readonly pagePath: string | null }[];
}

export interface RecountedPurchase {
  readonly orderId: string;
  readonly at: number;
  readonly user: string | null;
  readonly ownSession: string | null;
  readonly amount: number | null;
  readonly currency: string;
  readonly isSeed: boolean;
  /** the session it is credited to */
  readonly session: string | null;
  readonly rule: 'a' | 'b' | 'c' | 'd' | 'e';
}

export interface RecountedEntry {
  readonly session: string;
  /** times of the steps reached; the first is the entry */
  readonly times: readonly number[];
}

export interface RecountedCohort {
  readonly at: number;
  readonly reached: readonly number[];
  readonly stillInTime: readonly number[];
}

export interface RecountedStep {
  readonly sessions: number;
  readonly stillInTime: number;
  readonly dropped: number;
  readonly medianSeconds: number | null;
  readonly p90Seconds: number | null;
}

export interface RecountedOrders {
  readonly orders: number;
  readonly revenue: readonly { readonly currency: string; readonly amount: number }[];
  readonly unattributed: number;
}

export interface Recount {
  /** all purchases that count, of any age */
  readonly purchases: readonly RecountedPurchase[];
  /** funnel name → cohorts of the horizon, oldest first, those with a session */
  readonly cohorts: Readonly<Record<string, readonly RecountedCohort[]>>;
  /** of entries since the whole minute of now − minutes, within the horizon */
  windowCounts(funnel: string, minutes: number): readonly RecountedStep[];
  orders(minutes: number): RecountedOrders;
}

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

export function recount(
  events: readonly RecountEvent[],
  funnels: readonly RecountFunnel[],
  now: number,
  horizonHours: number,
  options: { readonly showSeeds: boolean } = { showSeeds: false },
): Recount {
  const horizonStart = wholeMinute(now - horizonHours * hour);
  // Rule 8, and rule 1: sessions only.
  const webEvents = events.filter(
    (event) =>
      !notWeb.includes(event.table) &&
      event.is_bot === 0 &&
      (options.showSeeds || event.is_seed === 0) &&
      event.session_id !== null &&
      event.session_id !== '' &&
      !event.session_id.startsWith('derived:'),
  );
  const purchases = findPurchases(events, webEvents).filter(
    (purchase) => options.showSeeds || !purchase.isSeed,
  );
  const bySession = groups(webEvents, (event) => event.session_id);
  const purchasesOf = new Map<string | null, RecountedPurchase[]>();
  for (const purchase of purchases) {
    const own = purchasesOf.get(purchase.session);
    if (own === undefined) purchasesOf.set(purchase.session, [purchase]);
    else own.push(purchase);
  }
  const entriesOf = new Map<string, RecountedEntry[]>();
  for (const funnel of funnels) {
    const entries = [...bySession].flatMap(([session, own]) =>
      entriesOfSession(session, funnel, own, purchasesOf.get(session) ?? []),
    );
    entriesOf.set(
      funnel.name,
      entries.filter((entry) => (entry.times[0] as number) >= horizonStart),
    );
  }

  return {
    purchases,
    cohorts: Object.fromEntries(
      funnels.map((funnel) => {
        const entries = entriesOf.get(funnel.name) ?? [];
        const minutes = [...new Set(entries.map((entry) => wholeMinute(entry.times[0] as number)))];
        const cohorts = minutes
          .sort((a, b) => a - b)
          .map((at) => {
            const own = entries.filter((entry) => wholeMinute(entry.times[0] as number) === at);
            const counts = countSteps(own, funnel, now);
            return {
              at,
              reached: counts.map((step) => step.sessions),
              stillInTime: counts.map((step) => step.stillInTime),
            };
          });
        return [funnel.name, cohorts];
      }),
    ),
    windowCounts(name, minutes) {
      const funnel = funnels.find((one) => one.name === name);
      if (funnel === undefined) throw new Error(`no funnel ${name}`);
      const from = wholeMinute(now - minutes * minute);
      const entries = (entriesOf.get(name) ?? []).filter((entry) => (entry.times[0] as number) >= from);
      return countSteps(entries, funnel, now);
    },
    orders(minutes) {
      const from = Math.max(horizonStart, wholeMinute(now - minutes * minute));
      const own = purchases.filter((purchase) => purchase.at >= from);
      const priced = own.filter((purchase) => purchase.amount !== null);
      const currencies = [...new Set(priced.map((purchase) => purchase.currency))].sort();
      return {
        orders: own.length,
        revenue: currencies.map((currency) => ({
          currency,
          amount: priced
            .filter((purchase) => purchase.currency === currency)
            .reduce((sum, purchase) => sum + (purchase.amount as number), 0),
        })),
        unattributed: own.filter((purchase) => purchase.rule === 'e').length,
      };
    },
  };
}

const notWeb = ['business_events', 'api_request_logs', 'db_query_perf'];

const wholeMinute = (time: number): number => Math.floor(time / minute) * minute;

function groups(
  events: readonly RecountEvent[],
  keyOf: (event: RecountEvent) => string | null,
): Map<string, RecountEvent[]> {
  const found = new Map<string, RecountEvent[]>();
  for (const event of events) {
    const key = keyOf(event);
    if (key === null) continue;
    const group = found.get(key);
    if (group === undefined) found.set(key, [event]);
    else group.push(event);
  }
  return found;
}

type Facts = Pick<RecountedPurchase, 'orderId' | 'at' | 'user' | 'ownSession' | 'isSeed'>;

/** The web events that rule 6 can speak of: those that name the purchase's session, order or user. */
function related(webEvents: readonly RecountEvent[]): (purchase: Facts) => readonly RecountEvent[] {
  const bySession = groups(webEvents, (event) => event.session_id);
  const byOrder = groups(webEvents, (event) => event.order_id);
  const byUser = groups(webEvents, (event) => event.user_id);
  return ({ orderId, user, ownSession }) => {
    const naming = (by: ReadonlyMap<string, RecountEvent[]>, key: string | null) =>
      key === null ? [] : (by.get(key) ?? []);
    return [
      ...new Set(
        [bySession, byOrder, byUser].flatMap((by, n) => naming(by, [ownSession, orderId, user][n] ?? null)),
      ),
    ];
  };
}

/** "Ties of time are decided by event_id as lower-case text, everywhere." */
function inOrder(a: RecountEvent, b: RecountEvent): number {
  if (a.event_timestamp !== b.event_timestamp) return a.event_timestamp - b.event_timestamp;
  const [aId, bId] = [a.event_id.toLowerCase(), b.event_id.toLowerCase()];
  return aId < bId ? -1 : aId > bId ? 1 : 0;
}

/** Once per order over all history: the first of order_paid, or order_created that is paid on delivery. */
function findPurchases(
  events: readonly RecountEvent[],
  webEvents: readonly RecountEvent[],
): RecountedPurchase[] {
  const ofOrders = events.filter((event) => event.table === 'business_events');
  const relatedTo = related(webEvents);
  return [...groups(ofOrders, (event) => event.order_id)].flatMap(([orderId, unsorted]) => {
    const own = unsorted.toSorted(inOrder);
    const purchase = own.find(
      (event) =>
        event.canonical_type === 'order_paid' ||
        (event.canonical_type === 'order_created' && event.payment_method === 'COD'),
    );
    if (purchase === undefined) return [];
    const money = purchase.amount !== null ? purchase : moneyOf(own);
    const facts = {
      orderId,
      at: purchase.event_timestamp,
      user: purchase.user_id ?? own.find((event) => event.user_id !== null)?.user_id ?? null,
      ownSession: purchase.session_id ?? own.find((event) => event.session_id !== null)?.session_id ?? null,
      amount: money?.amount ?? null,
      currency: money?.currency ?? 'LKR',
      isSeed: own.some((event) => event.is_seed === 1),
    };
    return [{ ...facts, ...creditOf(facts, relatedTo(facts)) }];
  });
}

function moneyOf(own: readonly RecountEvent[]): RecountEvent | undefined {
  for (const types of [
    ['order_created'],
    ['order_paid'],
    ['payment_pending', 'payment_not_required', 'payment_failed'],
  ]) {
    const found = own.find((event) => types.includes(event.canonical_type) && event.amount !== null);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Rule 6, letter by letter. */
function creditOf(
  purchase: Facts,
  webEvents: readonly RecountEvent[],
): Pick<RecountedPurchase, 'session' | 'rule'> {
  const able = webEvents.filter((event) => (event.is_seed === 1) === purchase.isSeed);
  const owned = able.some(
    (event) =>
      event.session_id === purchase.ownSession &&
      ['page_view', 'add_to_cart', 'begin_checkout'].includes(event.canonical_type) &&
      Math.abs(event.event_timestamp - purchase.at) <= 24 * hour,
  );
  if (owned) return { session: purchase.ownSession, rule: 'a' };
  const inRange = able
    .filter(
      (event) =>
        event.event_timestamp >= purchase.at - 24 * hour && event.event_timestamp <= purchase.at + 2 * second,
    )
    .sort(inOrder);
  const namesOrder = inRange.filter(
    (event) =>
      event.table === 'checkout_events' &&
      event.canonical_type === 'begin_checkout' &&
      event.order_id === purchase.orderId,
  );
  if (namesOrder.length > 0) return { session: namesOrder.at(-1)?.session_id ?? null, rule: 'b' };
  const namesUser = inRange.filter((event) => purchase.user !== null && event.user_id === purchase.user);
  const checkout = namesUser.filter((event) => event.canonical_type === 'begin_checkout').at(-1);
  if (checkout !== undefined) return { session: checkout.session_id, rule: 'c' };
  const view = namesUser.filter((event) => event.canonical_type === 'page_view').at(-1);
  if (view !== undefined) return { session: view.session_id, rule: 'd' };
  return { session: null, rule: 'e' };
}

function isStep(event: RecountEvent, step: RecountFunnel['steps'][number]): boolean {
  if (event.canonical_type !== step.type) return false;
  if (step.pagePath === null) return true;
  if (event.page_path === null) return false;
  if (!step.pagePath.endsWith('/*')) return event.page_path === step.pagePath;
  const prefix = step.pagePath.slice(0, -1);
  return event.page_path.startsWith(prefix) && event.page_path !== prefix;
}

/** Rules 2, 3 and 4. */
function entriesOfSession(
  session: string,
  funnel: RecountFunnel,
  own: readonly RecountEvent[],
  purchases: readonly RecountedPurchase[],
): RecountedEntry[] {
  const window = funnel.windowSeconds * second;
  const timesOfStep = funnel.steps.map((step) =>
    step.type === 'purchase'
      ? purchases.map((purchase) => purchase.at)
      : own.filter((event) => isStep(event, step)).map((event) => event.event_timestamp),
  );
  const firsts = own.filter((event) => isStep(event, funnel.steps[0] as RecountFunnel['steps'][number]));
  const entryTimes = firsts
    .filter(
      (event) =>
        !firsts.some(
          (other) =>
            other !== event &&
            ((other.event_timestamp >= event.event_timestamp - window &&
              other.event_timestamp < event.event_timestamp) ||
              (other.event_timestamp === event.event_timestamp && other.event_id < event.event_id)),
        ),
    )
    .map((event) => event.event_timestamp);
  return entryTimes.map((entry) => {
    const earlier = entryTimes.filter((time) => time < entry);
    const times = [entry];
    for (let k = 1; k < funnel.steps.length; k += 1) {
      const candidates = (timesOfStep[k] ?? []).filter(
        (time) =>
          time >= (times[k - 1] as number) - 2 * second &&
          time <= entry + window &&
          !earlier.some((before) => time <= before + window),
      );
      if (candidates.length === 0) break;
      times.push(Math.min(...candidates));
    }
    return { session, times };
  });
}

/** Rules 5 and 9. */
function countSteps(entries: readonly RecountedEntry[], funnel: RecountFunnel, now: number): RecountedStep[] {
  const window = funnel.windowSeconds * second;
  return funnel.steps.map((_step, k) => {
    const converted = entries.filter((entry) => entry.times.length > k);
    if (k === 0) {
      return {
        sessions: converted.length,
        stillInTime: 0,
        dropped: 0,
        medianSeconds: null,
        p90Seconds: null,
      };
    }
    const missed = entries.filter((entry) => entry.times.length === k);
    const inTime = missed.filter((entry) => now < (entry.times[0] as number) + window);
    const durations = converted
      .map((entry) => Math.max(0, (entry.times[k] as number) - (entry.times[k - 1] as number)))
      .sort((a, b) => a - b);
    return {
      sessions: converted.length,
      stillInTime: inTime.length,
      dropped: missed.length - inTime.length,
      medianSeconds: percentile(durations, 0.5),
      p90Seconds: percentile(durations, 0.9),
    };
  });
}

/** Linear interpolation at p·(n−1), in seconds. */
function percentile(sorted: readonly number[], p: number): number | null {
  if (sorted.length === 0) return null;
  const position = p * (sorted.length - 1);
  const low = sorted[Math.floor(position)] as number;
  const high = sorted[Math.ceil(position)] as number;
  return (low + (high - low) * (position - Math.floor(position))) / second;
}
