import { randomUUID } from 'node:crypto';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clock } from '../live-dashboard/web/format.ts';
import { eventually } from './support/eventually.ts';
import { cleanUp, createDataDir, type PipelineProcess, startPipeline } from './support/pipeline-process.ts';

/** The charts by entry time over a real pipeline: what is posted is read from the page. */

const MINUTE = 60_000;
let browser: Browser;
let dataDir: string;
let running: PipelineProcess;
let page: Page;
const complaints: string[] = [];

beforeAll(async () => {
  dataDir = await createDataDir();
  running = await startPipeline({ dataDir });
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
  page = await browser.newPage({ viewport: { width: 900, height: 720 } });
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
});
afterAll(async () => {
  await browser?.close();
  await cleanUp();
});

type Body = Readonly<Record<string, unknown>>;
async function post(events: readonly Body[]): Promise<void> {
  for (let i = 0; i < events.length; i += 100) {
    const response = await fetch(`${running.trackingUrl}/track`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(events.slice(i, i + 100)),
    });
    expect(response.status).toBe(202);
  }
}
const event = (event_type: string, session_id: string, time: number, more: Body = {}): Body => ({
  event_id: randomUUID(),
  event_type,
  event_timestamp: new Date(time).toISOString(),
  session_id,
  page_url: 'http://localhost:3000/products/cinnamon',
  ...more,
});
const inCart = { product_id: 'cinnamon', quantity: 1 };
const label = (selector: string): Promise<string | null> => page.getAttribute(selector, 'aria-label');
const says = async (selector: string): Promise<string> => ((await page.textContent(selector)) ?? '').trim();
const lane = (step: number): string => `[data-step="${step}"] .entry-chart`;

test('a spike of broken checkouts stands below the cohort that they came in; no policy is broken', async () => {
  await page.goto(`${running.dashboardUrl}/?window=15m&trend=2`);
  const bin = (time: number): string => {
    const from = Math.floor(time / (2 * MINUTE)) * 2 * MINUTE;
    return `most from ${clock(from, { seconds: false })} to ${clock(from + 2 * MINUTE, { seconds: false })}`;
  };
  const begun = Date.now();
  const sessions = Array.from({ length: 60 }, (_, i) => `spike-${i}`);
  await post(sessions.map((session) => event('page_view', session, begun)));
  await post(sessions.slice(0, 40).map((session) => event('add_to_cart', session, begun + 1, inCart)));
  await post(sessions.slice(0, 10).map((session) => event('begin_checkout', session, begun + 2)));
  // a checkout without the page that it was on cannot be kept
  await post(
    sessions
      .slice(10, 40)
      .map((session) => event('begin_checkout', session, begun + 2, { page_url: undefined })),
  );
  const ended = Date.now();

  await eventually(async () => {
    expect(await label(lane(1))).toBe(`Sessions that entered, by entry time: 60, ${bin(begun)}: 60`);
    expect(await says('[data-reason="validation_error:begin_checkout"]')).toBe(
      '30 validation_error:begin_checkout',
    );
    const letters = await label('#dead-letter-lane .entry-chart');
    // a minute may have ended while they were on their way
    const wanted = [begun, ended].map((time) => `Dead letters, by arrival: 30, ${bin(time)}`);
    expect(
      wanted.some((one) => letters?.startsWith(one)),
      `${letters} is ${wanted.join(' or ')}`,
    ).toBe(true);
  });
  await page.focus('[data-pick="3"]');
  await eventually(async () => {
    // from the newest point back to the one that they are in
    await page.keyboard.press('ArrowLeft');
    expect(await says('[data-step="2"] .tx')).toMatch(/^\d\d:\d\d 66\.7%, 40 of 60, so far$/);
    expect(await says('[data-step="3"] .tx')).toMatch(/^\d\d:\d\d 25\.0%, 10 of 40, so far$/);
  });
  expect((await page.locator('#dead-letter-lane').boundingBox())?.width).toBe(176);
  expect(complaints).toEqual([]);
});

test('a late event marks the point of its cohort as revised', async () => {
  const entered = Math.floor((Date.now() - 5 * 60 * MINUTE) / MINUTE) * MINUTE;
  await post(Array.from({ length: 20 }, (_, i) => event('page_view', `past-${i}`, entered)));
  await post([event('add_to_cart', 'past-0', entered + MINUTE, inCart)]);
  // what is read again at the start is what was, and revises nothing
  await page.goto('about:blank');
  await running.stop();
  running = await startPipeline({ dataDir });
  await page.goto(`${running.dashboardUrl}/?window=24h&trend=1`);
  await eventually(async () =>
    expect(await label(lane(2))).toMatch(/ by entry time: 5\.00% settled average, 1 of 20 sessions$/),
  );

  const before = Date.now();
  await post([event('add_to_cart', 'past-1', entered + MINUTE, inCart)]);
  const after = Date.now();
  await eventually(async () =>
    expect(await label(lane(2))).toMatch(/ 10\.0% settled average, 2 of 20 sessions, 1 revised$/),
  );
  expect(await label(lane(4))).not.toContain('revised');
  await page.focus('#trend');
  await page.keyboard.press('Home');
  for (let i = 0; i < 100 && (await says('[data-step="2"] .rv')) === ''; i++)
    await page.keyboard.press('ArrowRight');
  expect(
    [before, after].map((at) => `revised ${clock(at, { seconds: false })} by late events, was 5.00%`),
  ).toContain(await says('[data-step="2"] .rv'));
  expect(await says('[data-step="2"] .tx')).toMatch(/^\d\d:\d\d 10\.0%, 2 of 20$/);
  expect(complaints).toEqual([]);
});
