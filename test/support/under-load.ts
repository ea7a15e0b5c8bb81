import { expect } from 'vitest';
import type { Broker } from './broker.ts';
import { type BrokerNames, brokerNames, moreAnswers, stopAndJudge, told } from './faulty-setup.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { type AmqpLoad, startAmqpLoad } from './load-amqp.ts';
import { type Load, startHttpLoad } from './load-http.ts';
import { type PipelineProcess, startPipeline } from './pipeline-process.ts';
import { createRandom } from './random.ts';

/** A pipeline with a broker, and senders over HTTP that it has begun to promise things to. */
export interface UnderLoad extends BrokerNames {
  /** the broker's own, whatever the pipeline was given */
  readonly brokerUrl: string;
  readonly running: PipelineProcess;
  readonly ledger: Ledger;
  readonly load: Load;
}

/** `env` may name another way to the broker than its own URL. */
export async function startUnderLoad(
  broker: Broker,
  test: string,
  env: Readonly<Record<string, string>> = {},
): Promise<UnderLoad> {
  const names = await brokerNames(broker, test);
  const running = await startPipeline({ env: { ...names.env, ...env } });
  const ledger = createLedger();
  const load = startHttpLoad({ random: createRandom(test.length), ledger, target: () => running });
  await moreAnswers(ledger, '202 published', 50);
  return { ...names, brokerUrl: broker.url, running, ledger, load };
}

/** The shop's services beside it, on their own way to the broker. */
export const startServices = ({ exchange, ledger, brokerUrl }: UnderLoad): AmqpLoad =>
  startAmqpLoad({ random: createRandom(7), ledger, url: brokerUrl, exchange });

/** No answer of the kind that a sender cannot do anything about, and none missing. */
function expectCleanAnswers(ledger: Ledger): void {
  const unclean = [...ledger.answers.keys()].filter((what) => !/^(202|400|409|422|amqp) /.test(what));
  expect(unclean, told(ledger)).toEqual([]);
}

export async function finish(
  { running, ledger, load, queue }: Omit<UnderLoad, 'brokerUrl'>,
  broker: Broker,
  services?: Load,
): Promise<void> {
  await Promise.all([load.stop(), services?.stop()]);
  await stopAndJudge(running, ledger, { broker, queue });
  expectCleanAnswers(ledger);
}
