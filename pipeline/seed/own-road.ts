import type { Logger } from 'pino';
import { Subject } from 'rxjs';
import { conflictLetter, writeLetter } from '../../ingest/dead-letter.ts';
import type { Delivery, Origin, Outcome, Settlement } from '../../ingest/delivery.ts';
import type { Warehouse } from '../../sinks/warehouse.ts';
import { createCommitPath } from '../commit/path.ts';
import type { Config } from '../config.ts';
import type { Answer, Road } from '../simulation/road.ts';
import { decode } from '../steps/decode.ts';
import { identify } from '../steps/identify.ts';
import { settle } from '../steps/settle.ts';
import { validate } from '../steps/validate.ts';
import { createValidation } from '../validation.ts';

const warmClaims = 50_000;
const againMs = 200;

/** What a source would hand in. */
export interface Handed {
  readonly via: Delivery['via'];
  readonly origin: Origin;
  readonly bodies: readonly string[];
  /** ms */
  readonly receivedAt: number;
}

/** The pipeline's own way from a delivery to Bronze, without a listener and without a live view. */
export interface OwnPath {
  deliver(handed: Handed): Promise<Settlement>;
  /** rows of Bronze up to here are durable and whole */
  visibleSeq(): number;
  close(): void;
}

export async function createOwnPath(
  warehouse: Warehouse,
  config: Pick<Config, 'storeIp' | 'fingerprintCacheSize'>,
  log: Logger,
): Promise<OwnPath> {
  const now = Date.now;
  const deliveries = new Subject<Delivery>();
  const path = createCommitPath({
    warehouse,
    cacheSize: config.fingerprintCacheSize,
    warm: await warehouse.newestClaims(Math.min(warmClaims, config.fingerprintCacheSize)),
    rules: {
      mayKeep: () => true,
      conflictLetter: (event, storedHash, { delivery }) =>
        conflictLetter(event, storedHash, delivery.via, delivery.origin),
      writeLetter: (event, failure, { delivery }) =>
        writeLetter(event, delivery.via, delivery.origin, failure),
    },
    limits: { events: 2_000, bytes: 8 * 1_048_576 },
    maxMaybes: Number.POSITIVE_INFINITY,
    giveBackAfterMs: 60_000,
    breakerMs: 5 * 60_000,
    now,
    log,
    onCache: () => undefined,
    onGiveBack: async () => undefined,
    onBack: () => undefined,
  });
  const subscription = deliveries
    .pipe(
      decode(),
      validate(createValidation({ storeIp: config.storeIp, mayKeep: () => true, log })),
      identify(path),
      path.commit(),
      settle(),
    )
    .subscribe();

  return {
    deliver: ({ via, origin, bodies, receivedAt }) =>
      new Promise<Settlement>((done) => {
        const messages = bodies.map((body) => ({ kind: 'bytes', bytes: Buffer.from(body) }) as const);
        deliveries.next({
          via,
          origin,
          receivedAt,
          messages,
          bytes: messages.reduce((sum, { bytes }) => sum + bytes.length, 0),
          deadline: undefined,
          settle: done,
          release: () => undefined,
        });
      }),
    visibleSeq: path.visibleSeq,
    close: () => subscription.unsubscribe(),
  };
}

/** A keyed caller's road on it. Closing it leaves the warehouse open. */
export function ownRoad(path: OwnPath): Road {
  return {
    batchAtMost: 500,
    atOnce: 4,
    async send(events) {
      const settled = await path.deliver({
        via: 'collector',
        origin: { road: 'collector', userAgent: undefined, ip: undefined },
        bodies: events.map(({ body }) => (typeof body === 'string' ? body : JSON.stringify(body))),
        receivedAt: Date.now(),
      });
      if (settled.kind === 'durable') return settled.outcomes.map(answerOf);
      const why = settled.kind === 'unavailable' ? settled.reason : settled.kind;
      return events.map(() => ({ kind: 'unknown', why, retryAfterMs: againMs }));
    },
    close: async () => path.close(),
  };
}

function answerOf(outcome: Outcome): Answer {
  switch (outcome.kind) {
    case 'stored':
    case 'duplicate':
    case 'published':
      return { kind: 'promised', as: outcome.kind };
    case 'dead-lettered':
      return { kind: 'dead_lettered', reason: outcome.reason };
    case 'rejected':
      return { kind: 'rejected', why: outcome.reason };
  }
}
