import { KadaError, messageOf } from '../../../ingest/errors.ts';
import type { EngineLog, StoredEvent } from '../../warehouse.ts';
import type { DuckDbOptions, DuckDbWarehouse } from '../open.ts';

/** What the thread is started with; the log and the filter's memory go by messages. */
export type ThreadOptions = Pick<
  DuckDbOptions,
  'dataDir' | 'memoryLimit' | 'checkpointThreshold' | 'acceptLoss'
>;

/** What the thread is asked for: everything goes over as a structured clone. */
export interface Served
  extends Pick<
    DuckDbWarehouse,
    | 'migrate'
    | 'commitLaidOut'
    | 'lookUp'
    | 'newestClaims'
    | 'probe'
    | 'visibleSeq'
    | 'readCommitted'
    | 'countWebEvents'
    | 'ordersWithPurchaseSince'
    | 'readOrderEvents'
    | 'materialise'
    | 'recordRun'
    | 'failDeadRuns'
    | 'countArrivals'
    | 'countDeadLetters'
    | 'newestBySource'
    | 'discardLetters'
    | 'countPrunable'
    | 'prune'
    | 'backup'
    | 'query'
    | 'ping'
    | 'close'
  > {
  open(options: ThreadOptions): Promise<void>;
  /** @returns a number to ask its pages by */
  openWebEvents(from: number, upTo?: number): Promise<number>;
  /** undefined: there is no further one */
  nextPage(pages: number): Promise<readonly StoredEvent[] | undefined>;
  closePages(pages: number): Promise<void>;
  cancelMaterialise(): Promise<void>;
}

export interface Call {
  readonly id: number;
  readonly method: keyof Served;
  readonly args: readonly unknown[];
}

export type LogLevel = keyof EngineLog;

/** A KadaError as it goes over: a clone of an error loses its class and its code. */
export interface SentError {
  readonly code: KadaError['code'];
  readonly message: string;
}

export type FromThread =
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown; readonly highestSeq: number }
  | { readonly kind: 'refusal'; readonly id: number; readonly error: SentError }
  /** sent before anything that stands in it can be asked for */
  | { readonly kind: 'segment'; readonly memory: SharedArrayBuffer }
  | { readonly kind: 'log'; readonly level: LogLevel; readonly fields: object; readonly text: string };

export const toSent = (error: unknown): SentError => ({
  code: error instanceof KadaError ? error.code : 'KADA_WAREHOUSE_FAILED',
  message: messageOf(error),
});

export const fromSent = ({ code, message }: SentError): KadaError => new KadaError(code, message);
