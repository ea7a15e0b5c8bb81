import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { StepCounts } from '../live-dashboard/frames.ts';
import { builtPage } from './support/built-page.ts';
import { eventually } from './support/eventually.ts';
import { stored } from './support/live-events.ts';
import { type ScriptedDashboard, startScriptedDashboard } from './support/scripted-dashboard.ts';

const MINUTE = 60_000;
const counts = (
  sessions: number,
  stillInTime: number,
  dropped: number,
  medianSeconds: number | null = null,
): StepCounts => ({ sessions, stillInTime, dropped, medianSeconds, p90Seconds: medianSeconds });
const day = [
  counts(48_263, 0, 0),
  counts(8_394, 3_315, 36_554, 127),
  counts(3_807, 401, 4_186, 94),
  counts(2_349, 122, 1_336, 71),
];

let browser: Browser;
let webRoot: string;
let live: ScriptedDashboard;
let page: Page;
let foreign: string[];
let complaints: string[];

beforeAll(async () => {
  webRoot = await builtPage();
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
});
afterAll(async () => {
  await browser?.close();
  if (webRoot !== undefined) await rm(webRoot, { recursive: true });
});

beforeEach(async () => {
  live = await startScriptedDashboard(webRoot);
  page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
  foreign = [];
  complaints = [];
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== live.url && protocol !== 'data:') foreign.push(request.url());
  });
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
});
afterEach(async () => {
  await page.close();
  await live.dashboard.close();
});

const textOf = async (selector: string): Promise<string> => ((await page.textContent(selector)) ?? '').trim();
const step = (number: number, value: string): string => `[data-step="${number}"] [data-value="${value}"]`;

/** Waits until the page says so. */
const shows = (selector: string, text: string): Promise<void> =>
  eventually(async () => expect(await textOf(selector)).toBe(text), { timeoutMs: 15_000 });

describe('the live page', () => {
  it('shows the numbers of the frames, and moves with them', async () => {
    live.view.observe({ at: Date.now(), commitMs: 8.4, settled: [stored({ event_timestamp: Date.now() })] });
    live.fold.setCounts('purchase', 1440, day);
    live.fold.setOrders(1440, {
      orders: 2_394,
      revenue: [{ currency: 'LKR', amount: 1_567_248_000 }],
      unattributed: 45,
    });
    live.tick();
    await page.goto(live.url);
    await shows(step(1, 'sessions'), '48,263');
    expect(await textOf(step(1, 'share'))).toBe('100%');
    expect(await textOf(step(2, 'sessions'))).toBe('8,394');
    expect(await textOf(step(2, 'rate'))).toBe('17.4%');
    expect(await textOf(step(2, 'median'))).toBe('2m 07s');
    expect(await textOf(step(2, 'still-in-time'))).toBe('3,315');
    expect(await textOf(step(2, 'still-in-time-share'))).toBe('6.87%');
    expect(await textOf(step(2, 'dropped'))).toBe('36,554');
    expect(await textOf(step(2, 'dropped-share'))).toBe('75.7%');
    expect(await textOf(step(2, 'biggest'))).toBe('biggest');
    expect(await textOf(step(4, 'sessions'))).toBe('2,349');
    expect(await textOf('#conversion')).toBe('4.87%');
    expect(await textOf('#conversion-of')).toBe('View → Purchase, so far');
    expect(await textOf('#conversion-count')).toBe('2,349 of 48,263 sessions');
    expect(await textOf('#in-time-count')).toBe('3,838 can still convert');
    expect(await textOf('#loss')).toBe('View → Cart');
    expect(await textOf('#revenue')).toBe('LKR 15,672,480');
    expect(await textOf('#orders')).toBe('2,394 orders');
    expect(await textOf('#outside')).toBe('45 outside the funnel');
    expect(await textOf('#state-word')).toBe('Live');
    expect(await textOf('#time-to-convert')).toBe('1 h to convert');

    live.fold.setCounts('purchase', 1440, [counts(48_264, 0, 0), ...day.slice(1)]);
    live.tick();
    await shows(step(1, 'sessions'), '48,264');
    expect(await textOf(step(2, 'sessions'))).toBe('8,394');
    expect([foreign, complaints]).toEqual([[], []]);
  });

  it('draws each bar as long as the solid part before it, in three parts', async () => {
    live.view.observe({ at: Date.now(), commitMs: 1, settled: [stored({ event_timestamp: Date.now() })] });
    live.fold.setCounts('purchase', 1440, day);
    await page.goto(live.url);
    await shows(step(1, 'sessions'), '48,263');
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
        { via: 'rabbitmq', outcome: 'dead-lettered', reason: 'event_id_conflict', concerns: 'order_paid' },
        { via: 'tracking', outcome: 'dead-lettered', reason: 'validation_error:click', concerns: 'click' },
        { via: 'tracking', outcome: 'dead-lettered', reason: 'validation_error:click', concerns: 'click' },
      ],
    });
    live.fold.setCounts('purchase', 1440, day);
    await page.goto(live.url);
    await shows('#natural', '1');
    expect(await textOf('#synthetic')).toBe('1');
    expect(await textOf('#bots')).toBe('1');
    expect(await textOf('#queue-depth')).toBe('12');
    expect(await textOf('#commit-p95')).toMatch(/^8\.[0-2] ms$/);
    expect(await textOf('#newest-event')).toMatch(/s ago$/);
    expect(await textOf('#dead-letters')).toBe('3');
    expect(await textOf('[data-reason="validation_error:click"]')).toBe('2 validation_error:click');
    expect(await textOf('[data-source="rabbitmq"] [data-value="duplicates"]')).toBe('2');
    expect(await textOf('[data-source="all"] [data-value="dead-letters"]')).toBe('3');
    expect(await page.$$eval('#events tbody tr', (rows) => rows.length)).toBe(6);
    expect(await textOf('#events tbody tr:last-child [data-value="session"]')).toBe(
      '<img src=x onerror=alert(1)>',
    );
    expect(await textOf('#events tbody tr:first-child [data-value="outcome"]')).toBe(
      'dead-lettered: validation_error:click',
    );
    expect([foreign, complaints]).toEqual([[], []]);
  });

  it('keeps funnel and window in the address, and switches them by key', async () => {
    live.view.observe({ at: Date.now(), commitMs: 1, settled: [stored({ event_timestamp: Date.now() })] });
    live.fold.setCounts('purchase', 1440, day);
    live.fold.setCounts('purchase', 15, [counts(7, 0, 0), counts(2, 5, 0), counts(0, 2, 0), counts(0, 0, 0)]);
    live.fold.setCounts('browse', 15, [counts(5, 0, 0), counts(3, 2, 0)]);
    await page.goto(live.url);
    await shows(step(1, 'sessions'), '48,263');
    await page.keyboard.press('1');
    await shows(step(1, 'sessions'), '7');
    expect(await textOf('#loss')).toBe('None yet');
    await page.click('[data-choice="browse"]');
    await shows(step(1, 'sessions'), '5');
    expect(await page.$$eval('#steps [data-step]', (rows) => rows.length)).toBe(2);
    expect(new URL(page.url()).search).toBe('?funnel=browse&window=15m&trend=all');
    await page.reload();
    await shows(step(2, 'sessions'), '3');
  });

  it('tells a newcomer what to send, with the real address, and moves at the first event', async () => {
    await page.goto(live.url);
    await shows('#state-detail', 'waiting for events');
    expect(await page.isVisible('#empty')).toBe(true);
    expect(await textOf('#curl-1')).toContain('curl -s http://127.0.0.1:9123/track/page_view');
    expect(await textOf('#curl-2')).toContain('curl -s http://127.0.0.1:9123/track/add_to_cart');
    expect(await textOf(step(1, 'sessions'))).toBe('0');
    live.view.observe({ at: Date.now(), commitMs: 1, settled: [stored({ event_timestamp: Date.now() })] });
    live.fold.setCounts('purchase', 1440, [
      counts(1, 0, 0),
      counts(0, 1, 0),
      counts(0, 0, 0),
      counts(0, 0, 0),
    ]);
    live.tick();
    await shows(step(1, 'sessions'), '1');
    expect(await page.isVisible('#empty')).toBe(false);
  });

  it('shows only the progress while the state is rebuilt', async () => {
    live.facts.state = { kind: 'rebuilding', done: 2_928_000, total: 4_800_000 };
    live.fold.setCounts('purchase', 1440, day);
    await page.goto(live.url);
    await shows('#state-word', 'Rebuilding');
    expect(await textOf('#rebuilding-text')).toBe(
      'Rebuilding from stored events: 61.0%, 2,928,000 of 4,800,000',
    );
    expect(await page.isVisible('#steps')).toBe(false);
    live.tick();
    live.facts.state = { kind: 'live' };
    live.view.observe({ at: Date.now(), commitMs: 1, settled: [stored({ event_timestamp: Date.now() })] });
    live.tick();
    await shows(step(1, 'sessions'), '48,263');
    expect(await page.isVisible('#rebuilding')).toBe(false);
  });

  it('says that it is old when the server goes, keeps the numbers, and catches up when it is back', async () => {
    live.view.observe({ at: Date.now(), commitMs: 1, settled: [stored({ event_timestamp: Date.now() })] });
    live.fold.setCounts('purchase', 1440, day);
    await page.goto(live.url);
    await shows(step(1, 'sessions'), '48,263');
    const port = Number(new URL(live.url).port);
    await live.dashboard.close();
    await shows('#state-word', 'Reconnecting');
    expect(await textOf('#state-detail')).toMatch(/^last frame .* ago$/);
    expect(await textOf('#notice-text')).toMatch(
      /^The connection was lost at \d\d:\d\d:\d\d\. Everything below is as of then/,
    );
    expect(await textOf(step(1, 'sessions'))).toBe('48,263');
    live = await startScriptedDashboard(webRoot, port);
    live.view.observe({ at: Date.now(), commitMs: 1, settled: [stored({ event_timestamp: Date.now() })] });
    live.fold.setCounts('purchase', 1440, [counts(50_000, 0, 0), ...day.slice(1)]);
    await page.click('#try-now', { timeout: 1_000 }).catch(() => undefined);
    await shows(step(1, 'sessions'), '50,000');
    await shows('#state-word', 'Live');
    expect(await page.isVisible('#notice')).toBe(false);
  });

  it('draws the conversion by entry time', async () => {
    const now = Date.now();
    live.view.observe({ at: now, commitMs: 1, settled: [stored({ event_timestamp: now })] });
    for (let ago = 0; ago < 1_400; ago++) {
      const at = Math.floor(now / MINUTE) * MINUTE - ago * MINUTE;
      live.fold.setCohort('purchase', { at, reached: [40, 8, 4, 2], stillInTime: [0, 0, 0, 0] });
    }
    live.fold.setCounts('purchase', 1440, day);
    await page.goto(live.url);
    await eventually(async () => expect(await textOf('#trend-summary')).toMatch(/^5\.00% settled average/));
    const inked = await page.evaluate<number>(`(() => {
      const canvas = document.querySelector('#trend canvas');
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      return data.filter((value, index) => index % 4 === 3 && value > 0).length;
    })()`);
    expect(inked).toBeGreaterThan(1_000);
    expect([foreign, complaints]).toEqual([[], []]);
  });

  it.each([
    [1280, 'light'],
    [390, 'light'],
    [390, 'dark'],
    [320, 'dark'],
  ] as const)('fits %i px in %s without scrolling sideways', async (width, colorScheme) => {
    await page.setViewportSize({ width, height: 720 });
    await page.emulateMedia({ colorScheme });
    live.view.observe({ at: Date.now(), commitMs: 1, settled: [stored({ event_timestamp: Date.now() })] });
    live.fold.setCounts('purchase', 1440, day);
    await page.goto(live.url);
    await shows(step(1, 'sessions'), '48,263');
    const [scroll, client] = await page.evaluate<readonly number[]>(
      '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
    );
    expect(scroll).toBe(client);
    const ground = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    expect(ground).toBe(colorScheme === 'dark' ? 'rgb(13, 15, 19)' : 'rgb(246, 247, 249)');
    expect([foreign, complaints]).toEqual([[], []]);
  });
});

describe('the built page', () => {
  it('has nothing inline and less than 60 KB of script, gzipped', async () => {
    const html = await readFile(join(webRoot, 'index.html'), 'utf8');
    expect(html).not.toMatch(/<style|\sstyle=|<script(?![^>]*\ssrc=)|\son[a-z]+=/i);
    const scripts = (await readdir(join(webRoot, 'assets'))).filter((name) => name.endsWith('.js'));
    const sizes = await Promise.all(
      scripts.map(async (name) => gzipSync(await readFile(join(webRoot, 'assets', name))).length),
    );
    expect(scripts.length).toBeGreaterThan(0);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(60 * 1024);
  });
});
