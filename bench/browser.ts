import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { chromium, type Page } from 'playwright-core';
import { eventually } from '../test/support/eventually.ts';
import { startPipeline } from '../test/support/pipeline-process.ts';
import { startPacedPosts } from './paced-posts.ts';
import { alone, type Bench, percentile } from './table.ts';

const perSecond = 1_000;
const connections = 64;
const warmUpMs = 4_000;
const roundMs = 15_000;

/** From the POST to the number on the page, in Chromium, with everything between them real. */
export const eventToBrowser: Bench = {
  name: 'event to browser',
  async run(options) {
    const own = await startPipeline({});
    const browser = await chromium.launch({
      executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    });
    try {
      const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
      await page.goto(own.dashboardUrl);
      // a first event, so that the steps stand there and can be watched
      await post(`${own.trackingUrl}/track`);
      await eventually(async () => {
        if ((await page.textContent(count)) !== '1')
          throw new Error('the page does not show the first event');
      });
      await watch(page);
      let before = 1;
      const measured = await alone(options, async () => {
        const { sentAt, painted } = await round(page, `${own.trackingUrl}/track`, before);
        const latencies = latenciesOf(sentAt, painted, before);
        before += sentAt.length;
        return {
          ours: percentile(latencies, 0.95),
          details: {
            p50: percentile(latencies, 0.5),
            p99: percentile(latencies, 0.99),
            'events/s': sentAt.length / ((warmUpMs + roundMs) / 1_000),
          },
        };
      });
      return {
        name: this.name,
        what: 'p95 from a POST to /track until Chromium has painted the number that counts it, at 1,000 a second',
        unit: 'ms',
        ...measured,
      };
    } finally {
      await browser.close();
      await own.stop();
    }
  },
};

/** Sessions that entered: each event here is one. */
const count = '[data-step="1"] [data-value="sessions"]';

interface Painted {
  /** ms since 1970 */
  readonly at: number;
  readonly count: number;
}

async function round(page: Page, url: string, before: number) {
  const posts = await startPacedPosts({ url, perSecond, connections, body: pageView });
  await delay(warmUpMs + roundMs);
  await posts.stop();
  const { sentAt } = posts;
  const painted: Painted[] = [];
  await eventually(async () => {
    painted.push(...(await page.evaluate<Painted[]>('window.painted.splice(0)')));
    const shown = painted.at(-1)?.count ?? 0;
    if (shown < before + sentAt.length) throw new Error(`${shown} of ${before + sentAt.length} are shown`);
  });
  return { sentAt, painted };
}

/** Notes what the number says after each paint in which it changed. */
async function watch(page: Page): Promise<void> {
  await page.evaluate(`(() => {
    window.painted = [];
    const element = document.querySelector('${count}');
    const afterPaint = new MessageChannel();
    afterPaint.port1.onmessage = () =>
      window.painted.push({ at: Date.now(), count: Number(element.textContent.replaceAll(',', '')) });
    // the page writes in an animation frame; a message is taken up when that frame is painted
    new MutationObserver(() => afterPaint.port2.postMessage(0)).observe(element, {
      childList: true, characterData: true, subtree: true,
    });
  })()`);
}

/**
 * Events are taken to be counted in the order in which they were sent: a few on other connections may overtake one
 * another, by less than an answer takes.
 */
function latenciesOf(sentAt: readonly number[], painted: readonly Painted[], before: number): number[] {
  const latencies: number[] = [];
  let next = 0;
  for (const { at, count: shown } of painted) {
    for (; next < sentAt.length && before + next < shown; next += 1)
      latencies.push(at - (sentAt[next] ?? at));
  }
  if (next < sentAt.length) throw new Error(`${next} of ${sentAt.length} events were painted`);
  return latencies.slice((perSecond * warmUpMs) / 1_000);
}

const pageView = (): string =>
  JSON.stringify({
    event_type: 'page_view',
    event_id: randomUUID(),
    event_timestamp: new Date().toISOString(),
    session_id: randomUUID(),
    page_url: 'http://localhost:3000/products/c0ffee00-0000-4000-8000-0000000000c1',
  });

async function post(url: string): Promise<void> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: pageView(),
  });
  if (answer.status !== 202) throw new Error(`the first event was answered ${answer.status}`);
  await answer.arrayBuffer();
}
