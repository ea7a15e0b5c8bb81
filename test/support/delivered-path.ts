import pino from 'pino';
import { Subject } from 'rxjs';
import type { Delivery, Message, Origin, Settlement } from '../../ingest/delivery.ts';
import type { AnalyticsEvent } from '../../ingest/event.ts';
import type { Judged } from '../../ingest/normalise.ts';
import type { Resolution } from '../../pipeline/commit/committer.ts';
import { type CommitPath, createCommitPath } from '../../pipeline/commit/path.ts';
import { batchLimits, breakerMs, commitRules } from '../../pipeline/commit/rules.ts';
import { decode } from '../../pipeline/steps/decode.ts';
import { identify } from '../../pipeline/steps/identify.ts';
import { settle } from '../../pipeline/steps/settle.ts';
import { validate } from '../../pipeline/steps/validate.ts';
import { createValidation } from '../../pipeline/validation.ts';
import type { Warehouse } from '../../sinks/warehouse.ts';

/** What a source would hand in. */
export interface Handed {
  readonly origin: Origin;
  readonly messages: readonly Message[];
  /** ms */
  readonly receivedAt: number;
}

export const bytesOf = (body: string): Message => ({ kind: 'bytes', bytes: Buffer.from(body) });

export interface DeliveredPath {
  readonly path: CommitPath;
  readonly resolutions: readonly Resolution[];
  /** what the fold got, in the order in which it got it */
  folded(): readonly AnalyticsEvent[];
  deliver(handed: Handed): Promise<Settlement>;
  close(): void;
}

const viaOf = ({ road }: Origin): Delivery['via'] =>
  road === 'track' ? 'tracking' : road === 'collector' ? 'collector' : 'rabbitmq';

/** The whole way from a delivery to Bronze over any warehouse; only the sources are the test's. */
export async function openDeliveredPath(
  warehouse: Warehouse,
  options: {
    /** ms; the clock of commits */
    readonly now?: () => number;
    readonly cacheSize?: number;
    readonly limits?: { readonly events: number; readonly bytes: number };
    /** last touch on what was judged: what only a bug of ours could bring */
    readonly spoil?: (judged: Judged) => Judged;
  } = {},
): Promise<DeliveredPath> {
  const log = pino({ level: process.env.TEST_LOG ?? 'silent' });
  const now = options.now ?? Date.now;
  const cacheSize = options.cacheSize ?? 10_000;
  const path = createCommitPath({
    warehouse,
    cacheSize,
    warm: await warehouse.newestClaims(cacheSize),
    rules: commitRules(() => true),
    limits: options.limits ?? batchLimits,
    maxMaybes: Number.POSITIVE_INFINITY,
    giveBackAfterMs: 60_000,
    breakerMs,
    now,
    log,
    onCache: () => undefined,
    onGiveBack: async () => undefined,
    onBack: () => undefined,
  });
  const validation = createValidation({ storeIp: 'truncated', mayKeep: () => true, log });
  const spoil = options.spoil ?? ((judged: Judged) => judged);
  const deliveries = new Subject<Delivery>();
  const resolutions: Resolution[] = [];
  const subscription = deliveries
    .pipe(
      decode(),
      validate({ ...validation, judge: (...args) => spoil(validation.judge(...args)) }),
      identify(path),
      path.commit(),
      settle(),
    )
    .subscribe((resolution) => resolutions.push(resolution));

  return {
    path,
    resolutions,
    folded: () => resolutions.flatMap(({ stored }) => stored.flatMap(({ event }) => event ?? [])),
    deliver: ({ origin, messages, receivedAt }) =>
      new Promise((done) => {
        deliveries.next({
          via: viaOf(origin),
          origin,
          receivedAt,
          messages,
          bytes: messages.reduce((sum, one) => sum + (one.kind === 'bytes' ? one.bytes.length : 100), 0),
          deadline: undefined,
          settle: done,
          release: () => undefined,
        });
      }),
    close: () => subscription.unsubscribe(),
  };
}
