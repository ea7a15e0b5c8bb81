import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { stored } from './support/live-events.ts';
import { createPageBench, livelyDashboard, type OpenedPage, type PageBench } from './support/live-page.ts';
import type { ScriptedDashboard } from './support/scripted-dashboard.ts';

/** The last events stand still while they are read, say so, and catch up afterwards. */
let bench: PageBench;
let live: ScriptedDashboard;
let opened: OpenedPage;

beforeAll(async () => {
  bench = await createPageBench();
});
afterAll(() => bench.close());
beforeEach(async () => {
  live = await livelyDashboard(bench.webRoot);
});
afterEach(async () => {
  expect(opened.complaints).toEqual([]);
  await opened.close();
  await live.dashboard.close();
});

const newestSession = '#events tbody tr:first-child [data-value="session"]';

function commit(...sessions: readonly string[]): void {
  const at = Date.now();
  const settled = sessions.map((session_id) => stored({ event_timestamp: at, session_id }));
  live.view.observe({ at, commitMs: 1, settled });
  live.tick();
}

const many = (count: number): readonly string[] => Array.from({ length: count }, (_, i) => `many-${i}`);

it('while the pointer is on them', async () => {
  opened = await bench.open(live);
  commit('first');
  await opened.shows(newestSession, 'first');
  await opened.shows('#events-order', 'newest first');

  await opened.page.hover('#events tbody tr');
  await opened.shows('#events-order', 'paused');
  commit('second', 'third');
  await opened.shows('#events-order', 'paused, 2 newer wait');
  expect(await opened.text(newestSession)).toBe('first');
  // more than the panel holds: all of them are told, not only those that are kept
  commit(...many(1_200));
  await opened.shows('#events-order', 'paused, 1,202 newer wait');
  expect(await opened.text(newestSession)).toBe('first');
  // the rest of the page goes on
  await opened.shows('[data-source="tracking"] [data-value="late"]', '0');

  await opened.page.hover('#funnel');
  await opened.shows('#events-order', 'newest first');
  await opened.shows(newestSession, 'many-1199');
  expect(await opened.page.$$eval('#events tbody tr', (rows) => rows.length)).toBe(50);
});

it('while the focus is among them, by the keyboard alone', async () => {
  opened = await bench.open(live);
  commit('first');
  await opened.shows(newestSession, 'first');
  const region = '#events-card [role="region"]';
  expect(await opened.page.getAttribute(region, 'aria-describedby')).toBe('events-order');
  await opened.page.focus(region);
  commit('second');
  await opened.shows('#events-order', 'paused, 1 newer wait');
  expect(await opened.text(newestSession)).toBe('first');
  await opened.page.keyboard.press('Shift+Tab');
  await opened.shows(newestSession, 'second');
  await opened.shows('#events-order', 'newest first');
});

it('not where somebody clicked and went away', async () => {
  opened = await bench.open(live);
  commit('first');
  await opened.shows(newestSession, 'first');
  await opened.page.click('#events tbody tr');
  await opened.shows('#events-order', 'paused');
  expect(
    await opened.page.evaluate(
      "document.getElementById('events-card').contains(document.activeElement) && document.activeElement !== document.body",
    ),
  ).toBe(true);
  await opened.page.hover('#funnel');
  commit('second');
  await opened.shows(newestSession, 'second');
  await opened.shows('#events-order', 'newest first');
});

it.each([1280, 390, 320])('and nothing moves when they do, at %i px', async (width) => {
  opened = await bench.open(live, { viewport: { width, height: 844 }, timezoneId: 'Asia/Colombo' });
  commit('first');
  await opened.shows(newestSession, 'first');
  const box = () => opened.page.$eval('#events', (table) => Math.round(table.getBoundingClientRect().top));
  await opened.page.locator('#events tbody tr').first().scrollIntoViewIfNeeded();
  const before = await box();
  await opened.page.hover('#events tbody tr');
  await opened.shows('#events-order', 'paused');
  expect(await box()).toBe(before);
  commit(...many(99_999));
  await opened.shows('#events-order', 'paused, 99,999 newer wait');
  expect(await box()).toBe(before);
  const sideways = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
  expect(await opened.page.evaluate(sideways)).toBe(0);
});

it('are taken anew from a server that was started again', async () => {
  opened = await bench.open(live);
  commit('first', 'again', 'last');
  await opened.shows(newestSession, 'last');
  const port = Number(new URL(live.url).port);
  await opened.page.hover('#events tbody tr');
  await opened.shows('#events-order', 'paused');
  await live.dashboard.close();
  live = await livelyDashboard(bench.webRoot, undefined, port);
  commit('anew');
  await opened.shows('#events-order', 'paused, 2 newer wait');
  await opened.page.hover('#funnel');
  await opened.shows(newestSession, 'anew');
  // its console speaks of the connection that was lost
  opened = { ...opened, complaints: [] };
});
