import axe from 'axe-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  createPageBench,
  livelyDashboard,
  type OpenedPage,
  type PageBench,
  step,
} from './support/live-page.ts';
import { type ScriptedDashboard, startScriptedDashboard } from './support/scripted-dashboard.ts';

let bench: PageBench;
let live: ScriptedDashboard;
let opened: OpenedPage;

beforeAll(async () => {
  bench = await createPageBench();
});
afterAll(() => bench.close());
afterEach(async () => {
  await opened.close();
  await live.dashboard.close();
});

describe('accessibility', () => {
  // the page's policy would not let axe in: only here it is set aside
  const audit = async (): Promise<readonly string[]> => {
    await opened.page.evaluate(axe.source);
    const found = await opened.page.evaluate<readonly { id: string; impact: string; where: string }[]>(
      `axe.run().then(({ violations }) => violations.map(({ id, impact, nodes }) => ({ id, impact, where: nodes.map((node) => node.target.join(' ')).join(', ') })))`,
    );
    return found
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, where }) => `${id}: ${where}`);
  };

  it.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 390],
    ['dark', 320],
  ] as const)('has no serious finding in %s at %i px', async (colorScheme, width) => {
    live = await livelyDashboard(bench.webRoot);
    opened = await bench.open(live, { colorScheme, bypassCSP: true, viewport: { width, height: 720 } });
    await opened.shows(step(1, 'sessions'), '48,263');
    expect(await audit()).toEqual([]);
    await opened.page.keyboard.press('?');
    expect(await audit()).toEqual([]);
  });

  it.each(['empty', 'stale'] as const)('has no serious finding when %s', async (state) => {
    live = await (state === 'empty' ? startScriptedDashboard(bench.webRoot) : livelyDashboard(bench.webRoot));
    opened = await bench.open(live, { bypassCSP: true });
    await opened.shows('#state-word', 'Live');
    if (state === 'stale') {
      await live.dashboard.close();
      await opened.shows('#state-word', 'Reconnecting');
    }
    expect(await audit()).toEqual([]);
  });
});
