import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Broker, startBroker } from './support/broker.ts';
import { eventually } from './support/eventually.ts';
import { brokerNames, stopAndJudge } from './support/faulty-setup.ts';
import { pause } from './support/http-client.ts';
import { createLedger, type Ledger } from './support/ledger.ts';
import { startAmqpLoad } from './support/load-amqp.ts';
import { startHttpLoad } from './support/load-http.ts';
import { cleanUp, createDataDir, type PipelineProcess, startPipeline } from './support/pipeline-process.ts';
import { createRandom } from './support/random.ts';

/** The whole of commit-protocol.md under kill -9: what a client was promised is in Bronze, once. */
let broker: Broker;
beforeAll(async () => {
  broker = await startBroker();
});
afterEach(cleanUp);
afterAll(() => broker.dispose());

/** `npm run test:faults` has 100 */
const kills = Number(process.env.FAULTS_KILLS ?? 20);
const seed = Number(process.env.TEST_SEED ?? 8_501);

/** The kill's moment: by what was promised, not by the clock, so that a slow machine is under load as well. */
const somePromises = async (ledger: Ledger, count: number, kill: number): Promise<void> => {
  const before = ledger.count('202');
  await eventually(() => expect(ledger.count('202') - before, `kill ${kill}`).toBeGreaterThanOrEqual(count), {
    timeoutMs: 180_000,
    everyMs: 1,
  });
};

test(`${kills} SIGKILLs at random moments under mixed load over HTTP and RabbitMQ (seed ${seed}): every promise is kept once`, {
  timeout: 60_000 + kills * 60_000,
}, async () => {
  const random = createRandom(seed);
  const dataDir = await createDataDir();
  const { exchange, queue, env } = await brokerNames(broker, 'kill');
  const ledger = createLedger();
  let current: PipelineProcess | undefined;
  const http = startHttpLoad({ random: random.fork(), ledger, target: () => current });
  const amqp = startAmqpLoad({ random: random.fork(), ledger, url: broker.url, exchange, restMs: 4 });

  for (let n = 0; n < kills; n++) {
    // the roads in take turns, and one kill in four comes while the process still starts
    const TRACKING_TRANSPORT = n % 3 === 2 ? 'direct' : 'auto';
    const early = n % 4 === 3;
    const running = await startPipeline({
      dataDir,
      env: { ...env, TRACKING_TRANSPORT },
      until: early ? 'started' : 'ready',
    });
    if (early) {
      await eventually(() => expect(running.logs).not.toEqual([]), { timeoutMs: 120_000, everyMs: 5 });
      await pause(random.int(0, 300));
    } else {
      current = running;
      await somePromises(ledger, random.int(1, 80), n);
    }
    running.kill('SIGKILL');
    expect((await running.exited).signal, running.output().slice(-2_000)).toBe('SIGKILL');
    current = undefined;
  }

  const last = await startPipeline({ dataDir, env });
  current = last;
  await Promise.all([http.stop(), amqp.stop()]);
  const verdict = await stopAndJudge(last, ledger, { broker, queue });

  // it was a load, and the kills cut answers off
  expect(ledger.count('202')).toBeGreaterThan(300);
  expect(amqp.confirmed()).toBeGreaterThan(500);
  expect([...ledger.answers.keys()].filter((what) => /^E|hang up/.test(what))).not.toEqual([]);
  expect(ledger.count('500')).toBe(0);
  expect(verdict.rows).toBeGreaterThan(1_000);
});
