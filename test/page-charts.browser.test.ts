import type { BrowserContextOptions } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { clock, utcClock } from '../live-dashboard/web/format.ts';
import { eventually } from './support/eventually.ts';
import { stored } from './support/live-events.ts';
import { createPageBench, livelyDashboard, type OpenedPage, type PageBench } from './support/live-page.ts';
import { type ScriptedDashboard, startScriptedDashboard } from './support/scripted-dashboard.ts';
import { purchaseFunnel } from './support/scripted-fold.ts';

const MINUTE = 60_000;
const QUARTER = 15 * MINUTE;
let bench: PageBench;
let live: ScriptedDashboard;
let opened: OpenedPage;

beforeAll(async () => {
  bench = await createPageBench();
});
afterAll(() => bench.close());
afterEach(async () => {
  expect([opened.foreign, opened.complaints]).toEqual([[], []]);
  await opened.close();
  await live.dashboard.close();
});

const thisMinute = (): number => Math.floor(Date.now() / MINUTE) * MINUTE;
const at = (time: number): string => clock(time, { seconds: false });
const label = (selector: string): Promise<string | null> => opened.page.getAttribute(selector, 'aria-label');
const lane = (step: number): string => `[data-step="${step}"] .entry-chart`;
const words = (step: number): string => `[data-step="${step}"] .tx`;

/** A steady day: 100 viewed each minute, 40 put into the cart, 20 went to checkout, 5 bought. */
async function steadyDay(options?: BrowserContextOptions & { readonly path?: string }): Promise<void> {
  live = await livelyDashboard(bench.webRoot);
  for (let ago = 0; ago < 1_440; ago++) setMinute(thisMinute() - ago * MINUTE, [100, 40, 20, 5]);
  live.tick();
  opened = await bench.open(live, options);
  await opened.shows('#trend-summary', /^\d+\.\d+% settled average, /);
}

const setMinute = (minute: number, reached: readonly number[], fields: object = {}): void =>
  live.fold.setCohort('purchase', { at: minute, reached, stillInTime: [0, 0, 0, 0], ...fields });

/** The place of an entry time in a chart of the last 24 hours, 0 to 1, and the mouse there. */
async function hover(selector: string, time: number): Promise<void> {
  const plot = opened.page.locator(`${selector} .u-over`);
  await plot.scrollIntoViewIfNeeded();
  const box = await plot.boundingBox();
  if (box === null) throw new Error(`no plot in ${selector}`);
  const place = 1 - (thisMinute() - time) / (1_440 * MINUTE);
  await opened.page.mouse.move(box.x + box.width * place, box.y + box.height / 2);
}

/** What a time that passes meanwhile would spoil: once more, until it lay within one minute. */
async function withinOneMinute(check: () => Promise<void>): Promise<void> {
  for (;;) {
    const before = thisMinute();
    await check();
    if (thisMinute() === before) return;
  }
}

/** Where a colour is in a chart: how many pixels, and the middle of them from the left, 0 to 1. */
const coloured = (selector: string, rgb: readonly [number, number, number]) =>
  opened.page.evaluate<{ count: number; middle: number }>(`(() => {
    const shown = document.querySelector(${JSON.stringify(`${selector} canvas`)});
    const copy = new OffscreenCanvas(shown.width, shown.height).getContext('2d', { willReadFrequently: true });
    copy.drawImage(shown, 0, 0);
    const { data, width } = copy.getImageData(0, 0, shown.width, shown.height);
    const found = [];
    for (let i = 0; i < data.length; i += 4)
      if (${JSON.stringify(rgb)}.every((part, k) => Math.abs(data[i + k] - part) < 24) && data[i + 3] > 200)
        found.push(((i / 4) % width) / width);
    return { count: found.length, middle: found.reduce((sum, x) => sum + x, 0) / found.length };
  })()`);
const violet = [0x7a, 0x3f, 0xb0] as const;
const loss = [0xb8, 0x40, 0x0a] as const;

describe('the charts of the matrix', () => {
  it('read out the numbers of the frame in every row and in the trend at once', async () => {
    await steadyDay();
    expect(await label(lane(3))).toMatch(/^Cart → Checkout by entry time: 50\.0% settled average, /);
    const entered = Math.floor((thisMinute() - 600 * MINUTE) / QUARTER) * QUARTER;
    await withinOneMinute(async () => {
      await hover(lane(2), entered + 7 * MINUTE);
      await opened.shows(words(1), `${at(entered)} 1,500 entered`);
      await opened.shows(words(2), `${at(entered)} 40.0%, 600 of 1,500`);
      await opened.shows(words(4), `${at(entered)} 25.0%, 75 of 300`);
      await opened.shows('#dead-letter-lane .tx', `${at(entered)} 0 dead letters`);
      await opened.shows('#entry-utc', utcClock(entered));
      expect(await opened.text('#trend-bubble')).toBe(
        `${at(entered)} to ${at(entered + QUARTER)}${utcClock(entered).slice(0, 5)} to ${utcClock(entered + QUARTER)}` +
          'View → Purchase5.00%, 75 of 1,50095%: 4.01% to 6.22%',
      );
    });
    await withinOneMinute(async () => {
      await hover('#trend', thisMinute() - 5 * MINUTE);
      await opened.shows(words(2), /^\d\d:\d\d 40\.0%, [\d,]+ of [\d,]+, so far$/);
    });
    await opened.page.mouse.move(5, 5);
    await opened.shows(words(1), 'entered');
    expect(await opened.text(words(2))).toBe('');
    expect(await opened.page.isVisible('#trend-bubble')).toBe(false);
  });

  it('stand at the minute they are of: the highest bar, and dead letters below the cohort', async () => {
    live = await livelyDashboard(bench.webRoot);
    const peak = Math.floor((thisMinute() - 300 * MINUTE) / QUARTER) * QUARTER;
    setMinute(peak + MINUTE, [50, 5, 2, 1]);
    setMinute(peak + 60 * MINUTE, [20, 5, 2, 1]);
    // a whole quarter ago: the bar of one that has just begun is narrower than a pixel
    const arrived = Date.now() - QUARTER;
    live.view.observe({
      at: Date.now(),
      commitMs: 1,
      settled: Array.from({ length: 30 }, () => ({
        via: 'tracking' as const,
        outcome: 'dead-lettered' as const,
        reason: 'validation_error:begin_checkout' as const,
        concerns: 'begin_checkout',
        letterReceivedAt: arrived,
      })),
    });
    const quarter = Math.floor(arrived / QUARTER) * QUARTER;
    live.tick();
    opened = await bench.open(live);
    await eventually(async () =>
      expect(await label(lane(1))).toBe(
        `Sessions that entered, by entry time: 70, most from ${at(peak)} to ${at(peak + QUARTER)}: 50`,
      ),
    );
    expect(await label('#dead-letter-lane .entry-chart')).toBe(
      `Dead letters, by arrival: 30, most from ${at(quarter)} to ${at(quarter + QUARTER)}: 30`,
    );
    const bar = await coloured('#dead-letter-lane', loss);
    expect(bar.count).toBeGreaterThan(20);
    expect(bar.middle).toBeGreaterThan(0.97);
    // nobody between: a gap in the line, and the points are seen
    await withinOneMinute(async () => {
      await hover(lane(3), peak + 190 * MINUTE);
      await opened.shows(words(3), /^\d\d:\d\d –, 0 of 0$/);
    });
    expect((await coloured(lane(3), [0x1b, 0x5f, 0xc9])).count).toBeGreaterThan(2);
  });

  it('keep their frame and say so where there is nothing', async () => {
    live = await livelyDashboard(bench.webRoot);
    opened = await bench.open(live);
    for (const place of [words(1), words(3), '#dead-letter-lane .tx', '#trend-summary'])
      await opened.shows(place, 'nothing in this window');
    expect(await label(lane(2))).toBe('View → Cart by entry time: nothing in this window');
    expect((await opened.page.locator(lane(2)).boundingBox())?.height).toBe(46);
  });

  it('mark what a late event revised, at its point alone, and say what it was', async () => {
    await steadyDay({ colorScheme: 'light' });
    const minute = Math.floor((thisMinute() - 600 * MINUTE) / QUARTER) * QUARTER;
    expect((await coloured(lane(3), violet)).count).toBe(0);
    const when = Date.now();
    setMinute(minute, [100, 40, 30, 5], { revised: { at: when, why: 'replay', before: [100, 40, 20, 5] } });
    live.tick();
    await eventually(async () => expect((await coloured(lane(3), violet)).count).toBeGreaterThan(8));
    expect((await coloured(lane(2), violet)).count).toBe(0);
    const box = await opened.page.locator(`${lane(3)} .u-over`).boundingBox();
    if (box === null) throw new Error('no plot');
    await opened.page.mouse.move(
      box.x + box.width * (await coloured(lane(3), violet)).middle,
      box.y + box.height / 2,
    );
    await opened.shows(words(3), `${at(minute)} 51.7%, 310 of 600`);
    await opened.shows(`[data-step="3"] .rv`, `revised ${at(when)} by replay, was 50.0%`);
    await opened.page.click('#trend-choice [data-choice="2"]');
    await eventually(async () => expect((await coloured('#trend', violet)).count).toBeGreaterThan(8));
    await hover('#trend', minute + MINUTE);
    await opened.shows('#trend-bubble .rv', `◇ revised ${at(when)} by replay, was 50.0%`);
  });

  it('draw anew only when something changed, and when the theme does', async () => {
    await steadyDay();
    await opened.page.evaluate(`(() => {
      window.drawn = 0;
      const clear = CanvasRenderingContext2D.prototype.clearRect;
      CanvasRenderingContext2D.prototype.clearRect = function (...area) {
        if (this.canvas.closest('.entry-chart') !== null) window.drawn++;
        return clear.apply(this, area);
      };
    })()`);
    const drawn = (): Promise<number> => opened.page.evaluate<number>('window.drawn');
    let depth = 0;
    let meanwhile = -1;
    // a new minute moves the axis once
    await withinOneMinute(async () => {
      await opened.page.evaluate('window.drawn = 0');
      for (let i = 0; i < 5; i++) {
        live.facts.queueDepth = ++depth;
        live.tick();
        await opened.shows('#queue-depth', String(depth));
      }
      meanwhile = await drawn();
    });
    expect(meanwhile).toBe(0);
    await opened.page.evaluate('window.drawn = 0');
    setMinute(thisMinute(), [120, 40, 20, 5]);
    live.tick();
    // who entered, the rate from there, and the trend
    await eventually(async () => expect(await drawn()).toBeGreaterThanOrEqual(3));
    await opened.page.evaluate('window.drawn = 0');
    await opened.page.click('#theme');
    await eventually(async () => expect(await drawn()).toBeGreaterThanOrEqual(6));
  });
});

describe('by key and by finger', () => {
  it('arrows on a step go from cohort to cohort, and Escape lets go', async () => {
    await steadyDay();
    const { page } = opened;
    for (const key of ['j', 'j', 'ArrowLeft', 'ArrowLeft']) await page.keyboard.press(key);
    const first = await opened.text(words(2));
    expect(first).toMatch(/^\d\d:\d\d 40\.0%, [\d,]+ of [\d,]+, so far$/);
    await page.keyboard.press('ArrowLeft');
    await eventually(async () => expect(await opened.text(words(2))).not.toBe(first));
    await page.keyboard.press('ArrowRight');
    await opened.shows(words(2), first);
    await page.keyboard.press('Escape');
    await opened.shows(words(2), '');
  });

  it('the trend is a stop of its own, and says its point', async () => {
    await steadyDay();
    const { page } = opened;
    await page.focus('#trend-choice input:checked');
    await page.keyboard.press('Tab');
    const said = (): Promise<string | null> => page.getAttribute('#trend', 'aria-valuetext');
    await eventually(async () => expect(await said()).toMatch(/^\d\d:\d\d 5\.00%, .*, so far$/));
    await page.keyboard.press('Home');
    await eventually(async () => expect(await said()).toMatch(/^\d\d:\d\d 5\.00%, 75 of 1,500$/));
    expect(await page.getAttribute('#trend', 'aria-valuenow')).toBe('0');
    await page.keyboard.press('Tab');
    await eventually(async () => expect(await said()).toMatch(/^View → Purchase by entry time: 5\.00%/));
  });

  it('a tap points, a tap elsewhere lets go', async () => {
    await steadyDay({ hasTouch: true, viewport: { width: 390, height: 844 } });
    const { page } = opened;
    await page.locator(`${lane(2)} .u-over`).scrollIntoViewIfNeeded();
    await page.locator(`${lane(2)} .u-over`).tap();
    await opened.shows(words(2), /^\d\d:\d\d 40\.0%, 600 of 1,500$/);
    await opened.shows(words(1), /^\d\d:\d\d 1,500 entered$/);
    expect(await page.isVisible('[data-step="2"] .utc')).toBe(true);
    await page.locator('#funnel .a-name').first().tap();
    await opened.shows(words(2), '');
  });
});

describe('which way the trend shows', () => {
  it('is a switch that stays in the address', async () => {
    await steadyDay();
    const { page } = opened;
    expect(await page.$$eval('#trend-choice label', (all) => all.map((one) => one.textContent))).toEqual([
      'View → Purchase',
      'View → Cart',
      'Cart → Checkout',
      'Checkout → Purchase',
    ]);
    await page.click('#trend-choice [data-choice="2"]');
    await opened.shows('#trend-summary', /^50\.0% settled average/);
    expect(new URL(page.url()).searchParams.get('trend')).toBe('2');
    await page.reload();
    await opened.shows('#trend-of', 'Cart → Checkout');
    expect(await page.isChecked('#trend-choice [value="2"]')).toBe(true);
    await page.keyboard.press('f');
    await opened.shows('#trend-of', 'Home → Product');
    expect(await page.$$('#trend-choice label')).toHaveLength(1);
  });

  it('is a list where there are more than four steps', async () => {
    const step = purchaseFunnel.steps[0] ?? { label: '', rule: '', types: [] };
    const long = {
      ...purchaseFunnel,
      steps: ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H'].map((name) => ({ ...step, label: name })),
    };
    live = await startScriptedDashboard(bench.webRoot, 0, [long]);
    live.view.observe({ at: Date.now(), commitMs: 1, settled: [stored({ event_timestamp: Date.now() })] });
    const reached = [80, 70, 60, 50, 40, 30, 20, 10];
    live.fold.setCohort('purchase', {
      at: thisMinute() - 300 * MINUTE,
      reached,
      stillInTime: reached.map(() => 0),
    });
    opened = await bench.open(live);
    await opened.shows('#trend-summary', /^12\.5% settled average/);
    await opened.page.selectOption('#trend-choice select', '7');
    await opened.shows('#trend-summary', /^50\.0% settled average, 10 of 20 sessions$/);
    expect(new URL(opened.page.url()).searchParams.get('trend')).toBe('7');
    expect((await opened.page.locator('[data-step="8"]').boundingBox())?.height).toBe(56);
  });
});
