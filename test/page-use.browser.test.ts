import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { StepCounts } from '../live-dashboard/frames.ts';
import {
  counts,
  createPageBench,
  designedDay,
  livelyDashboard,
  type OpenedPage,
  type PageBench,
  step,
} from './support/live-page.ts';
import type { ScriptedDashboard } from './support/scripted-dashboard.ts';

let bench: PageBench;
let live: ScriptedDashboard;
let opened: OpenedPage;

beforeAll(async () => {
  bench = await createPageBench();
});
afterAll(() => bench.close());
afterEach(async () => {
  await opened.close();
  await live.dashboard.close();
});

const focused = (): Promise<string> =>
  opened.page.evaluate<string>(
    `(() => { const a = document.activeElement; return a?.dataset.pick ? 'step ' + a.dataset.pick : (a?.id || a?.dataset.def || a?.name || a?.textContent || ''); })()`,
  );

describe('the live page by keyboard alone', () => {
  it('opens and closes a definition on focus, and says it to a reader', async () => {
    live = await livelyDashboard(bench.webRoot);
    opened = await bench.open(live);
    await opened.shows(step(1, 'sessions'), '48,263');
    const { page } = opened;
    for (let i = 0; i < 30 && (await focused()) !== 'time-to-convert'; i++) await page.keyboard.press('Tab');
    expect(await focused()).toBe('time-to-convert');
    expect(await page.isVisible('#definition')).toBe(true);
    expect(await opened.text('#definition')).toMatch(/^A session that entered can still convert/);
    expect(await page.getAttribute('#time-to-convert', 'aria-describedby')).toBe('definition');
    await page.keyboard.press('Escape');
    expect(await page.isVisible('#definition')).toBe(false);
    await page.hover('[data-step="2"] [data-value="median"]');
    expect(await opened.text('#definition')).toBe('median 2m 07s, 90% within 6m 21s, of those who went on');
  });

  it('goes through the steps with J and K, and shows one in the trend with Enter', async () => {
    live = await livelyDashboard(bench.webRoot);
    opened = await bench.open(live);
    await opened.shows(step(1, 'sessions'), '48,263');
    const { page } = opened;
    await page.keyboard.press('j');
    expect(await focused()).toBe('step 1');
    await page.keyboard.press('j');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    expect(await focused()).toBe('step 4');
    await page.keyboard.press('k');
    await page.keyboard.press('Enter');
    expect(new URL(page.url()).searchParams.get('trend')).toBe('2');
    await opened.shows('#trend-of', 'Cart → Checkout');
    expect(await page.getAttribute('[data-pick="3"]', 'aria-pressed')).toBe('true');
    await page.keyboard.press('Control+f');
    expect(new URL(page.url()).searchParams.get('funnel')).toBe('purchase');
    await page.keyboard.press('f');
    await opened.shows('[data-step="1"] .pick', 'Home');
    expect(await focused()).toBe('step 1');
    await page.keyboard.press('?');
    expect(await page.isVisible('#keys')).toBe(true);
    await page.keyboard.press('f');
    expect(new URL(page.url()).searchParams.get('funnel')).toBe('browse');
    await page.keyboard.press('Escape');
    expect(await page.isVisible('#keys')).toBe(false);
  });

  it('visits tabs, theme, funnel, window, definitions, steps, strip and tables in this order', async () => {
    live = await livelyDashboard(bench.webRoot);
    opened = await bench.open(live);
    await opened.shows(step(1, 'sessions'), '48,263');
    const order: string[] = [];
    // once round: the next "Live" is the first again
    for (let name = ''; order.length < 60 && !(name === 'Live' && order.length > 1); ) {
      await opened.page.keyboard.press('Tab');
      name = await focused();
      order.push(name);
    }
    const places = ['Live', 'theme', 'funnel', 'window', 'time-to-convert', 'step 1', 'newest', 'behind'].map(
      (name) => order.indexOf(name),
    );
    expect(places.every((place) => place >= 0)).toBe(true);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(order.filter((name) => name.startsWith('step '))).toEqual(['step 1']);
  });

  it('shows the trend as a table', async () => {
    live = await livelyDashboard(bench.webRoot);
    const at = Math.floor(Date.now() / 60_000) * 60_000 - 400 * 60_000;
    live.fold.setCohort('purchase', { at, reached: [100, 40, 20, 5], stillInTime: [0, 0, 0, 0] });
    opened = await bench.open(live, { path: '?trend=2' });
    await opened.shows(step(1, 'sessions'), '48,263');
    await opened.shows('#trend-summary', '50.0% settled average, 20 of 40 sessions');
    await opened.page.focus('#trend-table button');
    await opened.page.keyboard.press('Enter');
    await opened.shows('#trend-table tbody tr td:nth-child(4)', '50.0%');
    expect(await opened.text('#trend-table thead th:nth-child(2)')).toBe('Cart');
    expect(await opened.text('#trend-table tbody tr td:last-child')).toBe('settled');
    await opened.page.keyboard.press('Enter');
    expect(await opened.page.isVisible('#trend-table table')).toBe(false);
  });
});

describe('the layout of the live page', () => {
  const seven: readonly StepCounts[] = [
    counts(9_999_999, 0, 0),
    counts(8_888_888, 1_000_000, 111_111, 127, 381),
    counts(7_777_777, 1_000_000, 111_111, 94, 200),
    counts(6_666_666, 1_000_000, 111_111, 71, 180),
  ];
  const one: readonly StepCounts[] = [
    counts(9, 0, 0),
    counts(8, 1, 0, 1, 2),
    counts(7, 1, 0, 1, 2),
    counts(6, 1, 0, 1, 2),
  ];
  const boxes = (): Promise<unknown> =>
    opened.page.$$eval('.fr > *, .figs > *, .strip > *, .ctl > *', (cells) =>
      cells.map((cell) => {
        const { x, y, width, height } = cell.getBoundingClientRect();
        return [x, y, width, height].map(Math.round);
      }),
    );

  it.each([1280, 1000, 390, 320])('has the same boxes for 1 and for 7 digits at %i px', async (width) => {
    live = await livelyDashboard(bench.webRoot, one);
    opened = await bench.open(live, { viewport: { width, height: 720 } });
    await opened.shows(step(1, 'sessions'), '9');
    const before = await boxes();
    live.fold.setCounts('purchase', 1440, seven);
    live.fold.setOrders(1440, {
      orders: 1_234_567,
      revenue: [{ currency: 'LKR', amount: 123_456_700 }],
      unattributed: 1_234_567,
    });
    live.facts.queueDepth = 1_234_567;
    live.tick();
    await opened.shows(step(1, 'sessions'), '9,999,999');
    await opened.shows('#queue-depth', '1,234,567');
    expect(await boxes()).toEqual(before);
  });

  it.each([
    [1280, 720],
    [821, 720],
    [820, 720],
    [640, 360],
    [390, 844],
    [360, 720],
    [320, 568],
  ])('cuts nothing and does not scroll sideways at %i x %i', async (width, height) => {
    live = await livelyDashboard(bench.webRoot);
    opened = await bench.open(live, { viewport: { width, height } });
    await opened.shows(step(1, 'sessions'), '48,263');
    const [scroll, client] = await opened.page.evaluate<readonly number[]>(
      '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
    );
    expect(scroll).toBe(client);
    // words of one row never touch those of the next column
    const touching = await opened.page.evaluate<readonly string[]>(`(() => {
      const texts = [...document.querySelectorAll('.fr.st .p, .fr.st .v')].filter((one) => one.textContent.trim() !== '');
      const box = (one) => { const range = document.createRange(); range.selectNodeContents(one); return range.getBoundingClientRect(); };
      const found = [];
      for (const a of texts) for (const b of texts) {
        if (a === b) continue;
        const [x, y] = [box(a), box(b)];
        if (x.width === 0 || y.width === 0) continue;
        const sameLine = x.top < y.bottom - 2 && y.top < x.bottom - 2;
        if (sameLine && x.left <= y.left && x.right > y.left - 3) found.push(a.textContent + ' | ' + b.textContent);
      }
      return found;
    })()`);
    expect(touching).toEqual([]);
  });
});

describe('the live region', () => {
  it('announces a change of state once, and never a number', async () => {
    live = await livelyDashboard(bench.webRoot);
    opened = await bench.open(live);
    await opened.shows('#announcer', 'Live');
    await opened.page.evaluate(`(() => {
      window.said = [];
      const place = document.querySelector('#announcer');
      new MutationObserver(() => window.said.push(place.textContent)).observe(place, { childList: true, characterData: true, subtree: true });
    })()`);
    live.fold.setCounts('purchase', 1440, [counts(48_264, 0, 0), ...designedDay.slice(1)]);
    live.tick();
    await opened.shows(step(1, 'sessions'), '48,264');
    live.fold.setEvicted(3);
    live.tick();
    await opened.shows('#announcer', /^Live\. Counts incomplete: 3 oldest sessions/);
    expect(await opened.page.evaluate<readonly string[]>('window.said')).toHaveLength(1);
    expect(await opened.page.locator('[role="status"], [aria-live]').count()).toBe(1);
  });
});
