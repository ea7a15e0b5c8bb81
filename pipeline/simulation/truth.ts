import type { Promised } from './book.ts';
import type { Meaning } from './event.ts';

/**
 * The ground truth: funnel.md's rules counted plainly over what was promised, every rule a loop. It shares nothing
 * with the live fold, on purpose, and knows the two funnels of pipeline/funnels.json by heart.
 */
export interface Truth {
  /** sessions that reached each step, entries of the last `hours` */
  readonly funnels: Readonly<Record<'purchase' | 'browse', readonly number[]>>;
  readonly orders: number;
  /** hundredths, by currency */
  readonly revenue: readonly { readonly currency: string; readonly amount: number }[];
  readonly unattributed: number;
  /** distinct letters, by reason */
  readonly deadLetters: Readonly<Record<string, number>>;
}

type Web = Exclude<Meaning, { readonly kind: 'order' | 'nothing' | 'broken' }>;
interface At<M> {
  readonly id: string;
  readonly at: number;
  readonly meaning: M;
}
interface Purchase {
  readonly at: number;
  readonly session: string | undefined;
  readonly cents: number | undefined;
  readonly currency: string;
}

const hour = 3_600_000;
const window = hour;
const grace = 2_000;

const isPage =
  (fits: (path: string) => boolean) =>
  (meaning: Web): boolean =>
    meaning.kind === 'page_view' && fits(meaning.path ?? '');
const isKind = (kind: Web['kind']) => (meaning: Web) => meaning.kind === kind;
const ends = [isKind('add_to_cart'), isKind('begin_checkout'), 'purchase'] as const;
const funnels = {
  purchase: [isKind('page_view'), ...ends],
  browse: [
    isPage((path) => path === '/'),
    isPage((path) => path === '/products'),
    isPage((path) => path.startsWith('/products/')),
    ...ends,
  ],
} as const;

/** @param from ms; entries and purchases before it are not counted */
export function countTruth(promised: readonly Promised[], from: number): Truth {
  const web: At<Web>[] = [];
  const orders = new Map<string, At<Extract<Meaning, { readonly kind: 'order' }>>[]>();
  const deadLetters: Record<string, number> = {};
  for (const { id, at, meaning } of promised) {
    if (meaning.kind === 'broken') deadLetters[meaning.reason] = (deadLetters[meaning.reason] ?? 0) + 1;
    else if (meaning.kind === 'order') {
      orders.set(meaning.order, [...(orders.get(meaning.order) ?? []), { id, at, meaning }]);
    } else if (meaning.kind !== 'nothing') web.push({ id, at, meaning });
  }
  const bySession = group(web, ({ meaning }) => meaning.session);
  const byUser = group(web, ({ meaning }) => meaning.user);
  const byOrder = group(web, ({ meaning }) => meaning.order);
  const purchases = [...orders.values()].flatMap((own) => purchaseOf(own.sort(byTime)));

  function purchaseOf(own: readonly At<Extract<Meaning, { readonly kind: 'order' }>>[]): readonly Purchase[] {
    const paid = own.find(({ meaning }) => meaning.paid);
    if (paid === undefined) return [];
    const priced =
      paid.meaning.cents === undefined
        ? own.find(({ meaning }) => meaning.created && meaning.cents !== undefined)?.meaning
        : paid.meaning;
    const first = (pick: 'user' | 'session'): string | undefined =>
      paid.meaning[pick] ?? own.find(({ meaning }) => meaning[pick] !== undefined)?.meaning[pick];
    return [
      {
        at: paid.at,
        session: creditOf(paid.at, paid.meaning.order, first('user'), first('session')),
        cents: priced?.cents,
        currency: priced?.currency ?? 'LKR',
      },
    ];
  }

  /** Rule 6, letter by letter. */
  function creditOf(at: number, order: string, user?: string, session?: string): string | undefined {
    const near = (event: At<Web>): boolean => Math.abs(event.at - at) <= 24 * hour;
    if (session !== undefined && (bySession.get(session) ?? []).some(near)) return session;
    const newest = (found: readonly At<Web>[] | undefined, kind: Web['kind']): string | undefined =>
      (found ?? [])
        .filter(
          (event) => event.meaning.kind === kind && event.at >= at - 24 * hour && event.at <= at + grace,
        )
        .sort(byTime)
        .at(-1)?.meaning.session;
    const named = user === undefined ? undefined : byUser.get(user);
    return (
      newest(byOrder.get(order), 'begin_checkout') ??
      newest(named, 'begin_checkout') ??
      newest(named, 'page_view')
    );
  }

  const bought = group(purchases, ({ session }) => session);
  const counted = (name: keyof typeof funnels): readonly number[] => {
    const steps = funnels[name];
    const reached = steps.map(() => 0);
    for (const [session, own] of bySession) {
      const times = steps.map((step) =>
        (step === 'purchase' ? (bought.get(session) ?? []) : own.filter(({ meaning }) => step(meaning))).map(
          ({ at }) => at,
        ),
      );
      for (const depth of entriesOf(times, from)) {
        for (let k = 0; k < depth; k++) reached[k] = (reached[k] ?? 0) + 1;
      }
    }
    return reached;
  };

  const inTime = purchases.filter(({ at }) => at >= from);
  const revenue = group(
    inTime.filter(({ cents }) => cents !== undefined),
    ({ currency }) => currency,
  );
  return {
    funnels: { purchase: counted('purchase'), browse: counted('browse') },
    orders: inTime.length,
    revenue: [...revenue]
      .map(([currency, own]) => ({ currency, amount: own.reduce((sum, { cents }) => sum + (cents ?? 0), 0) }))
      .sort((a, b) => (a.currency < b.currency ? -1 : 1)),
    unattributed: inTime.filter(({ session }) => session === undefined).length,
    deadLetters,
  };
}

/** Rules 2 to 4 of one session: how many steps each of its counted entries reached. */
function entriesOf(times: readonly (readonly number[])[], from: number): readonly number[] {
  const firsts = [...new Set(times[0])].sort((a, b) => a - b);
  const entries = firsts.filter((t) => !firsts.some((other) => other < t && other >= t - window));
  const depths: number[] = [];
  let taken = Number.NEGATIVE_INFINITY;
  for (const entry of entries) {
    let before = entry;
    let depth = 1;
    for (const candidates of times.slice(1)) {
      const fitting = candidates.filter((t) => t >= before - grace && t <= entry + window && t > taken);
      if (fitting.length === 0) break;
      before = Math.min(...fitting);
      depth += 1;
    }
    if (entry >= from) depths.push(depth);
    taken = entry + window;
  }
  return depths;
}

const byTime = (a: { at: number; id: string }, b: { at: number; id: string }): number =>
  a.at - b.at || (a.id < b.id ? -1 : 1);

function group<T>(all: readonly T[], keyOf: (one: T) => string | undefined): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const key = keyOf(one);
    if (key === undefined) continue;
    const found = groups.get(key);
    if (found === undefined) groups.set(key, [one]);
    else found.push(one);
  }
  return groups;
}
