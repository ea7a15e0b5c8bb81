import { setTimeout as delay } from 'node:timers/promises';
import { KadaError } from '../../ingest/errors.ts';
import type { DeadLetterQueue } from '../../ingest/rabbitmq/dead-letter-queue.ts';
import type { DeadMessage } from '../../ingest/rabbitmq/dead-message.ts';
import { type DrainResult, mostLetters } from './results.ts';
import type { AskDesk } from './run-replay.ts';
import { createTally, type Tally } from './tally.ts';

export interface DrainPlan {
  /** messages, from the queue's head; undefined: as many as wait when it begins */
  readonly limit: number | undefined;
  readonly dryRun: boolean;
  /** messages a second; undefined: as fast as they go */
  readonly rate: number | undefined;
}

export interface DrainHooks {
  onProgress(done: number, total: number): void;
  readonly stopped: () => boolean;
}

/** bytes of bodies that are held at once */
const bytesAtOnce = 4 * 1_048_576;

/**
 * Empties the broker's dead-letter queue into the table. A message is acked when what became of it is committed, and not
 * before; a dry run acks none. Stopped or killed at any point it is simply run again: what is there already is known.
 */
export async function runDrain(
  queue: DeadLetterQueue,
  ask: AskDesk,
  plan: DrainPlan,
  hooks: DrainHooks,
): Promise<Tally> {
  const { dryRun, rate } = plan;
  const tally = createTally();
  const total = Math.min(queue.waiting, plan.limit ?? queue.waiting);
  const size = rate === undefined ? mostLetters : Math.min(mostLetters, rate);
  const seen = new Set<string>();
  const began = performance.now();
  hooks.onProgress(0, total);
  while (tally.count() < total && !hooks.stopped()) {
    const messages = await queue.take({
      messages: Math.min(size, total - tally.count()),
      bytes: bytesAtOnce,
    });
    if (messages.length === 0) break;
    await send(messages);
    hooks.onProgress(tally.count(), total);
    if (rate === undefined) continue;
    const due = began + (tally.count() / rate) * 1_000;
    if (due > performance.now()) await delay(due - performance.now());
  }
  return tally;

  async function send(messages: readonly DeadMessage[]): Promise<void> {
    for (let open = messages; open.length > 0; ) {
      const sent = open;
      const results = await ask(async ({ letters }) => {
        const told = await letters.drain(sent, dryRun);
        const [first] = told;
        if (first?.outcome === 'unavailable' && told.every(({ outcome }) => outcome === 'unavailable'))
          throw new KadaError('KADA_REPLAY_UNAVAILABLE', `nothing is taken in now: ${first.reason}`);
        return told;
      });
      const done = sent.filter((_message, index) => isDone(results[index]));
      open = sent.filter((_message, index) => !isDone(results[index]));
      if (!dryRun) await queue.ack(done);
      for (const result of results) if (isDone(result)) tally.add(...told(result));
    }
  }

  /** Messages of a dry run's earlier requests are not there for the later ones to meet. */
  function isTwin(key: string): boolean {
    if (!dryRun) return false;
    if (seen.has(key)) return true;
    seen.add(key);
    return false;
  }

  function told(result: DrainResult): readonly [reason: string, outcome: string] {
    switch (result.outcome) {
      case 'stored':
        return [valid, isTwin(result.event) ? 'duplicate' : 'stored'];
      case 'duplicate':
        return [valid, 'duplicate'];
      case 'dead_lettered':
        return [result.reason, isTwin(result.letter) ? 'has its letter' : 'new letter'];
      case 'known':
        return [result.reason === '' ? valid : result.reason, 'has its letter'];
      case 'unavailable':
        return ['', result.reason];
    }
  }
}

const valid = 'a valid event';

const isDone = (result: DrainResult | undefined): result is DrainResult =>
  result !== undefined && result.outcome !== 'unavailable';
