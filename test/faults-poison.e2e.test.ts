import { connect } from 'amqplib';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Broker, startBroker } from './support/broker.ts';
import { eventually } from './support/eventually.ts';
import { brokerNames, drained } from './support/faulty-setup.ts';
import { createHttpClient, type HttpAnswer } from './support/http-client.ts';
import { inspect } from './support/inspector.ts';
import { expectLiveEqualsRecount } from './support/live-equality.ts';
import { cleanUp, collectorKey, startPipeline } from './support/pipeline-process.ts';
import { type Poison, poison } from './support/poison.ts';

/** Whatever is sent by whichever entrance: a clear answer, something kept or counted, and the process as before. */
let broker: Broker;
beforeAll(async () => {
  broker = await startBroker();
});
afterEach(cleanUp);
afterAll(() => broker.dispose());

/** `npm run test:faults` sends 100,000 */
const bodies = Number(process.env.FAULTS_POISON ?? 2_500);
const seed = Number(process.env.TEST_SEED ?? 6_101);
const atOnce = 32;
const roundOf = 500;

test(`${bodies} poison bodies over HTTP and AMQP (seed ${seed}): no 5xx, nothing lost, no growth`, {
  timeout: 120_000 + bodies * 60,
}, async () => {
  const { exchange, queue, env } = await brokerNames(broker, 'poison');
  const running = await startPipeline({
    // caches that are soon full, so that what grows is a leak
    env: {
      ...env,
      TRACKING_TRANSPORT: 'direct',
      FINGERPRINT_CACHE_SIZE: '500',
      // a machine that stands still for a moment is no fault of the bodies
      HTTP_COMMIT_TIMEOUT_MS: '60000',
    },
    nodeOptions: '--inspect=127.0.0.1:0',
  });
  const inspector = await inspect(running);
  const client = createHttpClient(60_000);
  const connection = await connect(broker.url);
  connection.on('error', () => {});
  const channel = await connection.createConfirmChannel();
  const surprises: string[] = [];
  const statuses = new Map<number, number>();
  let kept = 0;
  let published = 0;

  async function send(one: Poison): Promise<void> {
    if (one.road === 'amqp') {
      published += 1;
      const { routingKey, messageId, contentType, headers } = one;
      channel.publish(exchange, routingKey, one.body, {
        persistent: true,
        headers,
        ...(messageId === undefined ? {} : { messageId }),
        ...(contentType === undefined ? {} : { contentType }),
      });
      return;
    }
    const base = one.door === 'tracking' ? running.trackingUrl : running.collectorUrl;
    const answer = await client.post(`${base}${one.path}`, one.body, {
      'content-type': one.contentType,
      'x-analytics-key': collectorKey,
    });
    const status = answer.kind === 'answer' ? answer.status : 0;
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    const keeps = keptBy(answer);
    if (keeps === undefined)
      surprises.push(`${told(answer)} for ${one.path} ${one.body.toString('base64').slice(0, 2_000)}`);
    else kept += keeps;
  }

  async function sendRound(round: number, count: number): Promise<void> {
    const todo = [...fc.sample(poison, { seed: seed + round, numRuns: count })];
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        for (let one = todo.pop(); one !== undefined; one = todo.pop()) await send(one);
      }),
    );
    await channel.waitForConfirms();
  }

  const rounds = Math.ceil(bodies / roundOf);
  let before: number | undefined;
  for (let round = 0; round < rounds; round += 1) {
    if (round === Math.floor(rounds / 2)) before = await memory();
    await sendRound(round, Math.min(roundOf, bodies - round * roundOf));
    expect(surprises, `seed ${seed}, round ${round}`).toEqual([]);
    expect(running.hasExited(), running.output().slice(-2_000)).toBe(false);
  }

  async function memory(): Promise<number> {
    await drained(running, broker, queue);
    const { heapUsed, external } = await inspector.memory();
    return heapUsed + external;
  }
  const after = await memory();
  inspector.close();
  client.close();
  await connection.close();

  // every message of the queue and every event that an answer calls kept is a row, a duplicate or a letter
  await eventually(async () => {
    const metrics = await running.metrics();
    const ends =
      metrics.value('kada_events_stored_total') +
      metrics.value('kada_events_duplicate_total', { kind: 'natural' }) +
      metrics.value('kada_events_dead_lettered_total');
    expect(ends).toBe(kept + published);
    expect(metrics.value('kada_requests_refused_total', { reason: 'internal' })).toBe(0);
  });
  expect(published).toBeGreaterThan(bodies / 4);
  for (const status of [202, 400, 413, 415, 422])
    expect(statuses.get(status), String(status)).toBeGreaterThan(0);
  expect(after, `${before} bytes before the second half`).toBeLessThan(1.2 * (before ?? 0));
  expect(running.logs.filter(({ level }) => typeof level === 'number' && level >= 50)).toEqual([]);
  expect((await fetch(`${running.dashboardUrl}/readyz`)).status).toBe(200);
  await expectLiveEqualsRecount(running);
  expect(await running.stop()).toEqual({ code: 0, signal: null });
});

/** How many events an answer says are kept in Bronze or as dead letters, or were there; undefined: it must not come. */
function keptBy(answer: HttpAnswer): number | undefined {
  if (answer.kind !== 'answer') return undefined;
  const json = recordOf(answer.json);
  if (answer.status === 202) {
    if (!Array.isArray(json?.results)) return 1;
    return json.results.filter((result: unknown) => recordOf(result)?.status !== 'rejected').length;
  }
  if ([413, 415].includes(answer.status)) return 0;
  if (![400, 409, 422].includes(answer.status)) return undefined;
  const details = recordOf(recordOf(json?.error)?.details);
  return details?.kept === 'dead_letter' ? 1 : undefined;
}

const told = (answer: HttpAnswer): string =>
  answer.kind === 'answer'
    ? `${answer.status} ${answer.text.slice(0, 300)}`
    : `${answer.kind} ${answer.code}`;

const recordOf = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
