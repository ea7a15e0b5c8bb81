import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { letter, stored } from './support/live-events.ts';
import {
  counts,
  createPageBench,
  designedDay,
  livelyDashboard,
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
afterEach(async () => {
  expect([opened.foreign, opened.complaints.filter((text) => !text.includes('WebSocket'))]).toEqual([[], []]);
  await opened.close();
  await live.dashboard.close();
});

const minuteOf = (at: number): number => Math.floor(at / MINUTE) * MINUTE;

/** A steady day whose checkouts fell half an hour ago. */
function fall(dashboard: ScriptedDashboard): void {
  const now = minuteOf(Date.now());
  for (let ago = 0; ago < 400; ago++) {
    const checkouts = ago <= 60 ? 9 : 18;
    dashboard.fold.setCohort('purchase', {
      at: now - ago * MINUTE,
      reached: [100, 40, checkouts, 5],
      stillInTime: [0, 0, 0, 0],
    });
  }
}

describe('the states of the live page', () => {
  it('shows a spike of dead letters under the funnel, and the letters themselves', async () => {
    live = await livelyDashboard(bench.webRoot);
    fall(live);
    opened = await bench.open(live);
    await opened.shows('#data-notice-word', 'Fell');
    expect(await opened.text('#data-notice-text')).toMatch(
      /^Cart → Checkout fell from 4\d\.\d% to 22\.5% for sessions that entered since \d\d:\d\d\.$/,
    );
    expect(await opened.page.isVisible('#see-dead-letters')).toBe(false);
    live.view.observe({
      at: Date.now(),
      commitMs: 1,
      settled: Array.from({ length: 246 }, () =>
        letter('tracking', 'validation_error:begin_checkout', Date.now(), 'begin_checkout'),
      ),
    });
    live.tick();
    await opened.shows('#data-notice-word', 'Broken events');
    expect(await opened.text('#data-notice-text')).toMatch(
      / In that time 246 begin_checkout events became dead letters\. The loss may be in the data, not in the shop\.$/,
    );
    expect(await opened.text(step(3, 'fell'))).toBe('fell');
    expect(await opened.text(step(2, 'fell'))).toBe('');
    const address = new URL(
      (await opened.page.getAttribute('#see-dead-letters', 'href')) ?? '',
      'http://page',
    );
    expect(address.pathname).toBe('/operations');
    expect(Object.fromEntries(address.searchParams)).toEqual({
      status: '',
      text: '"concerns":"begin_checkout"',
    });
    expect(await opened.page.getAttribute('#reasons a', 'href')).toBe(
      '/operations?status=&reason=validation_error%3Abegin_checkout',
    );
    expect(await opened.page.getAttribute('#dead-letter-rows', 'href')).toBe('/operations?status=');
    await opened.page.click('[aria-label="Dead letters: show as table"]');
    await opened.shows(
      '#dead-letter-table tbody tr:first-child td:nth-child(2)',
      'validation_error:begin_checkout',
    );
    await opened.shows('#dead-letter-table tbody tr:first-child td:nth-child(4)', '246');
  });

  it('says what was revised, before and after', async () => {
    live = await livelyDashboard(bench.webRoot);
    const at = minuteOf(Date.now()) - 400 * MINUTE;
    live.fold.setCohort('purchase', {
      at,
      reached: [100, 40, 20, 5],
      stillInTime: [0, 0, 0, 0],
      revised: { at: Date.now() - 1_000, why: 'replay', events: 1_086, before: [100, 40, 10, 5] },
    });
    opened = await bench.open(live);
    await opened.shows('#data-notice-word', 'Revised');
    expect(await opened.text('#data-notice-text')).toMatch(
      /: 1,086 replayed events changed the cohort of .* Cart → Checkout was 25\.0%, is now 50\.0%\.$/,
    );
  });

  it('says how many sessions were let go', async () => {
    live = await livelyDashboard(bench.webRoot);
    live.fold.setEvicted(12_004);
    opened = await bench.open(live);
    await opened.shows('#data-notice-text', '12,004 oldest sessions were let go at the limit of 1,000,000.');
  });

  it('counts dropped sessions of closed cohorts, and none while all are younger than the time to convert', async () => {
    live = await livelyDashboard(bench.webRoot);
    live.fold.setCohort('purchase', {
      at: minuteOf(Date.now()) - 3 * MINUTE,
      reached: [20, 5, 2, 1],
      stillInTime: [0, 15, 3, 1],
    });
    live.fold.setCounts('purchase', 60, [
      counts(20, 0, 0),
      counts(5, 15, 0),
      counts(2, 3, 0),
      counts(1, 1, 0),
    ]);
    opened = await bench.open(live);
    await opened.shows(step(2, 'dropped'), '36,554');
    await opened.shows('#loss', 'View → Cart');
    await opened.page.keyboard.press('2');
    await opened.shows('#loss', 'None yet');
    expect(await opened.text('#loss-count')).toBe('all entered less than 1h ago');
    expect(await opened.text(step(2, 'dropped'))).toBe('0');
  });

  it('goes on from a restarted server without a jump: old numbers until the new ones are whole', async () => {
    live = await livelyDashboard(bench.webRoot);
    opened = await bench.open(live);
    await opened.shows(step(1, 'sessions'), '48,263');
    await opened.page.evaluate(`(() => {
      window.seen = [];
      const cell = document.querySelector('[data-step="1"] [data-value="sessions"]');
      const look = () => { if (window.seen.at(-1) !== cell.textContent) window.seen.push(cell.textContent); };
      look();
      new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
    })()`);
    const before = await boxes(opened);
    const port = Number(new URL(live.url).port);
    await live.dashboard.close();
    await opened.shows('#state-word', 'Reconnecting');
    expect(await opened.text('#notice-text')).toMatch(/ Trying again (in \ds|now)\.$/);

    live = await startScriptedDashboard(bench.webRoot, port);
    live.facts.state = { kind: 'rebuilding', done: 61, total: 100 };
    await opened.page.click('#try-now', { timeout: 1_000 }).catch(() => undefined);
    await opened.shows('#state-word', 'Rebuilding');
    expect(await opened.text('#notice-text')).toMatch(/^Rebuilding from stored events: 61\.0%, 61 of 100\. /);
    expect(await opened.text(step(1, 'sessions'))).toBe('48,263');
    expect(await opened.page.getAttribute('body', 'class')).toContain('stale');

    live.view.observe({ at: Date.now(), commitMs: 1, settled: [stored({ event_timestamp: Date.now() })] });
    live.fold.setCounts('purchase', 1440, [counts(48_264, 0, 0), ...designedDay.slice(1)]);
    live.tick();
    live.facts.state = { kind: 'live' };
    live.tick();
    await opened.shows(step(1, 'sessions'), '48,264');
    await opened.shows('#state-word', 'Live');
    expect(await opened.page.evaluate('window.seen')).toEqual(['48,263', '48,264']);
    expect(await boxes(opened)).toEqual(before);
  });

  it('says with its reason that the server is degraded', async () => {
    live = await livelyDashboard(bench.webRoot);
    live.facts.state = {
      kind: 'degraded',
      reason: 'warehouse away, events wait, none is lost',
      since: Date.now(),
    };
    opened = await bench.open(live);
    await opened.shows('#state-word', 'Degraded');
    await opened.shows('#notice-text', /^warehouse away since \d\d:\d\d, events wait, none is lost\.$/);
  });

  it('says when only bots came, and when an event became a dead letter', async () => {
    live = await startScriptedDashboard(bench.webRoot);
    live.view.observe({
      at: Date.now(),
      commitMs: 1,
      settled: [letter('tracking', 'invalid_json', Date.now())],
    });
    opened = await bench.open(live);
    await opened.shows('#empty-heading', '1 event arrived and became a dead letter.');
    live.view.observe({
      at: Date.now(),
      commitMs: 1,
      settled: [stored({ event_timestamp: Date.now(), is_bot: 1 })],
    });
    live.tick();
    await opened.shows('#empty-heading', '1 event arrived, from a bot. Bots are left out.');
    live.view.observe({ at: Date.now(), commitMs: 1, settled: [], newestBot: 'curl/8.5' });
    live.tick();
    await opened.shows('#empty-heading', '1 event arrived, from a bot (curl/8.5). Bots are left out.');
    const bot = () => [stored({ event_timestamp: Date.now(), is_bot: 1 })];
    live.view.observe({ at: Date.now(), commitMs: 1, settled: bot(), newestBot: 'curl/8.5' });
    live.tick();
    await opened.shows(
      '#empty-heading',
      '2 events arrived, from bots (the newest: curl/8.5). Bots are left out.',
    );
    await opened.shows('#empty-sources div:last-child dd', 'ready, DuckDB');
  });
});

/** Where the cells of the matrix and the strip are. */
const boxes = (page: OpenedPage): Promise<unknown> =>
  page.page.$$eval('.fr > *, .figs > *, .strip > *', (cells) =>
    cells.map((cell) => {
      const { x, y, width, height } = cell.getBoundingClientRect();
      return [x, y, width, height].map(Math.round);
    }),
  );
