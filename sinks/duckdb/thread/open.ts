import { Worker } from 'node:worker_threads';
import { KadaError } from '../../../ingest/errors.ts';
import { createFilterReader } from '../../fingerprint-filter.ts';
import { createProcessLocks } from '../../process-locks.ts';
import type { EngineLog, StoredEvent, Warehouse } from '../../warehouse.ts';
import { holdFile } from '../connections.ts';
import { failedCommit } from '../failures.ts';
import { layOut } from '../layout.ts';
import { type Call, type FromThread, fromSent, type Served, type ThreadOptions } from './messages.ts';

/**
 * The embedded warehouse in a thread of its own. DuckDB's appender works on the thread that calls it, a quarter of
 * the time of an event; here the events of the next batch are taken in meanwhile. The filter's memory is shared,
 * so that "surely new" is still answered at once.
 *
 * Rejects as `openDuckDbWarehouse` does. A thread that dies ends the process, as the same error would without it.
 */
export async function openDuckDbInThread(
  options: ThreadOptions & { readonly log: EngineLog },
): Promise<Warehouse> {
  const { log, ...threadOptions } = options;
  const release = holdFile(options.dataDir);
  const thread = startThread();
  const filter = createFilterReader();
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
  let calls = 0;
  let highestSeq = 0;
  const runExclusive = createProcessLocks();

  function receive(message: FromThread): void {
    switch (message.kind) {
      case 'answer':
        highestSeq = message.highestSeq;
        waiting.get(message.id)?.resolve(message.value);
        waiting.delete(message.id);
        return;
      case 'refusal':
        waiting.get(message.id)?.reject(fromSent(message.error));
        waiting.delete(message.id);
        return;
      case 'segment':
        filter.addSegment(message.memory);
        return;
      case 'log':
        log[message.level](message.fields, message.text);
    }
  }

  let gone = false;
  /** it was closed, or could not be opened */
  let mayEnd = false;
  const ended = new Promise<void>((resolve) => {
    thread.once('exit', () => {
      // Not caught by anybody, and so the end of the process: what is not settled is delivered again.
      if (!mayEnd)
        throw new KadaError('KADA_WAREHOUSE_THREAD', 'The thread of the warehouse ended by itself');
      gone = true;
      release();
      for (const { reject } of waiting.values()) reject(closedError());
      waiting.clear();
      resolve();
    });
  });
  thread.on('message', receive);

  type Answer<M extends keyof Served> = Awaited<ReturnType<Served[M]>>;
  function call<M extends keyof Served>(method: M, ...args: Parameters<Served[M]>): Promise<Answer<M>> {
    return new Promise<unknown>((resolve, reject) => {
      if (gone) return reject(closedError());
      calls += 1;
      // Throws for what cannot be cloned; the answer comes in a later turn.
      thread.postMessage({ id: calls, method, args } satisfies Call);
      waiting.set(calls, { resolve, reject });
    }) as Promise<Answer<M>>;
  }

  /** One page ahead, so that the thread reads while the last one is worked on. */
  async function* readWebEvents(from: number, upTo?: number): AsyncGenerator<readonly StoredEvent[]> {
    const pages = await call('openWebEvents', from, upTo);
    const ask = (): Promise<readonly StoredEvent[] | undefined> => {
      const page = call('nextPage', pages);
      // Awaited below, maybe after it has failed.
      page.catch(() => undefined);
      return page;
    };
    try {
      for (let next = ask(); ; ) {
        const page = await next;
        if (page === undefined) return;
        next = ask();
        yield page;
      }
    } finally {
      await call('closePages', pages);
    }
  }

  let closing: Promise<void> | undefined;
  async function close(): Promise<void> {
    mayEnd = true;
    await call('close');
    await ended;
  }

  try {
    await call('open', threadOptions);
  } catch (error) {
    mayEnd = true;
    await ended;
    throw error;
  }
  return {
    engine: 'duckdb',
    migrate: () => call('migrate'),
    surelyNew: filter.surelyNew,
    lookUp: (fingerprints) => call('lookUp', fingerprints),
    newestClaims: (limit) => call('newestClaims', limit),
    async commit(batch) {
      try {
        return await call('commitLaidOut', layOut(batch));
      } catch (error) {
        return failedCommit(error);
      }
    },
    commitsAtOnce: 1,
    probe: () => call('probe').catch(() => false),
    get highestSeq() {
      return highestSeq;
    },
    visibleSeq: () => call('visibleSeq'),
    readCommitted: (range) => call('readCommitted', range),
    readWebEvents,
    ordersWithPurchaseSince: (from) => call('ordersWithPurchaseSince', from),
    readOrderEvents: (orderIds) => call('readOrderEvents', orderIds),
    countWebEvents: (from) => call('countWebEvents', from),
    materialise: (plan) => call('materialise', plan),
    cancelMaterialise: () => void call('cancelMaterialise').catch(() => undefined),
    recordRun: (run) => call('recordRun', run),
    failDeadRuns: (at) => call('failDeadRuns', at),
    countArrivals: (range) => call('countArrivals', range),
    countDeadLetters: (range) => call('countDeadLetters', range),
    newestBySource: (from) => call('newestBySource', from),
    discardLetters: (ids, why, at) => call('discardLetters', ids, why, at),
    countPrunable: (limits) => call('countPrunable', limits),
    prune: (limits) => call('prune', limits),
    backup: () => call('backup'),
    query: (sql, queryOptions) => call('query', sql, queryOptions),
    runExclusive,
    ping: () => call('ping').catch(() => false),
    get filterBytes() {
      return filter.bytes;
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

const closedError = (): KadaError => new KadaError('KADA_WAREHOUSE_CLOSED', 'The warehouse is closed');

function startThread(): Worker {
  const entry = import.meta.url.endsWith('.ts') ? './from-source.mjs' : './worker.js';
  return new Worker(new URL(entry, import.meta.url), { name: 'duckdb' });
}
