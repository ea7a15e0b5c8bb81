import type { SimulationResult } from './simulation.ts';

const steps = {
  purchase: ['View', 'Cart', 'Checkout', 'Purchase'],
  browse: ['Home', 'Catalogue', 'Product', 'Cart', 'Checkout', 'Purchase'],
} as const;

export interface About {
  readonly seed: number;
  readonly via: string;
}

/** For programs: amounts in hundredths. */
export const resultJson = ({ shoppers, truth, tally }: SimulationResult, about: About): object => ({
  ...about,
  shoppers,
  ...truth,
  duplicates: tally.duplicates,
  sent: tally,
});

export function reportText({ shoppers, truth, tally }: SimulationResult, { seed, via }: About): string {
  const lines = [`${shoppers} shoppers over ${via}, seed ${seed}; what the page must show of them (24 h):`];
  for (const name of ['purchase', 'browse'] as const) {
    const reached = truth.funnels[name].map((count, k) => `${steps[name][k]} ${count}`);
    lines.push(`  ${name.padEnd(14)}${reached.join(' → ')}`);
  }
  const revenue = truth.revenue.map(({ currency, amount }) => `${currency} ${(amount / 100).toFixed(2)}`);
  const letters = Object.entries(truth.deadLetters).map(([reason, count]) => `${reason} ${count}`);
  lines.push(
    `  orders        ${truth.orders}, of which ${truth.unattributed} without a session`,
    `  revenue       ${revenue.join(', ') || 'none'}`,
    `  dead letters  ${letters.join(', ') || 'none'}`,
    `  duplicates    ${tally.duplicates}`,
    `sent: ${tally.events} events in ${tally.sendings} sendings, ${tally.retries} of them retries`,
  );
  const refused = Object.entries(tally.notPromised).map(([why, count]) => `${why} ${count}`);
  if (refused.length > 0) lines.push(`not promised at first: ${refused.join(', ')}`);
  return lines.join('\n');
}
