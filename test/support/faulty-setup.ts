import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { Broker } from './broker.ts';
import { eventually } from './eventually.ts';
import type { Ledger } from './ledger.ts';
import { expectLiveEqualsRecount } from './live-equality.ts';
import type { PipelineProcess } from './pipeline-process.ts';
import { judge, type Verdict } from './verdict.ts';

export interface BrokerNames {
  readonly exchange: string;
  readonly queue: string;
  /** the settings by which a pipeline uses them */
  readonly env: Readonly<Record<string, string>>;
}

/** An exchange and a queue that no other test of the file uses; the exchange is there already. */
export async function brokerNames(broker: Broker, test: string): Promise<BrokerNames> {
  const name = `${test}-${randomUUID().slice(0, 8)}`;
  const exchange = `${name}.events`;
  const queue = `${name}.analytics`;
  await broker.declareExchange(exchange);
  const env = {
    RABBITMQ_URL: broker.url,
    RABBITMQ_EXCHANGE: exchange,
    RABBITMQ_QUEUE: queue,
    RABBITMQ_PREFETCH: '200',
  };
  return { exchange, queue, env };
}

/** Resolves when the queue is empty and the process holds nothing more, seen twice in a row. */
export async function drained(running: PipelineProcess, broker: Broker, queue: string): Promise<void> {
  let quiet = 0;
  await eventually(
    async () => {
      const messages = (await broker.queue(queue))?.messages;
      const inFlight = (await running.metrics()).value('kada_inflight_events');
      quiet = messages === 0 && inFlight === 0 ? quiet + 1 : 0;
      if (quiet < 2) throw new Error(`${messages} messages in the queue, ${inFlight} events in flight`);
    },
    { timeoutMs: 120_000, everyMs: 50 },
  );
}

/**
 * Demands that the page shows what a recount of Bronze counts; stops in order; demands that every promise was kept
 * and, with a broker, that nothing is left in the queue.
 */
export async function stopAndJudge(
  running: PipelineProcess,
  ledger: Ledger,
  left?: { readonly broker: Broker; readonly queue: string },
): Promise<Verdict> {
  if (left !== undefined) await drained(running, left.broker, left.queue);
  await expectLiveEqualsRecount(running);
  expect(await running.stop(), running.output().slice(-2_000)).toEqual({ code: 0, signal: null });
  if (left !== undefined) expect((await left.broker.queue(left.queue))?.messages).toBe(0);
  const verdict = await judge(running.dataDir, ledger);
  expect(verdict.problems).toEqual([]);
  return verdict;
}

/** Waits until the ledger has `more` answers than now that begin so. */
export async function moreAnswers(ledger: Ledger, prefix: string, more: number): Promise<void> {
  const before = ledger.count(prefix);
  await eventually(
    () => {
      if (ledger.count(prefix) < before + more) {
        throw new Error(`${ledger.count(prefix) - before} of ${more} answers "${prefix}": ${told(ledger)}`);
      }
    },
    { timeoutMs: 120_000 },
  );
}

/** All answers so far, for messages. */
export const told = (ledger: Ledger): string => JSON.stringify(Object.fromEntries(ledger.answers));
