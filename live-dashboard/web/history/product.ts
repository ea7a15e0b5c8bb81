import { derivedFigures } from '../../derived-figures.ts';
import { element } from '../dom.ts';
import { integer, money, share } from '../format.ts';
import { type Answer, goldAddress, goldRows, together } from './api.ts';
import { beforeText, change, comparedDays, perDay } from './compare.ts';
import { chosenCurrency, currenciesOf, currencyChoice, othersText } from './currencies.ts';
import { type Column, tableCard } from './data-table.ts';
import { addDays } from './days.ts';
import type { Figure } from './figures.ts';
import { goldColumn, ownColumn, rateText, ratingText } from './gold-columns.ts';
import type { Asked, Drawing, LoadPage } from './page.ts';
import { cellBar, cellLine } from './parts.ts';
import { countsRow, type Product, productsOf } from './products.ts';
import { rangeBefore } from './range.ts';
import { reviewsTable } from './reviews-table.ts';
import {
  hundredths,
  numberOf,
  type ProductPurchases,
  type ProductRange,
  type ReviewRange,
  type ShopRange,
} from './rows.ts';

interface Read {
  readonly products: readonly ProductRange[];
  readonly purchases: readonly ProductPurchases[];
  readonly reviews: readonly ReviewRange[];
  /** the shop in the range, in its complete days, and in the range before it */
  readonly all: readonly ShopRange[];
  readonly complete: readonly ShopRange[];
  readonly before: readonly ShopRange[];
}

export const loadProduct: LoadPage = async (asked) => {
  const { range, signal, open } = asked;
  // the running day, if it is there, is the range's last
  const complete = open === undefined ? range : { from: range.from, to: addDays(open, -1) };
  const none: Answer<readonly ShopRange[]> = { kind: 'ok', value: [] };
  const read = await Promise.all([
    goldRows<ProductRange>('product_range', range, signal),
    goldRows<ProductPurchases>('product_purchases', range, signal),
    goldRows<ReviewRange>('review_range', range, signal),
    goldRows<ShopRange>('shop_range', range, signal),
    complete.from > complete.to ? none : goldRows<ShopRange>('shop_range', complete, signal),
    goldRows<ShopRange>('shop_range', rangeBefore(range), signal),
  ]);
  const answers = together(read);
  if (answers.kind === 'failed') return answers;
  const [products, purchases, reviews, all, settled, before] = answers.value;
  const rows: Read = { products, purchases, reviews, all, complete: settled, before };
  return { kind: 'ok', value: (query) => draw({ ...asked, query }, rows) };
};

function draw(asked: Asked, read: Read): Drawing {
  const { range, days, open, query } = asked;
  const currencies = currenciesOf(read.all, (row) => row.units_sold);
  const currency = chosenCurrency(currencies, query);
  const products = productsOf(read.products, read.purchases, currency, days);
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
    figures: figures(asked, read, currency),
    choices: currencyChoice(currencies, currency),
    extra: search,
    cards: [
      tableCard<Product>({
        id: 'products',
        title: 'Products',
        note: wanted === '' ? [] : [`${integer(found.length)} of ${integer(products.length)} products`],
        columns: columns(currency, products, open !== undefined),
        rows: found,
        order: { key: 'revenue', descending: true },
        things: 'products',
        source: goldAddress('product_range', range),
        file: `products-${currency}-${range.from}-${range.to}`,
        empty: wanted === '' ? 'nothing in these days' : 'no product has this in its id',
      }),
      reviewsTable(
        read.reviews.filter((row) => row.product_id.toLowerCase().includes(wanted)),
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

function figures(asked: Asked, read: Read, currency: string): readonly Figure[] {
  const { range, today, open, runs } = asked;
  const compared = comparedDays(range, (day) => day < today, runs.first_day);
  const none = compared.now.length === 0;
  const all = shopOf(read.all, currency);
  const [now, before] = [shopOf(read.complete, currency), shopOf(read.before, currency)];
  const rated = none ? all : now;
  const note = (changed: string | undefined): Pick<Figure, 'change' | 'note'> =>
    changed === undefined
      ? { note: 'nothing before to compare with' }
      : { change: changed, note: beforeText(range, compared) };
  const mean = (of: (shop: Shop) => number): string | undefined =>
    change(perDay(of(now), compared.now.length), perDay(of(before), compared.before.length), 'percent');
  const others = read.all
    .filter((row) => row.currency !== currency && row.units_sold > 0)
    .map((row) => ({ currency: row.currency, hundredths: hundredths(row.revenue), count: row.units_sold }));
  const address = goldAddress('shop_range', range);
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
      value: rateText(rated.viewToCart),
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
      rows: address,
    },
  ];
}

type Shop = ReturnType<typeof shopOf>;

/** Money of the chosen currency, in hundredths; counts without money stand in the row that has them. */
function shopOf(rows: readonly ShopRange[], currency: string) {
  const mine = rows.find((row) => row.currency === currency);
  const counts = countsRow(rows);
  return {
    revenue: hundredths(mine?.revenue ?? 0),
    topFive: hundredths(mine?.top_five_revenue ?? 0),
    units: mine?.units_sold ?? 0,
    sold: mine?.products_sold ?? 0,
    views: counts?.views ?? 0,
    carts: counts?.add_to_cart ?? 0,
    viewToCart: numberOf(counts?.view_to_cart_rate ?? null),
    rating: numberOf(counts?.avg_rating ?? null),
    reviews: counts?.reviews_count ?? 0,
  };
}
