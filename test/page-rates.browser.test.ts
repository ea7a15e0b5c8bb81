import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { rate } from '../live-dashboard/web/format.ts';
import { lastMinuteRate } from '../live-dashboard/web/rates.ts';
import type { SettledEvent } from '../pipeline/live/committed.ts';
import type { StoredEvent } from '../sinks/warehouse.ts';
import { eventually } from './support/eventually.ts';
import { stored } from './support/live-events.ts';
import { createPageBench, type OpenedPage, type PageBench } from './support/live-page.ts';
import { type ScriptedDashboard, startScriptedDashboard } from './support/scripted-dashboard.ts';

type Type = StoredEvent['canonical_type'];

let bench: PageBench;
let live: ScriptedDashboard;
let opened: OpenedPage;
let ticking: NodeJS.Timeout;

beforeAll(async () => {
  bench = await createPageBench();
});
afterAll(() => bench.close());
beforeEach(async () => {
  live = await startScriptedDashboard(bench.webRoot);
  ticking = setInterval(() => live.tick(), 250);
});
afterEach(async () => {
  clearInterval(ticking);
  expect(opened.complaints).toEqual([]);
  expect(opened.foreign).toEqual([]);
  await opened.close();
  await live.dashboard.close();
});

/** `count` events of one type, committed `ago` ms ago. */
function commit(ago: number, count: number, type: Type, via: SettledEvent['via']): void {
  const at = Date.now() - ago;
  live.view.observe({
    at,
    commitMs: 4,
    settled: Array.from({ length: count }, () => stored({ event_timestamp: at, canonical_type: type }, via)),
  });
}

/**
 * A shop whose payments stopped 5 minutes ago, and that goes on for 90 s: however long a test takes, the last minute
 * is a full one.
 */
function quarterOfAnHour(): void {
  for (let ago = 780_000; ago >= -90_000; ago -= 5_000) {
    commit(ago, 40 + ((ago / 5_000 + 70) % 7), 'page_view', 'tracking');
    commit(ago, 9, 'order_created', 'rabbitmq');
    commit(ago, 14, 'click', 'collector');
    if (ago >= 300_000 && ago % 20_000 === 0) commit(ago, 3, 'order_paid', 'rabbitmq');
  }
  live.tick();
}

const open = async (options: Parameters<PageBench['open']>[1] = {}): Promise<void> => {
  opened = await bench.open(live, options);
  await opened.shows('#state-word', 'Live');
};
const textsOf = (selector: string): Promise<string[]> =>
  opened.page.$$eval(selector, (found) => found.map((one) => (one.textContent ?? '').trim()));

/** The pixels of a chart: tells whether it was drawn anew. */
const picture = (selector: string): Promise<string> =>
  opened.page.evaluate<string>(`document.querySelector(${JSON.stringify(`${selector} canvas`)}).toDataURL()`);
/** How many pixels of a chart are not empty. */
const inked = (selector: string): Promise<number> =>
  opened.page.evaluate<number>(`(() => {
    const canvas = document.querySelector(${JSON.stringify(`${selector} canvas`)});
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return data.filter((value, i) => i % 4 === 3 && value > 0).length;
  })()`);

describe('events per second', () => {
  it('has one row a type, in the fixed order, with the rates of the frames', async () => {
    quarterOfAnHour();
    await open();
    await eventually(async () =>
      expect(await textsOf('#types [data-type] [data-value="type"]')).toEqual([
        'page_view',
        'click',
        'order_created',
        'order_paid',
      ]),
    );
    await eventually(async () => {
      const { rates, now } = live.view.snapshot();
      const shown = await textsOf('#types [data-type] [data-value="per-second"]');
      expect(shown).toEqual(
        ['page_view', 'click', 'order_created', 'order_paid'].map((type) =>
          rate(lastMinuteRate(rates, rates.byType, type, now)),
        ),
      );
    });
    expect(await inked('[data-type="page_view"]')).toBeGreaterThan(100);
    expect(await opened.page.getAttribute('[data-type="click"] .chart', 'aria-label')).toBe(
      'last 15 minutes: at most 2.80 a second',
    );
  });

  it('says how long a type is silent that usually pauses far less', async () => {
    quarterOfAnHour();
    await open();
    await opened.shows('[data-type="order_paid"] [data-value="silent"]', /^silent [456]m$/);
    expect(await textsOf('#types [data-value="silent"]')).toHaveLength(4);
    expect((await textsOf('#types [data-value="silent"]')).slice(0, 3)).toEqual(['', '', '']);
    commit(5_000, 3, 'order_paid', 'rabbitmq');
    live.tick();
    await opened.page.reload();
    await opened.shows('[data-type="order_paid"] [data-value="silent"]', '');
  });

  it('stacks the sources in the order of their table', async () => {
    quarterOfAnHour();
    await open();
    await opened.shows('[data-source="collector"] [data-value="per-second"]', '2.80');
    expect(await textsOf('#sources [data-value="source"]')).toEqual([
      'RabbitMQ',
      'Collector',
      'Tracking',
      'Replay',
      'All',
    ]);
    await opened.shows('[data-source="replay"] [data-value="behind"]', 'idle');
    expect(await opened.text('[data-source="tracking"] [data-value="behind"]')).toMatch(/s$/);
    await opened.shows('#sources-summary', /^1\d\.\d a second in the last 10 s, at most 1\d\.\d$/);
    expect(await opened.page.isHidden('#sources-none')).toBe(true);

    // under the cursor stand the values themselves, not their sums
    await opened.page.hover('#sources-chart .u-over');
    await opened.shows(
      '#sources-summary',
      /^\d\d:\d\d:\d\d · RabbitMQ [12]\.\d\d · Collector 2\.80 · Tracking [89]\.\d\d · Replay 0\.00$/,
    );
  });

  it('opens as tables', async () => {
    quarterOfAnHour();
    await open();
    await opened.page.click('#types-table button');
    await opened.page.click('#sources-table button');
    await eventually(async () => {
      expect(await textsOf('#types-table thead th')).toEqual([
        'Time',
        'page_view',
        'click',
        'order_created',
        'order_paid',
      ]);
      const row = await textsOf('#sources-table tbody tr:nth-child(5) td');
      expect(row).toEqual(['1.80', '2.80', expect.stringMatching(/^[89]\.\d\d$/), '0.00']);
    });
  });

  it('keeps its frame where nothing came', async () => {
    live.fold.setCohort('purchase', {
      at: Date.now() - 60_000,
      reached: [1, 0, 0, 0],
      stillInTime: [0, 1, 0, 0],
    });
    const reached = [{ source: 'tracking' as const, newest: Date.now() - 3_600_000 }];
    live.view.restore({ events: [], deadLetters: [], rates: [], reached }, Date.now());
    live.tick();
    await open();
    await eventually(async () => expect(await opened.page.isVisible('#sources-none')).toBe(true));
    expect(await opened.text('#sources-none')).toBe('nothing in this window');
    expect(await opened.page.isVisible('#types-none')).toBe(true);
    expect(await opened.page.$$('#types [data-type]')).toHaveLength(0);
    expect(await inked('#sources-chart')).toBeGreaterThan(0);
  });

  it('draws in the colours of the theme at once', async () => {
    quarterOfAnHour();
    await open({ colorScheme: 'light' });
    await opened.shows('[data-source="collector"] [data-value="per-second"]', '2.80');
    const before = await picture('[data-type="click"]');
    await opened.page.click('#theme');
    await opened.page.click('#theme');
    await eventually(async () => expect(await picture('[data-type="click"]')).not.toBe(before));
  });

  it.each([1280, 390, 320])('does not scroll sideways at %i px', async (width) => {
    quarterOfAnHour();
    await open({ viewport: { width, height: 900 } });
    await opened.shows('[data-source="collector"] [data-value="per-second"]', '2.80');
    if (process.env.SHOTS !== undefined)
      await opened.page.screenshot({ path: `${process.env.SHOTS}/rates-${width}.png`, fullPage: true });
    expect(
      await opened.page.evaluate(
        'document.documentElement.scrollWidth <= document.documentElement.clientWidth',
      ),
    ).toBe(true);
    expect(await opened.page.$eval('[data-type="click"] .chart', (one) => one.clientWidth)).toBeGreaterThan(
      30,
    );
  });
});
