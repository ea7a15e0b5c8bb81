import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createPageBench, livelyDashboard, type OpenedPage, type PageBench } from './support/live-page.ts';
import type { ScriptedDashboard } from './support/scripted-dashboard.ts';

const MINUTE = 60_000;
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

async function open(width: number, path = ''): Promise<void> {
  live = await livelyDashboard(bench.webRoot);
  const now = Math.floor(Date.now() / MINUTE) * MINUTE;
  for (let ago = 0; ago < 1_440; ago += 5)
    live.fold.setCohort('purchase', {
      at: now - ago * MINUTE,
      reached: [1_000, 400, 200, 50],
      stillInTime: [0, 0, 0, 0],
    });
  live.tick();
  opened = await bench.open(live, { path, viewport: { width, height: 720 } });
  await opened.shows('#trend-summary', /settled average/);
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly width: number;
  readonly height: number;
}
const boxes = (selector: string): Promise<readonly Box[]> =>
  opened.page.$$eval(selector, (found) =>
    found.map((one) => {
      const { left, right, top, bottom, width, height } = one.getBoundingClientRect();
      return { left, right, top, bottom, width, height };
    }),
  );
const only = async (selector: string): Promise<Box> => {
  const [box] = await boxes(selector);
  if (box === undefined) throw new Error(`no ${selector}`);
  return box;
};

describe('the column of the charts', () => {
  it.each([
    [1280, 264, 46],
    [1181, 264, 46],
    [1180, 176, 46],
    [900, 176, 46],
    [821, 176, 46],
    [820, 788, 38],
    [390, 358, 38],
    [320, 288, 38],
  ])('is at %i px as wide as %i, and %i high', async (width, wide, high) => {
    await open(width);
    for (const step of [1, 2, 3, 4]) {
      const box = await only(`[data-step="${step}"] .entry-chart`);
      expect([step, Math.round(box.width), Math.round(box.height)]).toEqual([step, wide, high]);
      expect(box.right).toBeLessThanOrEqual(width);
      const canvas = await only(`[data-step="${step}"] canvas`);
      expect([canvas.width, canvas.height].map(Math.round)).toEqual([wide, high]);
    }
    const axis = await only('#entry-axis');
    const dead = await only('#dead-letter-lane');
    expect([axis.left, axis.right].map(Math.round)).toEqual([dead.left, dead.right].map(Math.round));
  });

  it.each(
    [1280, 900, 390, 320].flatMap((width) => ['15m', '1h', '24h'].map((window) => [width, window] as const)),
  )('has at %i px for %s an axis whose times are not cut and end with now', async (width, window) => {
    await open(width, `?window=${window}`);
    const axis = await only('#entry-axis');
    const labels = await boxes('#entry-axis span');
    expect(labels.length).toBeGreaterThanOrEqual(3);
    expect(await opened.text('#entry-axis .now')).toBe('now');
    for (const [i, { left, right }] of labels.entries()) {
      expect(left).toBeGreaterThanOrEqual(axis.left - 0.5);
      expect(right).toBeLessThanOrEqual(axis.right + 0.5);
      expect(left).toBeGreaterThan((labels[i - 1]?.right ?? Number.NEGATIVE_INFINITY) + 2);
    }
  });

  it.each([
    ['15m', 15 / 120],
    ['1h', 60 / 360],
  ])('marks the entry window %s on its axis', async (window, part) => {
    await open(1280, `?window=${window}`);
    const axis = await only('#entry-axis');
    const bracket = await only('#entry-axis i');
    expect(bracket.width / axis.width).toBeCloseTo(part, 3);
    expect(bracket.height).toBe(3);
    expect(bracket.right).toBeCloseTo(axis.right, 0);
    await opened.page.keyboard.press('3');
    await opened.shows('#trend-bin', 'cohorts of 15 min or more');
    expect(await boxes('#entry-axis i')).toHaveLength(0);
  });

  it('names the open zone where it begins, also after another window was chosen', async () => {
    await open(1280);
    await opened.shows('#trend-zone', 'hatched: still in time, these points will rise');
    await opened.page.keyboard.press('1');
    await opened.shows('#trend-zone', 'still in time: these points will rise');
    const plot = await only('#trend .u-over');
    const zone = await only('#trend-zone');
    // an hour of two, give or take a bar
    expect(Math.abs((zone.left - plot.left) / plot.width - 0.5)).toBeLessThan(2.5 / 120);
  });

  it('leaves the whole funnel to be seen at 1280 x 720', async () => {
    await open(1280);
    expect((await only('#strip')).bottom).toBeLessThanOrEqual(720);
  });

  it.each([1280, 900, 390, 320])('keeps what it reads out within the page at %i px', async (width) => {
    await open(width, '?trend=2');
    await opened.page.hover('[data-step="4"] .u-over');
    await opened.shows('[data-step="4"] .tx', /, 1,?\d+ of|, \d+ of/);
    for (const box of await boxes('.tx, .utc, #trend-bubble, #entry-utc')) {
      expect(box.left).toBeGreaterThanOrEqual(0);
      expect(box.right).toBeLessThanOrEqual(width);
    }
    expect(await opened.page.evaluate('document.documentElement.scrollWidth')).toBe(width);
  });
});
