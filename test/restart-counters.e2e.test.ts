import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { SnapshotFrame } from '../live-dashboard/frames.ts';
import { type Broker, startBroker } from './support/broker.ts';
import { eventually } from './support/eventually.ts';
import { brokerNames } from './support/faulty-setup.ts';
import {
  cleanUp,
  collectorKey,
  createDataDir,
  type PipelineProcess,
  startPipeline,
} from './support/pipeline-process.ts';

/** Counters of what leaves a row are those of the rows: a killed process takes none of them with it. */
let broker: Broker;
beforeAll(async () => {
  broker = await startBroker();
});
afterEach(cleanUp);
afterAll(() => broker.dispose());

const live = async (running: PipelineProcess): Promise<SnapshotFrame> =>
  (await (await fetch(`${running.dashboardUrl}/api/live`)).json()) as SnapshotFrame;

async function post(
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<number> {
  const sent = typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: sent,
  });
  await answer.text();
  return answer.status;
}

/** What of a frame must not change: natural duplicates leave no row. */
function ofRows({ counters, deadLetterMinutes, sources, newestEvent, rates }: SnapshotFrame) {
  const sums = (lines: Readonly<Record<string, readonly number[]>>) =>
    Object.fromEntries(
      Object.entries(lines).map(([name, values]) => [
        name,
        Math.round(values.reduce((sum, value) => sum + value, 0) * rates.groupSeconds),
      ]),
    );
  return {
    counters: Object.values(counters).map(({ natural: _, bySource, ...rest }) => ({
      ...rest,
      bySource: bySource.map(({ natural: __, ...one }) => one),
    })),
    deadLetterMinutes,
    watermarks: sources.map(({ source, watermark }) => [source, watermark]),
    newestEvent,
    byType: sums(rates.byType),
    bySource: sums(rates.bySource),
  };
}

const ago = (ms: number): string => new Date(Date.now() - ms).toISOString();

async function sendOfEverything(running: PipelineProcess): Promise<void> {
  const page = { session_id: 's-1', page_url: '/products/cinnamon' };
  const track = `${running.trackingUrl}/track`;
  const key = { 'x-analytics-key': collectorKey };
  const id = randomUUID();
  expect(await post(`${track}/page_view`, { ...page, event_id: id })).toBe(202);
  expect(await post(`${track}/add_to_cart`, { ...page, product_id: 'cinnamon' })).toBe(202);
  // behind a proxy, by a crawler
  const crawler = { 'user-agent': 'Googlebot/2.1', 'x-forwarded-for': '203.0.113.9' };
  for (let i = 0; i < 3; i++) expect(await post(`${track}/page_view`, page, crawler)).toBe(202);
  // a day and a half old
  const old = { event_type: 'page_view', ...page, session_id: 's-2', event_timestamp: ago(36 * 3_600_000) };
  expect(await post(`${running.collectorUrl}/events`, old, key)).toBe(202);
  const query = { event_type: 'db_query_perf', service: 'order-service', execution_time_ms: 3 };
  expect(await post(`${running.collectorUrl}/events`, query, key)).toBe(202);
  // broken in several ways, one of them twice
  const noProduct = { ...page, event_id: randomUUID() };
  for (let i = 0; i < 2; i++) expect(await post(`${track}/add_to_cart`, noProduct)).toBe(422);
  expect(await post(track, '{"broken')).toBe(400);
  expect(await post(`${running.collectorUrl}/events`, { event_type: 'of my own' }, key)).toBe(422);
  const unpaid = { eventType: 'order.paid', service: 'order-service' };
  expect(await post(`${running.collectorUrl}/events`, unpaid, key)).toBe(422);
  // again: the same, and the same id with other content
  const direct = { ...page, event_id: id };
  await post(`${track}/page_view`, direct);
  await post(`${track}/page_view`, { ...direct, page_url: '/other' });
}

test('after kill -9 the page counts what it counted before', async () => {
  const dataDir = await createDataDir();
  const { env } = await brokerNames(broker, 'restart');
  let running = await startPipeline({ dataDir, env });
  await sendOfEverything(running);
  await eventually(
    async () => {
      const { counters, rates } = await live(running);
      expect(counters['15m']).toMatchObject({ natural: 2, synthetic: 1, late: 1, deadLetters: 5, bots: 3 });
      // all of them stand in whole groups of five seconds
      expect(rates.byType.other?.some((value) => value > 0)).toBe(true);
      expect(ofRows(await live(running)).byType).toEqual({ page_view: 2, add_to_cart: 1, other: 1 });
    },
    { timeoutMs: 20_000 },
  );
  const before = await live(running);
  expect(before.newestBot).toBe('Googlebot/2.1');
  expect(before.counters['15m'].deadLettersByReason).toContainEqual({
    reason: 'event_id_conflict',
    count: 1,
  });
  const concerned = before.deadLetterMinutes.flatMap(({ reasons }) =>
    reasons.map(({ concerns }) => concerns),
  );
  expect(concerned).toEqual(
    expect.arrayContaining(['add_to_cart', 'order_paid', 'page_view', 'other', null]),
  );

  running.kill('SIGKILL');
  await running.exited;
  running = await startPipeline({ dataDir, env });
  const after = await live(running);
  expect(ofRows(after)).toEqual(ofRows(before));
  expect(after.counters['15m'].natural).toBe(0);
  expect(after.countersSince).toBeGreaterThan(before.countersSince);

  // and they go on from there
  const page = { session_id: 's-3', page_url: '/' };
  expect(await post(`${running.trackingUrl}/track`, { event_type: 'click', ...page })).toBe(422);
  await eventually(async () => expect((await live(running)).counters['24h'].deadLetters).toBe(6));
}, 90_000);
