import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from './support/eventually.ts';
import { letter, stored } from './support/live-events.ts';
import {
  createPageBench,
  livelyDashboard,
  type OpenedPage,
  type PageBench,
  step,
} from './support/live-page.ts';
import type { ScriptedDashboard } from './support/scripted-dashboard.ts';

/** Fingers, and the system's own few colours. */
let bench: PageBench;
let live: ScriptedDashboard;
let opened: OpenedPage;

beforeAll(async () => {
  bench = await createPageBench();
});
afterAll(() => bench.close());
beforeEach(async () => {
  live = await livelyDashboard(bench.webRoot);
  live.fold.setCohort('purchase', {
    at: Math.floor(Date.now() / 60_000) * 60_000 - 400 * 60_000,
    reached: [100, 40, 20, 5],
    stillInTime: [0, 0, 0, 0],
    revised: { at: Date.now() - 1_000, why: 'replay', events: 86, before: [100, 40, 10, 5] },
  });
  for (let ago = 600_000; ago > 0; ago -= 5_000) {
    const at = Date.now() - ago;
    const events = [stored({ event_timestamp: at }), stored({ event_timestamp: at }, 'rabbitmq')];
    live.view.observe({ at, commitMs: 1, settled: events });
  }
  const letters = [letter('tracking', 'validation_error:click', Date.now(), 'click')];
  live.view.observe({ at: Date.now(), commitMs: 1, settled: letters });
});
afterEach(async () => {
  expect(opened.complaints).toEqual([]);
  await opened.close();
  await live.dashboard.close();
});

const shot = async (name: string): Promise<void> => {
  if (process.env.SHOTS === undefined) return;
  await opened.page.screenshot({ path: `${process.env.SHOTS}/${name}.png`, fullPage: true });
};

/**
 * Targets that a finger would miss: at 17.5 px from its middle, to each side, stands something else. Targets may
 * overlap nobody: what stands there must be the target itself.
 */
const missed = `(() => {
  const reach = 17.5;
  const name = (one) => one.id || one.dataset.def || one.dataset.pick || one.dataset.choice || one.textContent.trim();
  const misses = [];
  for (const one of document.querySelectorAll('a, button, select, label:has(input)')) {
    if (one.getClientRects().length === 0) continue;
    one.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' });
    const { left, right, top, bottom } = one.getBoundingClientRect();
    const [x, y] = [(left + right) / 2, (top + bottom) / 2];
    for (const [dx, dy] of [[0, -reach], [0, reach], [-reach, 0], [reach, 0]]) {
      const found = document.elementFromPoint(x + dx, y + dy)?.closest('a, button, select, label');
      if (found !== one) misses.push(name(one) + ' ' + dx + ' ' + dy + (found ? ' hits ' + name(found) : ''));
    }
  }
  scrollTo(0, 0);
  return misses;
})()`;

describe.each([1280, 820, 390, 320])('by touch at %i px', (width) => {
  beforeEach(async () => {
    opened = await bench.open(live, { hasTouch: true, isMobile: true, viewport: { width, height: 844 } });
    await opened.shows(step(1, 'sessions'), '48,263');
    await opened.shows('#data-notice-word', 'Revised');
  });

  it('every target is 36 px, and nothing is cut', async () => {
    await shot(`touch-${width}`);
    expect(await opened.page.evaluate(missed)).toEqual([]);
    const sideways = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
    expect(await opened.page.evaluate(sideways)).toBe(0);
    await opened.page.tap('[data-opens="definitions"]');
    const close = await opened.page.locator('#definitions .close').boundingBox();
    expect(close?.height).toBeGreaterThanOrEqual(36);
  });

  it('every definition opens by tap, and a tap elsewhere closes it', async () => {
    const labels = await opened.page.locator('button.def:visible').all();
    expect(labels.length).toBeGreaterThan(12);
    for (const label of labels) {
      await label.scrollIntoViewIfNeeded();
      await eventually(async () => {
        await label.tap();
        expect(await opened.page.isVisible('#definition')).toBe(true);
      });
      expect((await opened.text('#definition')).length).toBeGreaterThan(20);
      const box = await opened.page.locator('#definition').boundingBox();
      expect(box?.x).toBeGreaterThanOrEqual(0);
      expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(width);
    }
    await opened.page.tap('#types-heading');
    expect(await opened.page.isVisible('#definition')).toBe(false);
  });
});

it('by touch the last events go on where a finger was', async () => {
  opened = await bench.open(live, { hasTouch: true, isMobile: true, viewport: { width: 390, height: 844 } });
  await opened.shows(step(1, 'sessions'), '48,263');
  await opened.page.locator('#events tbody tr').first().scrollIntoViewIfNeeded();
  await opened.page.tap('#events-heading');
  const at = Date.now();
  live.view.observe({ at, commitMs: 1, settled: [stored({ event_timestamp: at, session_id: 'newer' })] });
  live.tick();
  await opened.shows('#events tbody tr:first-child [data-value="session"]', 'newer');
  await opened.shows('#events-order', 'newest first');
});

/**
 * Of a hundred pixels of each element, those that stand out from the card's ground by 3 : 1 (WCAG): in one picture of
 * the whole page, read on a blank page of the same browser.
 */
async function standingOut(selectors: readonly string[]): Promise<readonly number[]> {
  const boxes =
    await opened.page.evaluate(`${JSON.stringify(['#funnel .ctl', ...selectors])}.map((selector) => {
    const { left, top, width, height } = document.querySelector(selector).getBoundingClientRect();
    return [left + scrollX, top + scrollY, Math.max(1, width), Math.max(1, height)].map(Math.round);
  })`);
  const picture = await opened.page.screenshot({ fullPage: true });
  const paper = await opened.page.context().newPage();
  try {
    return await paper.evaluate<readonly number[]>(`(async () => {
      const image = new Image();
      image.src = 'data:image/png;base64,${picture.toString('base64')}';
      await image.decode();
      const canvas = document.createElement('canvas');
      canvas.width = image.width;
      canvas.height = image.height;
      const context = canvas.getContext('2d');
      context.drawImage(image, 0, 0);
      const linear = (value) => (value <= 10 ? value / 3294 : ((value / 255 + 0.055) / 1.055) ** 2.4);
      const lights = ([x, y, width, height]) => {
        const { data } = context.getImageData(x, y, width, height);
        return Array.from({ length: width * height }, (_, i) =>
          0.2126 * linear(data[4 * i]) + 0.7152 * linear(data[4 * i + 1]) + 0.0722 * linear(data[4 * i + 2]));
      };
      const [card, ...boxes] = ${JSON.stringify(boxes)};
      const ground = lights(card)[0] + 0.05;
      return boxes.map((box) => {
        const seen = lights(box).map((one) => one + 0.05);
        return (100 * seen.filter((one) => Math.max(one, ground) / Math.min(one, ground) >= 3).length) / seen.length;
      });
    })()`);
  } finally {
    await paper.close();
  }
}

describe.each(['light', 'dark'] as const)('in the system’s own colours, %s', (colorScheme) => {
  beforeEach(async () => {
    opened = await bench.open(live, { forcedColors: 'active', colorScheme });
    await opened.shows(step(1, 'sessions'), '48,263');
    await opened.shows('#data-notice-word', 'Revised');
    await opened.shows('[data-source="rabbitmq"] [data-value="per-second"]', /^\d+\.\d\d$/);
  });

  it('nothing is invisible', async () => {
    // another theme, chosen before: the system's ground goes before it
    const other = colorScheme === 'light' ? 'dark' : 'light';
    while (!(await opened.page.getAttribute('#theme', 'aria-label'))?.endsWith(other)) {
      await opened.page.keyboard.press('t');
    }
    await shot(`forced-${colorScheme}`);
    const least = {
      '.mark': 10,
      '#state-dot': 30,
      '#theme svg': 10,
      '#conversion': 5,
      '#in-time': 5,
      '.sw.c': 80,
      '.sw.t': 20,
      '.sw.d': 20,
      '[data-step="2"] .bar .c': 90,
      // thin strokes, smoothed, in a part of 23 px
      '[data-step="2"] .bar .t': 5,
      '[data-step="2"] .bar .d': 1,
      '[data-def="late"]': 5,
      '[data-opens="definitions"]': 5,
      '#data-notice-word': 5,
      '#trend': 0.1,
      '[data-type="page_view"] .chart': 1,
      '#sources-chart': 1,
      '[data-source="rabbitmq"] [data-value="source"]': 3,
      '#events-order': 5,
    };
    const found = await standingOut(Object.keys(least));
    const invisible = Object.entries(least).flatMap(([selector, percent], i) =>
      (found[i] ?? 0) < percent ? [`${selector}: ${found[i]?.toFixed(2)} of ${percent}`] : [],
    );
    expect(invisible).toEqual([]);
  });
});
