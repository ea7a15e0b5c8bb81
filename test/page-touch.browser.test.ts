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
