import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Broker, startBroker } from './support/broker.ts';
import { eventually } from './support/eventually.ts';
import { moreAnswers } from './support/faulty-setup.ts';
import { cleanUp } from './support/pipeline-process.ts';
import { createRandom } from './support/random.ts';
import { startTcpProxy, type TcpProxy } from './support/tcp-proxy.ts';
import { finish, startServices, startUnderLoad, type UnderLoad } from './support/under-load.ts';

/**
 * The network between the pipeline and its broker; the senders have their own way to both. Rules 8 to 10: /track
 * answers all the while, and what was promised on either side of the fault is in Bronze once.
 */
let broker: Broker;
let network: TcpProxy;
beforeAll(async () => {
  broker = await startBroker();
});
beforeEach(async () => {
  network = await startTcpProxy('127.0.0.1', broker.port);
});
afterEach(async () => {
  await cleanUp();
  await network.close();
});
afterAll(() => broker.dispose());

/** `heartbeat`: seconds; a silent connection is noticed after two of them. */
const start = (name: string, heartbeat = 60): Promise<UnderLoad> =>
  startUnderLoad(broker, name, {
    RABBITMQ_URL: `amqp://guest:guest@127.0.0.1:${network.port}/?heartbeat=${heartbeat}`,
  });

async function backToNormal({ ledger }: UnderLoad): Promise<void> {
  await moreAnswers(ledger, '202 published', 100);
  await moreAnswers(ledger, 'amqp confirmed', 50);
}

test('is cut under load, and comes back', { timeout: 240_000 }, async () => {
  const setup = await start('cut');
  const services = startServices(setup);
  await moreAnswers(setup.ledger, 'amqp confirmed', 50);
  network.cut();
  await moreAnswers(setup.ledger, '202 stored', 100);
  expect((await fetch(`${setup.running.dashboardUrl}/readyz`)).status).toBe(200);
  network.restore();
  await backToNormal(setup);
  await finish(setup, broker, services);
});

test('delays everything by two seconds each way: /track goes direct, and nothing is lost or doubled', {
  timeout: 240_000,
}, async () => {
  const setup = await start('slow');
  const services = startServices(setup);
  await moreAnswers(setup.ledger, 'amqp confirmed', 50);
  network.delayBy(2_000);
  await moreAnswers(setup.ledger, '202 stored', 50);
  await moreAnswers(setup.ledger, 'amqp confirmed', 100);
  network.delayBy(0);
  await backToNormal(setup);
  await finish(setup, broker, services);
});

test('is half-open: nobody is told, the heartbeat notices, and all comes together', {
  timeout: 240_000,
}, async () => {
  const setup = await start('halfopen', 2);
  const services = startServices(setup);
  await moreAnswers(setup.ledger, 'amqp confirmed', 50);
  network.silence();
  await moreAnswers(setup.ledger, '202 stored', 50);
  network.restore();
  // the old connections stay silent: only new ones can have brought this
  await backToNormal(setup);
  await finish(setup, broker, services);
});

test('resets every connection, ten times, at any moment under load', { timeout: 240_000 }, async () => {
  const setup = await start('reset');
  const services = startServices(setup);
  const random = createRandom(Number(process.env.TEST_SEED ?? 4_703));
  for (let times = 0; times < 10; times += 1) {
    await eventually(() => expect(network.open().length).toBeGreaterThan(0), { everyMs: 1 });
    await moreAnswers(setup.ledger, '202', random.int(1, 60));
    network.reset();
  }
  await backToNormal(setup);
  await finish(setup, broker, services);
});
