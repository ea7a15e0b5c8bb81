import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import type { StepCounts } from '../../live-dashboard/frames.ts';
import { builtPage } from './built-page.ts';
import { eventually } from './eventually.ts';
import { stored } from './live-events.ts';
import { type ScriptedDashboard, startScriptedDashboard } from './scripted-dashboard.ts';

export const counts = (
  sessions: number,
  stillInTime: number,
  dropped: number,
  medianSeconds: number | null = null,
  p90Seconds: number | null = medianSeconds,
): StepCounts => ({ sessions, stillInTime, dropped, medianSeconds, p90Seconds });

/** The counts of the design's picture. */
export const designedDay: readonly StepCounts[] = [
  counts(48_263, 0, 0),
  counts(8_394, 3_315, 36_554, 127, 381),
  counts(3_807, 401, 4_186, 94, 200),
  counts(2_349, 122, 1_336, 71, 180),
];

/** Chromium with the page built once, and pages of it that listen for what must not happen. */
export interface PageBench {
  readonly webRoot: string;
  open(
    live: Pick<ScriptedDashboard, 'url'>,
    options?: BrowserContextOptions & { readonly path?: string },
  ): Promise<OpenedPage>;
  close(): Promise<void>;
}

export interface OpenedPage {
  readonly page: Page;
  /** requests to another origin */
  readonly foreign: readonly string[];
  /** errors and warnings of the console, CSP violations among them */
  readonly complaints: readonly string[];
  text(selector: string): Promise<string>;
  shows(selector: string, text: string | RegExp): Promise<void>;
  close(): Promise<void>;
}

export async function createPageBench(): Promise<PageBench> {
  const webRoot = await builtPage();
  const browser: Browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
  return {
    webRoot,
    async open(live, { path = '', ...options } = {}) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, ...options });
      const page = await context.newPage();
      const foreign: string[] = [];
      const complaints: string[] = [];
      page.on('request', (request) => {
        const { origin, protocol } = new URL(request.url());
        if (origin !== live.url && protocol !== 'data:') foreign.push(request.url());
      });
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(String(error)));
      await page.goto(`${live.url}/${path}`);
      const text = async (selector: string): Promise<string> =>
        ((await page.textContent(selector)) ?? '').trim();
      return {
        page,
        foreign,
        complaints,
        text,
        shows: (selector, wanted) =>
          eventually(
            async () => {
              const found = await text(selector);
              if (typeof wanted === 'string') assert.equal(found, wanted);
              else assert.match(found, wanted);
            },
            { timeoutMs: 15_000 },
          ),
        close: () => context.close(),
      };
    },
    async close() {
      await browser.close();
      await rm(webRoot, { recursive: true });
    },
  };
}

/** A dashboard to which one event came, with these counts in its longest window. */
export async function livelyDashboard(
  webRoot: string,
  day: readonly StepCounts[] = designedDay,
  port = 0,
): Promise<ScriptedDashboard> {
  const live = await startScriptedDashboard(webRoot, port);
  live.view.observe({ at: Date.now(), commitMs: 8, settled: [stored({ event_timestamp: Date.now() })] });
  live.fold.setCounts('purchase', 1440, day);
  return live;
}

export const step = (number: number, value: string): string =>
  `[data-step="${number}"] [data-value="${value}"]`;
