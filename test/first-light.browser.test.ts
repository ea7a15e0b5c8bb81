import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from './support/eventually.ts';
import {
  cleanUp,
  collectorKey,
  createDataDir,
  type PipelineProcess,
  startPipeline,
} from './support/pipeline-process.ts';

/**
 * What a newcomer does: starts the process, opens the page, pastes the README's curl lines, and sees the funnel
 * move. The numbers are read from the page.
 */

let browser: Browser;
let dataDir: string;
let running: PipelineProcess;

beforeAll(async () => {
  dataDir = await createDataDir();
  running = await startPipeline({ dataDir });
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
});
afterAll(async () => {
  await browser?.close();
  await cleanUp();
});

async function openPage(): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
  await page.goto(running.dashboardUrl);
  return page;
}

const sessions = async (page: Page): Promise<readonly string[]> =>
  Promise.all(
    [1, 2, 3, 4].map(async (step) =>
      ((await page.textContent(`[data-step="${step}"] [data-value="sessions"]`)) ?? '').trim(),
    ),
  );

/** The README's bash lines, aimed at the ports of this test. */
async function curlLines(): Promise<readonly string[]> {
  const readme = await readFile(resolve(import.meta.dirname, '../README.md'), 'utf8');
  return [...readme.matchAll(/^curl .*$/gm)].map(([line]) =>
    line
      .replace('http://127.0.0.1:9000', running.trackingUrl)
      .replace('http://127.0.0.1:8000', running.collectorUrl),
  );
}

const paste = async (line: string): Promise<unknown> => {
  const env = { ...process.env, ANALYTICS_API_KEY: collectorKey };
  return JSON.parse((await promisify(execFile)('bash', ['-c', line], { env })).stdout);
};

test('the README’s curl lines move the funnel on the page, step by step, and it stands after a restart', async () => {
  const page = await openPage();
  await eventually(async () =>
    expect(await page.textContent('#empty-heading')).toContain('No event has arrived yet'),
  );
  expect(await sessions(page)).toEqual(['0', '0', '0', '0']);

  const lines = await curlLines();
  expect(lines).toHaveLength(4);
  const after = [
    ['1', '0', '0', '0'],
    ['1', '1', '0', '0'],
    ['1', '1', '1', '0'],
    ['1', '1', '1', '1'],
  ];
  for (const [index, line] of lines.entries()) {
    expect(await paste(line)).toMatchObject(index < 3 ? { ok: true, status: 'stored' } : { accepted: 1 });
    await eventually(async () => expect(await sessions(page)).toEqual(after[index]));
  }
  await eventually(async () => expect((await page.textContent('#revenue')) ?? '').toContain('1,500'));
  expect((await page.textContent('#conversion'))?.trim()).toBe('100%');

  await running.stop();
  running = await startPipeline({ dataDir });
  const again = await openPage();
  await eventually(async () => expect(await sessions(again)).toEqual(after[3]));
  expect(await running.sql('select count(*), count(distinct event_id) from bronze.tracked_events')).toEqual([
    [3, 3],
  ]);
});
