import { afterEach, expect, test } from 'vitest';
import { eventually } from './support/eventually.ts';
import { moreAnswers, stopAndJudge, told } from './support/faulty-setup.ts';
import { createHttpClient, pause } from './support/http-client.ts';
import { inspect } from './support/inspector.ts';
import { createLedger } from './support/ledger.ts';
import { type LoadEvent, trackEvent } from './support/load-events.ts';
import { recordBatch } from './support/load-http.ts';
import { cleanUp, startPipeline } from './support/pipeline-process.ts';
import { createRandom } from './support/random.ts';

afterEach(cleanUp);

/** Each of 64 connections sends batches of 200: more than twice what may be in flight (commit-protocol.md 18). */
const connections = 64;
const batchSize = 200;
/** a fixed set of ids, far more than the cache holds, so that most of what comes is old and must be looked up */
const poolSize = 20_000;

test('rule 18: a flood beyond its means is answered 503, every 202 is in Bronze once, and memory stays flat', {
  timeout: 240_000,
}, async () => {
  const running = await startPipeline({
    env: { FINGERPRINT_CACHE_SIZE: '2000' },
    nodeOptions: '--inspect=127.0.0.1:0',
  });
  const inspector = await inspect(running);
  const random = createRandom(41);
  const ledger = createLedger();
  const client = createHttpClient(30_000);
  const pool: readonly LoadEvent[] = Array.from({ length: poolSize }, () => trackEvent(random));
  let stopping = false;
  let sent = 0;

  async function flood(own: ReturnType<typeof createRandom>): Promise<void> {
    while (!stopping) {
      const from = own.int(0, poolSize - batchSize);
      const events = pool.slice(from, from + batchSize);
      const answer = await client.post(
        `${running.trackingUrl}/track`,
        JSON.stringify(events.map(({ body }) => body)),
      );
      sent += 1;
      recordBatch(ledger, events, answer);
      // a refused sender comes back sooner than Retry-After asks for
      if (answer.kind !== 'answer' || answer.status === 503) await pause(own.int(100, 600));
    }
  }
  const flooding = Array.from({ length: connections }, () => flood(random.fork()));

  // the beginning is over when most of the pool has been there
  await moreAnswers(ledger, '202 batch', 150);
  const began = await inspector.memory();
  await moreAnswers(ledger, '202 batch', 200);
  stopping = true;
  await Promise.all(flooding);
  await eventually(async () => expect((await running.metrics()).value('kada_inflight_events')).toBe(0));
  const ended = await inspector.memory();
  inspector.close();
  client.close();

  expect(ledger.count('503 overloaded'), told(ledger)).toBeGreaterThan(20);
  const unclean = [...ledger.answers.keys()].filter(
    (what) => !/^202 |^503 (overloaded|outcome_unknown)$/.test(what),
  );
  expect(unclean, told(ledger)).toEqual([]);
  expect(sent).toBe(ledger.count('202') + ledger.count('503'));
  expect(ended.heapUsed + ended.external).toBeLessThan(1.2 * (began.heapUsed + began.external));
  await stopAndJudge(running, ledger);
});
