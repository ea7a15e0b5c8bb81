import { parentPort } from 'node:worker_threads';
import { KadaError } from '../../../ingest/errors.ts';
import type { StoredEvent } from '../../warehouse.ts';
import { type DuckDbWarehouse, openDuckDbWarehouse } from '../open.ts';
import { type Call, type FromThread, type LogLevel, type Served, toSent } from './messages.ts';

/** The thread's side: the engine as it is, asked by messages; it ends when the warehouse is closed. */

if (parentPort === null) throw new Error('this is the entry of a thread');
const port = parentPort;
const send = (message: FromThread): void => port.postMessage(message);

const say =
  (level: LogLevel) =>
  (fields: object, text: string): void =>
    send({ kind: 'log', level, fields, text });
const log = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') };

const pages = new Map<number, AsyncIterator<readonly StoredEvent[]>>();
let pagesOpened = 0;

const serve = (warehouse: DuckDbWarehouse): Omit<Served, 'open'> => ({
  ...warehouse,
  async openWebEvents(from, upTo) {
    pagesOpened += 1;
    pages.set(pagesOpened, warehouse.readWebEvents(from, upTo)[Symbol.asyncIterator]());
    return pagesOpened;
  },
  async nextPage(id) {
    const next = await pages.get(id)?.next();
    return next === undefined || next.done === true ? undefined : next.value;
  },
  async cancelMaterialise() {
    warehouse.cancelMaterialise();
  },
  async closePages(id) {
    await pages.get(id)?.return?.();
    pages.delete(id);
  },
});

let warehouse: DuckDbWarehouse | undefined;
let served: Partial<Served> = {
  async open(options) {
    warehouse = await openDuckDbWarehouse({
      ...options,
      log,
      onFilterSegment: (memory) => send({ kind: 'segment', memory }),
    });
    served = serve(warehouse);
  },
};

async function answer({ id, method, args }: Call): Promise<void> {
  try {
    // The other side's proxy is typed by the same interface; messages cannot carry its types.
    const call = served[method] as ((...args: readonly unknown[]) => Promise<unknown>) | undefined;
    if (call === undefined) throw new KadaError('KADA_WAREHOUSE_CLOSED', 'The warehouse is not open');
    const value = await call(...args);
    send({ kind: 'answer', id, value, highestSeq: warehouse?.highestSeq ?? 0 });
  } catch (error) {
    send({ kind: 'refusal', id, error: toSent(error) });
    if (method === 'open') port.close();
  }
  if (method === 'close') port.close();
}

port.on('message', (call: Call) => void answer(call));
