import { createHash } from 'node:crypto';
import { type Random, randomOf } from '../simulation/random.ts';

export interface SeedOptions {
  readonly randomSeed: number;
  readonly users: number;
  readonly orders: number;
  /** over which the orders and sessions are spread, back from now */
  readonly days: number;
  /** ms */
  readonly now: number;
}

/** An order of the seeded shop, as its events and its session tell it. */
export interface SeedOrder {
  readonly index: number;
  readonly order: string;
  readonly user: string;
  readonly session: string;
  /** ms; of its creation */
  readonly at: number;
  readonly items: readonly SeedItem[];
  readonly followUp: 'paid' | 'cancelled' | 'payment_failed';
  readonly cents: number;
}

export interface SeedItem extends Product {
  readonly quantity: number;
}

interface Product {
  readonly product: string;
  /** of one */
  readonly cents: number;
}

export const catalogue: readonly [Product, ...Product[]] = [
  { product: 'ceylon-tea-100g', cents: 95_000 },
  { product: 'red-rice-5kg', cents: 149_000 },
  { product: 'kithul-treacle', cents: 120_000 },
  { product: 'batik-sarong', cents: 385_000 },
  { product: 'cinnamon-quills', cents: 64_050 },
  { product: 'coconut-oil-1l', cents: 110_000 },
  { product: 'clay-pot', cents: 87_525 },
];

const hour = 3_600_000;
const day = 24 * hour;
/** what belongs to an order happens within this time around it, so that nothing lies in the future */
export const around = hour;

/**
 * All that is random about a seeded thing comes from its own generator, so that more orders leave the first ones as
 * they were. Only times depend on the clock, and no content hash counts those (events.md 5): the same seeds again are
 * the same events.
 */
export const generatorOf = (options: SeedOptions, kind: string, index: number): Random =>
  randomOf(Number.parseInt(digestOf(options, kind, 0).slice(0, 8), 16), index);

/** A UUID that is the same for the same seed. */
export function idOf(options: SeedOptions, kind: string, index: number): string {
  const hex = digestOf(options, kind, index);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
}

const digestOf = ({ randomSeed, users }: SeedOptions, kind: string, index: number): string =>
  createHash('sha256').update(`kada seed ${randomSeed} ${users} ${kind} ${index}`).digest('hex');

/** What `meta.seed_run_id` says of them. */
export const runOf = ({ randomSeed }: SeedOptions): string => `seed-${randomSeed}`;

/** ms; spread over the days before the hour that began last, so that runs within it agree on it. */
export function momentOf({ now, days }: SeedOptions, random: Random): number {
  const newest = Math.floor(now / hour) * hour - around;
  return newest - Math.floor(random.next() * (days * day - 2 * around));
}

export const userOf = (options: SeedOptions, random: Random): string =>
  idOf(options, 'user', random.int(1, options.users));

export function seedOrders(options: SeedOptions): readonly SeedOrder[] {
  return Array.from({ length: options.orders }, (_, index): SeedOrder => {
    const random = generatorOf(options, 'orders', index);
    const items = Array.from({ length: random.int(1, 3) }, (): SeedItem => {
      const { product, cents } = random.pick(catalogue);
      return { product, cents, quantity: random.int(1, 3) };
    });
    const chance = random.next();
    return {
      index,
      order: idOf(options, 'order', index),
      user: userOf(options, random),
      session: idOf(options, 'session of order', index),
      at: momentOf(options, random),
      items,
      followUp: chance < 0.8 ? 'paid' : chance < 0.95 ? 'cancelled' : 'payment_failed',
      cents: items.reduce((sum, { cents, quantity }) => sum + cents * quantity, 0),
    };
  });
}
