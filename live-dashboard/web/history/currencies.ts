import { integer } from '../format.ts';
import type { Choice } from './page.ts';
import { groupBy, sum } from './rows.ts';

/** Currencies of some rows, that with the most of `weight` first; amounts in different ones are never added. */
export function currenciesOf<T extends { readonly currency: string }>(
  rows: readonly T[],
  weight: (row: T) => number,
): readonly string[] {
  return [...groupBy(rows, (row) => row.currency)]
    .map(([currency, group]) => ({ currency, weight: sum(group, weight) }))
    .filter((one) => one.weight > 0)
    .sort((a, b) => b.weight - a.weight || (a.currency < b.currency ? -1 : 1))
    .map(({ currency }) => currency);
}

/** The one that the address names, where it is among them; else the first. */
export const chosenCurrency = (currencies: readonly string[], query: URLSearchParams): string =>
  currencies.find((one) => one === query.get('currency')) ?? currencies[0] ?? 'LKR';

/** A switch, where there is something to switch. */
export const currencyChoice = (currencies: readonly string[], chosen: string): readonly Choice[] =>
  currencies.length < 2
    ? []
    : [{ name: 'currency', legend: 'Currency', items: currencies.map((one) => [one, one]), chosen }];

/** "also USD 3,400, 12 orders": what the figure beside it leaves out. */
export function othersText(
  others: readonly { readonly currency: string; readonly hundredths: number; readonly count: number }[],
  things: string,
): string | undefined {
  if (others.length === 0) return undefined;
  return `also ${others
    .map(
      ({ currency, hundredths, count }) =>
        `${currency} ${integer(Math.round(hundredths / 100))}, ${integer(count)} ${things}`,
    )
    .join('; ')}`;
}
