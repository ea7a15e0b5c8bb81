import { derivedFigures } from '../../derived-figures.ts';
import { element } from '../dom.ts';
import { integer, money, share } from '../format.ts';
import { goldAddress, goldRows, together } from './api.ts';
import { beforeText, change, comparedDays, perDay } from './compare.ts';
import { chosenCurrency, currenciesOf, currencyChoice, othersText } from './currencies.ts';
import { type Column, tableCard } from './data-table.ts';
import type { Day } from './days.ts';
import type { Figure } from './figures.ts';
import { goldColumn, ownColumn, rateText, ratingText } from './gold-columns.ts';
import type { Asked, Drawing, LoadPage } from './page.ts';
import { cellBar, cellLine } from './parts.ts';
import { type Product, productsOf, shopTotals } from './products.ts';
import { rangeBefore } from './range.ts';
import { reviewsTable } from './reviews-table.ts';
import { groupBy, type ProductRow, type ReviewRow } from './rows.ts';

interface Read {
  /** of the range and of the range before it */
  readonly rows: readonly ProductRow[];
  /** of the range */
  readonly reviews: readonly ReviewRow[];
}

export const loadProduct: LoadPage = async (asked) => {
  const { range, signal } = asked;
  const both = { from: rangeBefore(range).from, to: range.to };
  const read = await Promise.all([
    goldRows<ProductRow>('product_daily', both, signal),
    goldRows<ReviewRow>('reviews_quality', range, signal),
  ]);
  const answers = together(read);
  if (answers.kind === 'failed') return answers;
  const [rows, reviews] = answers.value;
  return { kind: 'ok', value: (query) => draw({ ...asked, query }, { rows, reviews }) };
};

function draw(asked: Asked, { rows, reviews }: Read): Drawing {
  const { range, days, open, query } = asked;
  const currencies = currenciesOf(rows, (row) => row.purchases_count);
  const currency = chosenCurrency(currencies, query);
  const inRange = rows.filter((row) => row.metric_date >= range.from);
  const products = productsOf(inRange, currency, days);
  const wanted = (query.get('q') ?? '').trim().toLowerCase();
  const found = products.filter(({ id }) => id.toLowerCase().includes(wanted));
  const search = element('input', {
    type: 'search',
    id: 'product-search',
    placeholder: 'Product id',
    'aria-label': 'Find a product by its id',
    value: query.get('q') ?? '',
  });
  return {
    figures: figures(asked, rows, currency),
    choices: currencyChoice(currencies, currency),
    extra: search,
    cards: [
      tableCard<Product>({
        id: 'products',
        title: 'Products',
        note: wanted === '' ? [] : [`${integer(found.length)} of ${integer(products.length)} products · `],
        columns: columns(currency, products, open !== undefined),
        rows: found,
        order: { key: 'revenue', descending: true },
        things: 'products',
        source: goldAddress('product_daily', range),
        file: `products-${currency}-${range.from}-${range.to}`,
        empty: wanted === '' ? 'nothing in these days' : 'no product has this in its id',
      }),
      reviewsTable(
        reviews.filter((row) => row.product_id.toLowerCase().includes(wanted)),
        range,
      ),
    ],
  };
}

function columns(
  currency: string,
  products: readonly Product[],
  openLast: boolean,
): readonly Column<Product>[] {
  const most = Math.max(1, ...products.map(({ revenue }) => revenue));
  const { viewToCart, cartToPurchase, rating } = derivedFigures;
  const of = goldColumn<Product, 'product_daily'>;
  return [
    { key: 'id', heading: 'Product', kind: 'mono', value: ({ id }) => id, show: ({ id }) => id },
    {
      ...of(
        'product_daily',
        'revenue',
        `Revenue, ${currency}`,
        ({ revenue }) => revenue / 100,
        (value) => integer(Math.round(value ?? 0)),
      ),
      kind: 'strong',
    },
    {
      key: 'bar',
      heading: '',
      drawing: true,
      kind: 'left',
      value: () => null,
      show: ({ revenue }) => [cellBar(revenue / most)],
    },
    of('product_daily', 'purchases_count', 'Bought', ({ bought }) => bought),
    of('product_daily', 'units_sold', 'Items', ({ units }) => units),
    of('product_daily', 'views', 'Views', ({ views }) => views),
    of('product_daily', 'add_to_cart', 'Carts', ({ carts }) => carts),
    ownColumn('view_to_cart', 'View → Cart', viewToCart.text, (one) => one.viewToCart, rateText),
    ownColumn(
      'cart_to_purchase',
      'Cart → Purchase',
      cartToPurchase.text,
      (one) => one.cartToPurchase,
      rateText,
    ),
    ownColumn('rating', 'Rating', rating.text, (one) => one.rating, ratingText),
    of('product_daily', 'reviews_count', 'Reviews', ({ reviews }) => reviews),
    {
      key: 'by-day',
      heading: 'Bought by day',
      drawing: true,
      value: () => null,
      show: ({ byDay }) => [cellLine(byDay, openLast)],
    },
  ];
}

function figures(asked: Asked, rows: readonly ProductRow[], currency: string): readonly Figure[] {
  const { range, days, today, open, runs } = asked;
  const of = (wanted: readonly Day[]) => {
    const set = new Set(wanted);
    return rows.filter((row) => set.has(row.metric_date));
  };
  const compared = comparedDays(range, (day) => day < today, runs.first_day);
  const none = compared.now.length === 0;
  const all = shopTotals(of(days), currency);
  const [now, before] = [shopTotals(of(compared.now), currency), shopTotals(of(compared.before), currency)];
  const rated = none ? all : now;
  const note = (changed: string | undefined): Pick<Figure, 'change' | 'note'> =>
    changed === undefined
      ? { note: 'nothing before to compare with' }
      : { change: changed, note: beforeText(range, compared) };
  const mean = (of: (totals: typeof now) => number): string | undefined =>
    change(perDay(of(now), compared.now.length), perDay(of(before), compared.before.length), 'percent');
  const others = [...groupBy(of(days), (row) => row.currency)]
    .filter(([name]) => name !== currency)
    .map(([name, group]) => {
      const totals = shopTotals(group, name);
      return { currency: name, hundredths: totals.revenue, count: totals.units };
    })
    .filter(({ count }) => count > 0);
  const address = goldAddress('product_daily', range);
  const isOpen = open !== undefined;
  return [
    {
      name: 'itemRevenue',
      value: money(currency, all.revenue),
      open: isOpen,
      ...note(mean(({ revenue }) => revenue)),
      rows: address,
      also: othersText(others, 'items'),
    },
    {
      name: 'units',
      value: integer(all.units),
      open: isOpen,
      ...note(mean(({ units }) => units)),
      rows: address,
    },
    {
      name: 'topFive',
      value: share(all.topFive, all.revenue),
      open: isOpen,
      note: `of ${integer(all.sold)} products with sales`,
      rows: address,
    },
    {
      name: 'viewToCart',
      value: share(rated.carts, rated.views),
      open: none,
      ...note(none ? undefined : change(now.viewToCart, before.viewToCart, 'points')),
      rows: address,
      also: `${integer(rated.carts)} of ${integer(rated.views)} views`,
    },
    {
      name: 'rating',
      value: ratingText(all.rating),
      open: isOpen,
      note: `${integer(all.reviews)} reviews`,
      rows: goldAddress('reviews_quality', range),
    },
  ];
}
