import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Broker, startBroker } from './support/broker.ts';
import { eventually } from './support/eventually.ts';
import { brokerNames, moreAnswers, stopAndJudge, told } from './support/faulty-setup.ts';
import { createLedger, type Ledger } from './support/ledger.ts';
import { startAmqpLoad } from './support/load-amqp.ts';
import { startHttpLoad } from './support/load-http.ts';
import { cleanUp, createDataDir, type PipelineProcess, startPipeline } from './support/pipeline-process.ts';
import { createRandom } from './support/random.ts';

/** commit-protocol.md 14: stop in order, within the deadline, with nothing lost and every refusal told. */
let broker: Broker;
beforeAll(async () => {
  broker = await startBroker();
});
afterEach(cleanUp);
afterAll(() => broker.dispose());

/** What a sender may see of a stop: answers, a refusal that says why, or a closed door. */
const clean = /^(202|400|409|422|amqp) |^503 stopping$|^ECONNREFUSED$|^ECONNRESET$|^EPIPE$|hang up/;
function expectCleanStops(ledger: Ledger): void {
  expect(
    [...ledger.answers.keys()].filter((what) => !clean.test(what)),
    told(ledger),
  ).toEqual([]);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('rule 14: SIGTERM to node under mixed load, three times: exit 0, senders are told, nothing is lost', async () => {
  const dataDir = await createDataDir();
  const { exchange, queue, env } = await brokerNames(broker, 'sigterm');
  const random = createRandom(17);
  const ledger = createLedger();
  let current: PipelineProcess | undefined;
  const http = startHttpLoad({ random: random.fork(), ledger, target: () => current, singles: 16 });
  const amqp = startAmqpLoad({ random: random.fork(), ledger, url: broker.url, exchange });
  for (let times = 0; times < 3; times++) {
    const running = await startPipeline({
      dataDir,
      env: { ...env, TRACKING_TRANSPORT: times === 1 ? 'direct' : 'auto' },
    });
    current = running;
    await moreAnswers(ledger, '202', 200);
    await moreAnswers(ledger, 'amqp confirmed', 50);
    running.kill('SIGTERM');
    expect(await running.exited, running.output().slice(-2_000)).toEqual({ code: 0, signal: null });
    current = undefined;
  }
  const last = await startPipeline({ dataDir, env });
  current = last;
  await Promise.all([http.stop(), amqp.stop()]);
  await stopAndJudge(last, ledger, { broker, queue });
  expectCleanStops(ledger);
});

test('rule 14: SIGTERM to npm under load: the pipeline below it stops in order and lets go of the warehouse', async () => {
  const { exchange, queue, env } = await brokerNames(broker, 'npm');
  const random = createRandom(19);
  const ledger = createLedger();
  const running = await startPipeline({ env, via: 'npm' });
  expect(running.pipelinePid).not.toBe(running.pid);
  let current: PipelineProcess | undefined = running;
  const http = startHttpLoad({ random: random.fork(), ledger, target: () => current });
  const amqp = startAmqpLoad({ random: random.fork(), ledger, url: broker.url, exchange });
  await moreAnswers(ledger, '202', 200);
  await moreAnswers(ledger, 'amqp confirmed', 50);

  running.kill('SIGTERM');
  await running.exited;
  await eventually(() => expect(isAlive(running.pipelinePid)).toBe(false));
  current = undefined;
  expect(running.logs.map(({ msg }) => msg)).toContain('stopped');
  expect(running.output()).not.toContain('KADA_STOP_DEADLINE');

  const next = await startPipeline({ dataDir: running.dataDir, env });
  current = next;
  await Promise.all([http.stop(), amqp.stop()]);
  await stopAndJudge(next, ledger, { broker, queue });
  expectCleanStops(ledger);
});
