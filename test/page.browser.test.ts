import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from './support/eventually.ts';
import { letter, stored } from './support/live-events.ts';
import {
  counts,
  createPageBench,
  designedDay,
  type OpenedPage,
  type PageBench,
  step,
} from './support/live-page.ts';
import { type ScriptedDashboard, startScriptedDashboard } from './support/scripted-dashboard.ts';

const MINUTE = 60_000;
let bench: PageBench;
let live: ScriptedDashboard;
let opened: OpenedPage;

beforeAll(async () => {
  bench = await createPageBench();
});
afterAll(() => bench.close());
beforeEach(async () => {
  live = await startScriptedDashboard(bench.webRoot);
});
afterEach(async () => {
  await opened.close();
  await live.dashboard.close();
});

const open = async (options?: Parameters<PageBench['open']>[1]): Promise<Page> => {
  opened = await bench.open(live, options);
  return opened.page;
};

describe('the live page', () => {
  it('shows the numbers of the frames, and moves with them', async () => {
    live.view.observe({ at: Date.now(), commitMs: 8.4, settled: [stored({ event_timestamp: Date.now() })] });
    live.fold.setCounts('purchase', 1440, designedDay);
    live.fold.setOrders(1440, {
      orders: 2_394,
      revenue: [{ currency: 'LKR', amount: 1_567_248_000 }],
      unattributed: 45,
    });
    live.tick();
    await open();
    await opened.shows(step(1, 'sessions'), '48,263');
    expect(await opened.text(step(1, 'share'))).toBe('100%');
    expect(await opened.text(step(2, 'sessions'))).toBe('8,394');
    expect(await opened.text(step(2, 'rate'))).toBe('17.4%');
    expect(await opened.text(step(2, 'median'))).toBe('2m 07s');
    expect(await opened.text(step(2, 'still-in-time'))).toBe('3,315');
    expect(await opened.text(step(2, 'still-in-time-share'))).toBe('6.87%');
    expect(await opened.text(step(2, 'dropped'))).toBe('36,554');
    expect(await opened.text(step(2, 'dropped-share'))).toBe('75.7%');
    expect(await opened.text(step(2, 'biggest'))).toBe('biggest');
    expect(await opened.text(step(4, 'sessions'))).toBe('2,349');
    expect(await opened.text('#conversion')).toBe('4.87%');
    expect(await opened.text('#conversion-of')).toBe('View → Purchase, so far');
    expect(await opened.text('#conversion-count')).toBe('2,349 of 48,263 sessions');
    expect(await opened.text('#in-time-count')).toBe('3,838 can still convert');
    expect(await opened.text('#loss')).toBe('View → Cart');
    expect(await opened.text('#revenue')).toBe('LKR 15,672,480');
    expect(await opened.text('#orders')).toBe('2,394 orders');
    expect(await opened.text('#outside')).toBe('45 outside the funnel');
    expect(await opened.text('#state-word')).toBe('Live');
    expect(await opened.text('#time-to-convert')).toBe('1 h to convert');

    live.fold.setCounts('purchase', 1440, [counts(48_264, 0, 0), ...designedDay.slice(1)]);
    live.tick();
    await opened.shows(step(1, 'sessions'), '48,264');
    expect(await opened.text(step(2, 'sessions'))).toBe('8,394');

    live.fold.setOrders(1440, {
      orders: 1,
      revenue: [
        { currency: 'USD', amount: 19_877_600 },
        { currency: 'LKR', amount: 175_784_400 },
      ],
      unattributed: 0,
    });
    live.tick();
    await opened.shows('#revenue', 'LKR 1,757,844');
    expect(await opened.text('#orders')).toBe('1 order, and USD 198,776');
    expect([opened.foreign, opened.complaints]).toEqual([[], []]);
  });

  it('draws each bar as long as the solid part before it, in three parts', async () => {
    live.view.observe({ at: Date.now(), commitMs: 1, settled: [stored({ event_timestamp: Date.now() })] });
    live.fold.setCounts('purchase', 1440, designedDay);
    const page = await open();
    await opened.shows(step(1, 'sessions'), '48,263');
    const widths = await page.$$eval('#steps .bar svg', (bars) =>
      bars.map((bar) => [...bar.querySelectorAll('rect')].map((rect) => rect.width.baseVal.value)),
    );
    const length = (bar: number) => (widths[bar] ?? []).reduce((sum, width) => sum + width, 0);
    const solid = (bar: number) => widths[bar]?.[0] ?? 0;
    expect(length(0)).toBeGreaterThan(150);
    expect(length(1)).toBeCloseTo(length(0), 0);
    for (const bar of [1, 2]) expect(Math.abs(length(bar + 1) - solid(bar))).toBeLessThan(1);
    expect(await page.getAttribute('[data-step="2"] svg', 'aria-label')).toBe(
      '8,394 went on, 3,315 still in time, 36,554 dropped, of 48,263',
    );
  });

  it('counts in the strip, the tables and the last events what was committed', async () => {
    live.facts.queueDepth = 12;
    live.view.observe({
      at: Date.now(),
      commitMs: 8,
      settled: [
        stored({ event_timestamp: Date.now(), session_id: '<img src=x onerror=alert(1)>' }),
        stored({ event_timestamp: Date.now(), is_bot: 1 }),
        { via: 'rabbitmq', outcome: 'duplicate' },
        letter('rabbitmq', 'event_id_conflict', Date.now(), 'order_paid'),
        letter('tracking', 'validation_error:click', Date.now(), 'click'),
        letter('tracking', 'validation_error:click', Date.now(), 'click'),
      ],
    });
    live.fold.setCounts('purchase', 1440, designedDay);
    const page = await open();
    await opened.shows('#natural', '1');
    expect(await opened.text('#synthetic')).toBe('1');
    expect(await opened.text('#bots')).toBe('1');
    expect(await opened.text('#queue-depth')).toBe('12');
    expect(await opened.text('#commit-p95')).toMatch(/^8\.[0-2] ms$/);
    expect(await opened.text('#newest-event')).toMatch(/s ago$/);
    expect(await opened.text('#dead-letters')).toBe('3');
    expect(await opened.text('[data-reason="validation_error:click"]')).toBe('2 validation_error:click');
    expect(await opened.text('[data-source="rabbitmq"] [data-value="duplicates"]')).toBe('2');
    expect(await opened.text('[data-source="all"] [data-value="dead-letters"]')).toBe('3');
    expect(await page.$$eval('#events tbody tr', (rows) => rows.length)).toBe(6);
    expect(await opened.text('#events tbody tr:last-child [data-value="session"]')).toBe(
      '<img src=x onerror=alert(1)>',
    );
    expect(await opened.text('#events tbody tr:first-child [data-value="outcome"]')).toBe(
      'dead-lettered: validation_error:click',
    );
    expect([opened.foreign, opened.complaints]).toEqual([[], []]);
  });

  it('keeps funnel and window in the address, and switches them by key', async () => {
    live.view.observe({ at: Date.now(), commitMs: 1, settled: [stored({ event_timestamp: Date.now() })] });
    live.fold.setCounts('purchase', 1440, designedDay);
    live.fold.setCounts('purchase', 15, [counts(7, 0, 0), counts(2, 5, 0), counts(0, 2, 0), counts(0, 0, 0)]);
    live.fold.setCounts('browse', 15, [counts(5, 0, 0), counts(3, 2, 0)]);
    const page = await open();
    await opened.shows(step(1, 'sessions'), '48,263');
    await page.keyboard.press('1');
    await opened.shows(step(1, 'sessions'), '7');
    expect(await opened.text('#loss')).toBe('None yet');
    await page.click('[data-choice="browse"]');
    await opened.shows(step(1, 'sessions'), '5');
    expect(await page.$$eval('#steps [data-step]', (rows) => rows.length)).toBe(2);
    expect(new URL(page.url()).search).toBe('?funnel=browse&window=15m&trend=all');
    await page.reload();
    await opened.shows(step(2, 'sessions'), '3');
  });

  it('tells a newcomer what to send, with the real address, and moves at the first event', async () => {
    const page = await open();
    await opened.shows('#state-detail', 'waiting for events');
    expect(await page.isVisible('#empty')).toBe(true);
    expect(await opened.text('#curl-1')).toContain('curl -s http://127.0.0.1:9123/track/page_view');
    expect(await opened.text('#curl-2')).toContain('curl -s http://127.0.0.1:9123/track/add_to_cart');
    expect(await opened.text(step(1, 'sessions'))).toBe('0');
    live.view.observe({ at: Date.now(), commitMs: 1, settled: [stored({ event_timestamp: Date.now() })] });
    live.fold.setCounts('purchase', 1440, [
      counts(1, 0, 0),
      counts(0, 1, 0),
      counts(0, 0, 0),
      counts(0, 0, 0),
    ]);
    live.tick();
    await opened.shows(step(1, 'sessions'), '1');
    expect(await page.isVisible('#empty')).toBe(false);
  });

  it('shows only the progress while the state is rebuilt', async () => {
    live.facts.state = { kind: 'rebuilding', done: 2_928_000, total: 4_800_000 };
    live.fold.setCounts('purchase', 1440, designedDay);
    const page = await open();
    await opened.shows('#state-word', 'Rebuilding');
    expect(await opened.text('#rebuilding-text')).toBe(
      'Rebuilding from stored events: 61.0%, 2,928,000 of 4,800,000',
    );
    expect(await page.isVisible('#steps')).toBe(false);
    live.tick();
    live.facts.state = { kind: 'live' };
    live.view.observe({ at: Date.now(), commitMs: 1, settled: [stored({ event_timestamp: Date.now() })] });
    live.tick();
    await opened.shows(step(1, 'sessions'), '48,263');
    expect(await page.isVisible('#rebuilding')).toBe(false);
  });

  it('says that it is old when the server goes, keeps the numbers, and catches up when it is back', async () => {
    live.view.observe({ at: Date.now(), commitMs: 1, settled: [stored({ event_timestamp: Date.now() })] });
    live.fold.setCounts('purchase', 1440, designedDay);
    const page = await open();
    await opened.shows(step(1, 'sessions'), '48,263');
    const port = Number(new URL(live.url).port);
    await live.dashboard.close();
    await opened.shows('#state-word', 'Reconnecting');
    expect(await opened.text('#state-detail')).toMatch(/^last frame .* ago$/);
    expect(await opened.text('#notice-text')).toMatch(
      /^The connection was lost at \d\d:\d\d:\d\d\. Everything below is as of then/,
    );
    expect(await opened.text(step(1, 'sessions'))).toBe('48,263');
    live = await startScriptedDashboard(bench.webRoot, port);
    live.view.observe({ at: Date.now(), commitMs: 1, settled: [stored({ event_timestamp: Date.now() })] });
    live.fold.setCounts('purchase', 1440, [counts(50_000, 0, 0), ...designedDay.slice(1)]);
    await page.click('#try-now', { timeout: 1_000 }).catch(() => undefined);
    await opened.shows(step(1, 'sessions'), '50,000');
    await opened.shows('#state-word', 'Live');
    expect(await page.isVisible('#notice')).toBe(false);
  });

  it('draws the conversion by entry time', async () => {
    const now = Date.now();
    live.view.observe({ at: now, commitMs: 1, settled: [stored({ event_timestamp: now })] });
    for (let ago = 0; ago < 1_400; ago++) {
      const at = Math.floor(now / MINUTE) * MINUTE - ago * MINUTE;
      live.fold.setCohort('purchase', { at, reached: [40, 8, 4, 2], stillInTime: [0, 0, 0, 0] });
    }
    live.fold.setCounts('purchase', 1440, designedDay);
    const page = await open();
    await eventually(async () =>
      expect(await opened.text('#trend-summary')).toMatch(/^5\.00% settled average/),
    );
    const inked = await page.evaluate<number>(`(() => {
      const canvas = document.querySelector('#trend canvas');
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      return data.filter((value, index) => index % 4 === 3 && value > 0).length;
    })()`);
    expect(inked).toBeGreaterThan(1_000);
    expect([opened.foreign, opened.complaints]).toEqual([[], []]);
  });

  it.each([
    [1280, 'light'],
    [390, 'light'],
    [390, 'dark'],
    [320, 'dark'],
  ] as const)('fits %i px in %s without scrolling sideways', async (width, colorScheme) => {
    live.view.observe({ at: Date.now(), commitMs: 1, settled: [stored({ event_timestamp: Date.now() })] });
    live.fold.setCounts('purchase', 1440, designedDay);
    const page = await open({ viewport: { width, height: 720 }, colorScheme });
    await opened.shows(step(1, 'sessions'), '48,263');
    const [scroll, client] = await page.evaluate<readonly number[]>(
      '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
    );
    expect(scroll).toBe(client);
    const ground = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    expect(ground).toBe(colorScheme === 'dark' ? 'rgb(13, 15, 19)' : 'rgb(246, 247, 249)');
    expect([opened.foreign, opened.complaints]).toEqual([[], []]);
  });
});

describe('the built page', () => {
  it('has nothing inline and less than 60 KB of script, gzipped', async () => {
    const html = await readFile(join(bench.webRoot, 'index.html'), 'utf8');
    expect(html).not.toMatch(/<style|\sstyle=|<script(?![^>]*\ssrc=)|\son[a-z]+=/i);
    const scripts = [...html.matchAll(/assets\/([\w.-]+\.js)/g)].map(([, name = '']) => name);
    const sizes = await Promise.all(
      scripts.map(async (name) => gzipSync(await readFile(join(bench.webRoot, 'assets', name))).length),
    );
    expect(scripts.length).toBeGreaterThan(0);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(60 * 1024);
  });
});
