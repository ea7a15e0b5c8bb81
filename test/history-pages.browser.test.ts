import { readFile } from 'node:fs/promises';
import axe from 'axe-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from './support/eventually.ts';
import { type HistoryDashboard, startHistoryDashboard } from './support/history-dashboard.ts';
import {
  between,
  dayName,
  delta,
  number,
  percent,
  type Row,
  shift,
  total,
  tried,
  whole,
} from './support/history-expected.ts';
import { createPageBench, type OpenedPage, type PageBench } from './support/live-page.ts';
import { shopMonth } from './support/shop-month.ts';

/*
 * A month of a shop in a real warehouse, its Gold made by a real cycle, read from the pages in a real browser and
 * compared with a recount of the rows that the API gives.
 */

const until = Date.UTC(2026, 10, 24, 16, 16, 2);
const today = '2026-11-24';
const yesterday = '2026-11-23';
const from = '2026-11-11';
const before = { from: '2026-10-28', to: '2026-11-10' };
const pages = ['executive', 'behavior', 'product', 'operations'] as const;

let bench: PageBench;
let dashboard: HistoryDashboard;
let opened: OpenedPage;
const tables: Record<string, readonly Row[]> = {};

beforeAll(async () => {
  bench = await createPageBench();
  dashboard = await startHistoryDashboard(bench.webRoot, { timeZone: 'Asia/Colombo' });
  await dashboard.add(
    shopMonth({ seed: 11, until, days: 31, sessionsPerDay: 60, products: 22, brokenDay: 8 }),
    until,
  );
  await dashboard.recordRun({ startedAt: until });
  dashboard.report.now = until + 70_000;
  dashboard.report.nextCycleAt = until + 120_000;
  await dashboard.recordRun({
    startedAt: until - 120_000,
    status: 'failed',
    rowsInserted: 0,
    errorMessage: 'KADA_WAREHOUSE_BUSY: nothing was changed',
  });
  for (const table of [
    'behavior_daily',
    'funnel_daily',
    'conversion_funnel',
    'product_daily',
    'page_performance',
    'orders_payments_daily',
    'reviews_quality',
    'system_health_daily',
  ]) {
    const answer = (await (await fetch(`${dashboard.url}/api/gold/${table}?limit=10000`)).json()) as {
      readonly rows: readonly Row[];
      readonly next_offset: null;
    };
    expect(answer.next_offset).toBeNull();
    tables[table] = answer.rows;
  }
}, 400_000);
afterAll(async () => {
  await dashboard.close();
  await bench.close();
});
afterEach(() => opened.close());

async function open(path: string, options: Parameters<PageBench['open']>[1] = {}): Promise<OpenedPage> {
  opened = await bench.open(dashboard, { timezoneId: 'Asia/Colombo', ...options, path });
  await opened.page.waitForSelector('body[data-drawn]');
  return opened;
}

const rowsOf = (table: string, first = from, last = today, column = 'metric_date'): readonly Row[] =>
  between(tables[table] ?? [], first, last, column);
const figure = (name: string): Promise<string> => opened.text(`[data-figure="${name}"]`);
const changeOf = (name: string): Promise<string> => opened.text(`[data-change="${name}"] b`);
/** The cells of a table as they are read. */
const cells = (table: string): Promise<readonly (readonly string[])[]> =>
  opened.page.evaluate<readonly (readonly string[])[]>(
    `[...document.querySelectorAll('#${table}-table tbody tr')].map((row) => [...row.cells].map((cell) => cell.textContent.replace(/\\s+/g, ' ').trim()))`,
  );
const days = Array.from({ length: 14 }, (_, index) => shift(today, -index));
/** Complete days of the range, and the days before it, one mean a day. */
const perDay = (
  table: string,
  column: string,
  of: (rows: readonly Row[]) => readonly Row[] = (rows) => rows,
): string =>
  delta(
    total(of(rowsOf(table, from, yesterday)), column) / 13,
    total(of(rowsOf(table, before.from, before.to)), column) / 14,
  );

describe('the numbers of the pages are those of the rows', () => {
  it('Executive', async () => {
    await open('executive');
    const lkr = (rows: readonly Row[]) => rows.filter(({ currency }) => currency === 'LKR');
    const orders = lkr(rowsOf('orders_payments_daily'));
    const complete = lkr(rowsOf('orders_payments_daily', from, yesterday));
    const earlier = lkr(rowsOf('orders_payments_daily', before.from, before.to));
    expect(await figure('revenue')).toBe(`LKR ${whole(total(orders, 'total_revenue'))}`);
    expect(await changeOf('revenue')).toBe(perDay('orders_payments_daily', 'total_revenue', lkr));
    expect(await figure('orders')).toBe(whole(total(orders, 'total_orders')));
    expect(await changeOf('orders')).toBe(perDay('orders_payments_daily', 'total_orders', lkr));
    const cancels = (rows: readonly Row[]) => total(rows, 'cancelled_orders') / total(rows, 'total_orders');
    expect(await figure('cancelRate')).toBe(
      percent(total(complete, 'cancelled_orders'), total(complete, 'total_orders')),
    );
    expect(await changeOf('cancelRate')).toBe(delta(cancels(complete), cancels(earlier), true));
    const tries = (rows: readonly Row[]) => rows.reduce((sum, row) => sum + tried(row), 0);
    expect(await figure('paymentSuccess')).toBe(percent(total(complete, 'paid_orders'), tries(complete)));
    const funnel = rowsOf('funnel_daily').filter(({ is_complete }) => is_complete === 1);
    expect(funnel.length).toBe(13);
    expect(await figure('conversion')).toBe(
      percent(total(funnel, 'purchase_sessions'), total(funnel, 'view_sessions')),
    );
    const usd = rowsOf('orders_payments_daily').filter(({ currency }) => currency === 'USD');
    expect(await opened.text('[data-also="revenue"]')).toBe(
      `also USD ${whole(total(usd, 'total_revenue'))}, ${whole(total(usd, 'total_orders'))} orders`,
    );

    const expected = days.map((day) => {
      const row = orders.find(({ metric_date }) => metric_date === day) ?? {};
      const count = (column: string): string => whole(number(row[column]));
      return [
        count('total_revenue'),
        count('total_orders'),
        count('paid_orders'),
        count('cod_orders'),
        count('cancelled_orders'),
        percent(number(row.cancelled_orders), number(row.total_orders)),
        (row.payment_success_rate ?? null) === null ? '–' : percent(number(row.payment_success_rate), 1),
        count('refunds_count'),
        count('refunded_amount'),
      ];
    });
    const shown = await cells('orders');
    expect(shown.map((line) => line.slice(1))).toEqual(expected);
    expect(shown.map(([first = '']) => first.replace(/ \d+ dead letters$/, ''))).toEqual(
      days.map((day) => (day === today ? `${dayName(day)} so far` : dayName(day))),
    );

    const steps = rowsOf('conversion_funnel', yesterday, yesterday, 'funnel_date').filter(
      ({ funnel_name }) => funnel_name === 'purchase',
    );
    for (const { step_order, sessions } of steps)
      expect(await opened.text(`[data-step="${step_order}"] [data-value="sessions"]`)).toBe(
        whole(number(sessions)),
      );
    expect(steps.length).toBe(4);
    expect([opened.foreign, opened.complaints]).toEqual([[], []]);
  });

  it('Executive in the other currency, and by the address', async () => {
    await open('executive?currency=USD&from=2026-11-01&to=2026-11-10');
    const usd = rowsOf('orders_payments_daily', '2026-11-01', '2026-11-10').filter(
      ({ currency }) => currency === 'USD',
    );
    expect(usd.length).toBeGreaterThan(0);
    expect(await figure('revenue')).toBe(`USD ${whole(total(usd, 'total_revenue'))}`);
    expect((await cells('orders')).length).toBe(10);
    expect(await opened.page.locator('.tag.mute').count()).toBe(0);
  });

  it('Behavior', async () => {
    await open('behavior');
    for (const [name, column] of [
      ['sessions', 'sessions'],
      ['pageViews', 'page_views'],
      ['carts', 'add_to_cart'],
      ['purchases', 'purchases'],
    ] as const) {
      expect(await figure(name)).toBe(whole(total(rowsOf('behavior_daily'), column)));
      expect(await changeOf(name)).toBe(perDay('behavior_daily', column));
    }
    const last = rowsOf('behavior_daily', yesterday, yesterday)[0] ?? {};
    expect(await opened.text('[data-line="Clicks"]')).toBe(whole(number(last.clicks)));
    for (const name of ['purchase', 'browse']) {
      const steps = rowsOf('conversion_funnel', from, today, 'funnel_date').filter(
        ({ funnel_name }) => funnel_name === name,
      );
      const orders = [...new Set(steps.map(({ step_order }) => number(step_order)))].sort((a, b) => a - b);
      const of = (day: string, order: number): number =>
        number(steps.find((row) => row.funnel_date === day && row.step_order === order)?.sessions);
      const expected = days.map((day) => [
        ...orders.map((order) => whole(of(day, order))),
        ...orders.slice(1).map((order) => percent(of(day, order), of(day, order - 1))),
        percent(of(day, orders.at(-1) ?? 0), of(day, 1)),
      ]);
      const shown = await cells(`funnel-${name}`);
      expect(shown.map((line) => line.slice(1, 1 + (expected[0]?.length ?? 0)))).toEqual(expected);
    }
    const paths = [...new Set(rowsOf('page_performance').map(({ page_path }) => String(page_path)))];
    await opened.page.click('#pages .more');
    const shown = await cells('pages');
    expect(shown.length).toBe(paths.length);
    for (const [path = '', views, , visitors, , , entries, bounce, exit] of shown) {
      const of = rowsOf('page_performance').filter(({ page_path }) => page_path === path);
      const bounced = of.reduce(
        (sum, row) => sum + Math.round(number(row.bounce_rate) * number(row.entries)),
        0,
      );
      expect([path, views, visitors, entries, bounce, exit]).toEqual([
        path,
        whole(total(of, 'views')),
        whole(total(of, 'unique_visitors') / of.length),
        whole(total(of, 'entries')),
        percent(bounced, total(of, 'entries')),
        percent(total(of, 'exits'), total(of, 'views')),
      ]);
    }
  });

  it('Product, sorted both ways and searched', async () => {
    await open('product');
    const rows = rowsOf('product_daily');
    const lkr = rows.filter(({ currency }) => currency === 'LKR');
    const ids = [...new Set(rows.map(({ product_id }) => String(product_id)))];
    const revenue = (id: string): number =>
      total(
        lkr.filter(({ product_id }) => product_id === id),
        'revenue',
      );
    expect(await figure('itemRevenue')).toBe(`LKR ${whole(total(lkr, 'revenue'))}`);
    expect(await figure('units')).toBe(whole(total(lkr, 'units_sold')));
    const best = ids.map(revenue).sort((a, b) => b - a);
    expect(await figure('topFive')).toBe(
      percent(
        best.slice(0, 5).reduce((a, b) => a + b, 0),
        total(lkr, 'revenue'),
      ),
    );
    const complete = rowsOf('product_daily', from, yesterday);
    expect(await figure('viewToCart')).toBe(
      percent(total(complete, 'add_to_cart'), total(complete, 'views')),
    );
    const stars = rows.reduce(
      (sum, row) => sum + Math.round(number(row.avg_rating) * number(row.reviews_count)),
      0,
    );
    expect(await figure('rating')).toBe((stars / total(rows, 'reviews_count')).toFixed(2));

    await opened.page.click('#products .more');
    const shown = await cells('products');
    expect(shown.map(([id]) => id).sort()).toEqual([...ids].sort());
    expect(shown.map(([, amount]) => amount)).toEqual(best.map(whole));
    for (const [id = '', , , bought, units, views, carts, viewToCart] of shown) {
      const of = rows.filter(({ product_id }) => product_id === id);
      const mine = of.filter(({ currency }) => currency === 'LKR');
      expect([id, bought, units, views, carts, viewToCart]).toEqual([
        id,
        whole(total(mine, 'purchases_count')),
        whole(total(mine, 'units_sold')),
        whole(total(of, 'views')),
        whole(total(of, 'add_to_cart')),
        percent(Math.min(total(of, 'add_to_cart'), total(of, 'views')), total(of, 'views')),
      ]);
    }
    // the worst product: one click
    await opened.page.click('#products th[data-column="revenue"] button');
    expect((await cells('products'))[0]?.[1]).toBe(whole(best.at(-1) ?? 0));
    expect(await opened.page.getAttribute('#products th[data-column="revenue"]', 'aria-sort')).toBe(
      'ascending',
    );
    expect(new URL(opened.page.url()).searchParams.get('sort-products')).toBe('revenue.up');

    await opened.page.keyboard.press('/');
    await opened.page.keyboard.type('P-00');
    await eventually(async () =>
      expect((await cells('products')).map(([id]) => id).sort()).toEqual(
        ids.filter((id) => id.startsWith('p-00')).sort(),
      ),
    );
    expect(new URL(opened.page.url()).searchParams.get('q')).toBe('P-00');
  });

  it('Operations', async () => {
    await open('operations');
    const health = rowsOf('system_health_daily');
    expect(await figure('pending')).toBe(whole(total(health, 'dlq_count')));
    const last = rowsOf('system_health_daily', yesterday, yesterday);
    const slowest = Math.max(...last.map((row) => number(row.p95_latency_ms)));
    expect(await figure('latency')).toBe(`${slowest < 99.95 ? slowest.toFixed(1) : whole(slowest)} ms`);
    const complete = rowsOf('system_health_daily', from, yesterday);
    const errors = complete.reduce(
      (sum, row) => sum + Math.round(number(row.error_rate) * number(row.requests)),
      0,
    );
    expect(await figure('errorRate')).toBe(percent(errors, total(complete, 'requests')));
    const services = await cells('services');
    expect(services.map(([service, requests]) => [service, requests])).toEqual(
      last.map((row) => [row.service, whole(number(row.requests))]),
    );
    const runs = await cells('runs');
    expect(runs.map((line) => line.slice(1))).toEqual([
      ['incremental', 'success', '2.1s', '1,482', ''],
      ['incremental', 'failed', '2.1s', '0', 'KADA_WAREHOUSE_BUSY: nothing was changed'],
    ]);
    expect(runs[0]?.[0]).toBe('24 Nov 21:46:02');
    expect(await opened.text('#state-detail')).toMatch(/^of 21:46:02, next in \d+m \d\ds$/);
    expect([opened.foreign, opened.complaints]).toEqual([[], []]);
  });
});

describe('dead letters', () => {
  it('are narrowed, kept in the address, and one is seen whole', async () => {
    await open('operations');
    await opened.shows('#letters-told', `${await figure('pending')} letters`);
    await opened.page.selectOption('#letters-reason', 'validation_error:begin_checkout');
    await eventually(async () => {
      const reasons = (await cells('letters')).map(([, , reason]) => reason);
      expect(new Set(reasons)).toEqual(new Set(['validation_error:begin_checkout']));
    });
    await opened.page.click('#letters-table tbody tr:nth-child(2) button');
    await opened.page.waitForSelector('#letter');
    expect(await opened.text('#letter .reason')).toBe('validation_error:begin_checkout');
    expect(await opened.text('#letter .pay .bad')).toContain('"sessionid"');
    const address = opened.page.url();
    expect(new URL(address).searchParams.get('reason')).toBe('validation_error:begin_checkout');
    await opened.page.goto(address);
    await opened.page.waitForSelector('#letter');
    expect(await opened.text('#letter .reason')).toBe('validation_error:begin_checkout');
  });

  it('a conspicuous day is told on the other pages, and leads here', async () => {
    await open('executive');
    const link = await opened.page.getAttribute('#orders .tag.loss', 'href');
    expect(link).toMatch(/^\/operations\?from=2026-11-1[67]&to=2026-11-1[67]$/);
    await open((link ?? '').slice(1));
    expect((await cells('orders')).length).toBe(0);
    expect(number(await figure('pending'))).toBeGreaterThan(10);
  });
});

describe('the pages by keyboard, address and file', () => {
  it('chooses ranges by keys and dates, and keeps them for the other pages', async () => {
    await open('executive');
    const { page } = opened;
    await page.keyboard.press('1');
    await eventually(async () => expect((await cells('orders')).length).toBe(7));
    expect(new URL(page.url()).search).toBe('?days=7');
    await page.keyboard.press('p');
    await eventually(async () => expect((await cells('orders'))[0]?.[0]).toMatch(/^Tue 17 Nov/));
    expect(new URL(page.url()).search).toBe('?from=2026-11-11&to=2026-11-17');
    expect(await page.getAttribute('.tabs a:nth-child(4)', 'href')).toBe(
      '/product?from=2026-11-11&to=2026-11-17',
    );
    await page.fill('#range-from', '2026-11-15');
    await eventually(async () => expect((await cells('orders')).length).toBe(3));
    await page.fill('#range-from', '2026-11-20');
    await opened.shows('.wrong', 'The first day is after the last.');
    await page.keyboard.press('Escape');
    await page.focus('#theme');
    await page.keyboard.press('?');
    expect(await page.isVisible('#keys')).toBe(true);
  });

  it('each number has its definition and the rows that it came from', async () => {
    for (const path of pages) {
      await open(path);
      const bare = await opened.page.evaluate<readonly string[]>(
        `[...document.querySelectorAll('.fig')].filter((fig) => !(fig.querySelector('.def')?.dataset.text) || !(fig.querySelector('a.rows')?.getAttribute('href') ?? '').startsWith('/api/')).map((fig) => fig.textContent)
          .concat([...document.querySelectorAll('.t.data thead th')].filter((th) => th.querySelector('.sort') && !th.querySelector('.def') && !['Day', 'Path', 'Product', 'Service', 'Started', 'Type', 'Status', 'Message'].includes(th.textContent.replace(/ .$/, ''))).map((th) => th.textContent))`,
      );
      expect([path, bare]).toEqual([path, []]);
      const sources = await opened.page.evaluate<readonly string[]>(
        `[...document.querySelectorAll('a.rows')].map((link) => link.href)`,
      );
      for (const source of new Set(sources))
        expect([source, (await fetch(source)).status]).toEqual([source, 200]);
      await opened.close();
    }
    await open('executive');
    await opened.page.hover('.fig:nth-child(3) .def');
    await opened.shows('#definition', /^Orders that were ever cancelled ÷ orders/);
  });

  it('saves a table as a file that holds what is shown, and all of it', async () => {
    await open('executive?days=30');
    const [download] = await Promise.all([
      opened.page.waitForEvent('download'),
      opened.page.click('#orders button[aria-label$="CSV"]'),
    ]);
    expect(download.suggestedFilename()).toBe('orders-LKR-2026-10-26-2026-11-24.csv');
    const lines = (await readFile((await download.path()) ?? '', 'utf8')).split('\r\n');
    expect(lines[0]).toBe(
      'Day,"Revenue, LKR",Orders,Paid online,COD,Cancelled,Cancel rate,Payment success,Refunds,"Refunded, LKR"',
    );
    expect(lines.length).toBe(32);
    const row = rowsOf('orders_payments_daily', yesterday, yesterday).find(
      ({ currency }) => currency === 'LKR',
    );
    expect(lines[2]?.split(',').slice(0, 3)).toEqual([
      yesterday,
      String(number(row?.total_revenue)),
      String(row?.total_orders),
    ]);
  });
});

describe('states', () => {
  it('keeps old numbers and says so while the warehouse is away, and reads again', async () => {
    await open('executive');
    const revenue = await figure('revenue');
    dashboard.failReads(true);
    try {
      await opened.page.keyboard.press('1');
      await opened.shows('#notice-word', 'Old numbers');
      expect(await figure('revenue')).toBe(revenue);
    } finally {
      dashboard.failReads(false);
    }
    await opened.page.click('#try-now');
    await eventually(async () => expect((await cells('orders')).length).toBe(7));
    expect(await opened.page.isVisible('#notice')).toBe(false);
  });

  it('says what to do before the first cycle', async () => {
    const empty = await startHistoryDashboard(bench.webRoot);
    try {
      opened = await bench.open(empty, { path: 'executive' });
      await opened.shows('#waiting-heading', 'No complete cycle yet.');
      expect(await opened.text('#waiting-text')).toContain('npm run etl -- --once');
      expect(await opened.text('#state-detail')).toBe('not made yet');
      expect(opened.complaints).toEqual([]);
    } finally {
      await empty.close();
    }
  });
});

describe('widths and accessibility', () => {
  it.each([
    ['light', 1280],
    ['dark', 390],
    ['light', 320],
  ] as const)('in %s at %i px nothing is cut, and axe has no serious finding', async (colorScheme, width) => {
    for (const path of pages) {
      await open(path, { colorScheme, bypassCSP: true, viewport: { width, height: 720 } });
      const over = await opened.page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
      expect([path, over]).toEqual([path, 0]);
      await opened.page.evaluate(axe.source);
      const found = await opened.page.evaluate<readonly string[]>(
        `axe.run().then(({ violations }) => violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').flatMap(({ id, nodes }) => nodes.map((node) => id + ': ' + node.target.join(' '))))`,
      );
      expect([path, found]).toEqual([path, []]);
      await opened.close();
    }
    await open('executive');
  });
});

describe('on paper', () => {
  const rowCount = "document.querySelectorAll('#orders-table tbody tr, #products-table tbody tr').length";

  it.each(pages)('%s is light, without controls, and nothing of it is cut', async (path) => {
    // the theme that was chosen, not only that of the system
    const localStorage = [{ name: 'kada-theme', value: 'dark' }];
    await open(`${path}?days=30`, {
      viewport: { width: 703, height: 1_000 },
      storageState: { cookies: [], origins: [{ origin: dashboard.url, localStorage }] },
    });
    if (path === 'operations') await opened.shows('#letters-told', /letters$/);
    const ground = 'getComputedStyle(document.body).backgroundColor';
    expect(await opened.page.evaluate(ground)).toBe('rgb(13, 15, 19)');
    const before = await opened.page.evaluate<number>(rowCount);

    await opened.page.emulateMedia({ media: 'print' });
    await opened.page.waitForSelector('.printing');
    expect(await opened.page.evaluate(ground)).toBe('rgb(255, 255, 255)');
    expect(await opened.page.evaluate('getComputedStyle(document.body).color')).toBe('rgb(21, 24, 30)');
    const seen = await opened.page.evaluate<Readonly<Record<string, readonly string[]>>>(`({
      controls: [...document.querySelectorAll('input, select, button:not(.def):not(.sort), kbd, a.rows, .tabs a:not([aria-current])')]
        .filter((one) => one.checkVisibility()).map((one) => one.outerHTML.slice(0, 80)),
      cut: [...document.querySelectorAll('#cards section, #cards .scroll, #figures')]
        .filter((one) => one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1)
        .map((one) => one.id || one.getAttribute('aria-labelledby') || one.getAttribute('aria-label')),
    })`);
    expect(seen).toEqual({ controls: [], cut: [] });
    expect(await opened.text('.on-paper')).toMatch(/^Mon 26 Oct to Tue 24 Nov/);
    if (path === 'executive') {
      expect(await opened.page.evaluate(rowCount)).toBe(30);
      // the bars are of the light theme's blue: they were drawn anew
      const blue = `(() => { const canvas = document.querySelector('#revenue-by-day canvas');
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        for (let at = 0; at < data.length; at += 4)
          if (data[at] === 27 && data[at + 1] === 95 && data[at + 2] === 201) return true;
        return false; })()`;
      expect(await opened.page.evaluate(blue)).toBe(true);
    }
    if (path === 'operations') expect((await cells('letters')).length).toBeGreaterThan(10);
    if (path === 'product') expect(await opened.page.evaluate(rowCount)).toBe(22);

    await opened.page.emulateMedia({ media: 'screen' });
    await eventually(async () => expect(await opened.page.locator('.printing').count()).toBe(0));
    expect(await opened.page.evaluate(rowCount)).toBe(before);
    expect(await opened.page.evaluate(ground)).toBe('rgb(13, 15, 19)');
    expect(opened.complaints).toEqual([]);
  });

  it('is drawn for it just before, and the screen is as it was afterwards', async () => {
    await open('executive?days=90');
    await opened.page.evaluate(`addEventListener('beforeprint', () => { window.printed = ${rowCount}; })`);
    const pdf = await opened.page.pdf({ preferCSSPageSize: true, printBackground: true });
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
    // 90 rows of days do not fit on one sheet
    expect(pdf.toString('latin1').match(/\/Type \/Page\b/g)?.length).toBeGreaterThan(1);
    expect(await opened.page.evaluate('window.printed')).toBe(90);
    await eventually(async () => expect(await opened.page.evaluate(rowCount)).toBe(14));
  });
});

describe('while the page stands', () => {
  const hide = (hidden: boolean): Promise<void> =>
    opened.page.evaluate(
      `Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true });
       document.dispatchEvent(new Event('visibilitychange')); undefined`,
    );

  it('nothing is asked for in a hidden tab; who comes back finds the newest', async () => {
    opened = await bench.open(dashboard, { path: 'executive' });
    const { page } = opened;
    await page.clock.install();
    await page.reload();
    await page.waitForSelector('body[data-drawn]');
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await page.clock.runFor(16_000);
    await eventually(() => expect(asked).toEqual(['/api/runs']));
    await hide(true);
    await page.clock.runFor(10 * 60_000);
    expect(asked).toEqual(['/api/runs']);
    await hide(false);
    await eventually(() => expect(asked).toEqual(['/api/runs', '/api/runs']));
  });

  it('a cycle that ends leaves the scroll, the order, the focus and chosen letters where they were', async () => {
    await open('operations', { viewport: { width: 1_280, height: 500 } });
    const { page } = opened;
    await page.selectOption('#letters-status', 'pending');
    await page.check('#letters-table tbody tr:nth-child(2) input');
    await page.click('#runs th[data-column="took"] button');
    await page.focus('#runs th[data-column="rows"] button');
    await page.evaluate("document.querySelector('.lst').scrollTop = 40; scrollTo(0, 333)");
    const stand = `({
      page: scrollY,
      list: document.querySelector('.lst').scrollTop,
      focus: document.activeElement.closest('th').dataset.column,
      sorted: document.querySelector('#runs th[aria-sort]').dataset.column,
      chosen: document.querySelectorAll('#letters-table :checked').length,
    })`;
    const before = await page.evaluate(stand);
    expect(before).toEqual({ page: 333, list: 40, focus: 'rows', sorted: 'took', chosen: 1 });
    const runs = (await cells('runs')).length;
    await dashboard.recordRun({ startedAt: until + 120_000, status: 'running', finishedAt: null });
    await hide(false);
    await eventually(async () => expect((await cells('runs')).length).toBe(runs + 1));
    expect(await page.evaluate(stand)).toEqual(before);
    expect(await opened.text('#state-detail')).toBe('of 21:46:02, a cycle runs');
  });

  it('the live page says how old Gold is, and that a cycle failed', async () => {
    await dashboard.recordRun({ startedAt: until + 180_000 });
    opened = await bench.open(dashboard, { timezoneId: 'Asia/Colombo' });
    await opened.shows('#gold', /^Gold as of 21:46:02, 1m 1\ds ago, next in 0m \d\ds$/);
    await dashboard.recordRun({ startedAt: until + 240_000, status: 'failed', errorMessage: 'KADA_AWAY' });
    await hide(false);
    await opened.shows('#gold', /^Last cycle failed .+ ago · Gold as of 21:46:02, /);
    expect(await opened.page.getAttribute('#gold', 'data-tone')).toBe('loss');
    expect(await opened.page.getAttribute('#gold', 'href')).toBe('/operations');
    expect([opened.foreign, opened.complaints]).toEqual([[], []]);
  });
});
