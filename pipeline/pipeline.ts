import type { Logger } from 'pino';
import { EMPTY, identity, ignoreElements, merge, type Observable, tap } from 'rxjs';
import type { Delivery } from '../ingest/delivery.ts';
import type { Resolution } from './commit/committer.ts';
import type { CommitPath } from './commit/path.ts';
import type { FunnelFold } from './funnel/fold.ts';
import type { LiveView } from './live/live-view.ts';
import type { Metrics } from './metrics.ts';
import { count } from './steps/count.ts';
import { decode } from './steps/decode.ts';
import { fold, type OrderLookUps } from './steps/fold.ts';
import { identify } from './steps/identify.ts';
import type { TrackedPublishing } from './steps/publish.ts';
import { settle } from './steps/settle.ts';
import { type Validation, validate } from './steps/validate.ts';

export interface PipelineParts {
  /** RabbitMQ, the collector, the tracking API, replays: each bounded by itself */
  readonly sources: readonly { readonly deliveries$: Observable<Delivery> }[];
  readonly validation: Validation;
  /** /track through the broker, where there is one */
  readonly publishing: TrackedPublishing;
  readonly path: CommitPath;
  readonly funnels: FunnelFold;
  readonly orders: OrderLookUps;
  readonly live: LiveView;
  readonly metrics: Metrics;
  /**
   * what any process committed, as the warehouse tells it, into the live view; undefined: this process is the only one
   * and folds what it commits
   */
  readonly followed$: Observable<unknown> | undefined;
  /** cycles of Silver and Gold, each as it ends; nothing where this process has not the role */
  readonly cycles$: Observable<unknown>;
  readonly horizonMs: number;
  readonly now: () => number;
  readonly log: Logger;
}

/**
 * The whole system on one screen. A delivery is one message of RabbitMQ, one HTTP request or one replayed dead letter;
 * it becomes events with an identity or dead letters with a reason; what is new is committed, claim and row together;
 * only then is its sender answered; and what was committed moves the funnels: as this process commits it, or, where
 * others commit too, as the warehouse tells it. Beside it, cycles make Silver and Gold of what stands in Bronze.
 *
 * Nothing here buffers: AMQP is bounded by its prefetch, HTTP by its places, and a batch fills while the one
 * before it is being committed. Errors travel as values; none ends the stream.
 */
export function pipeline(parts: PipelineParts): Observable<Resolution> {
  const {
    sources,
    validation,
    publishing,
    path,
    funnels,
    orders,
    live,
    metrics,
    followed$,
    cycles$,
    horizonMs,
    now,
    log,
  } = parts;
  const deliveries$ = merge(...sources.map((source) => source.deliveries$));
  const committed$ = deliveries$.pipe(
    tap((delivery) => metrics.received(delivery.via, delivery.messages.length)),
    decode(),
    validate(validation),
    publishing.publish(),
    identify(path),
    path.commit(),
  );
  const isAlone = followed$ === undefined;
  const counted$ = committed$.pipe(
    settle(),
    publishing.meet(),
    isAlone ? fold(funnels, orders, now, log) : identity,
    count(metrics, live, { horizonMs, showRows: isAlone }, log),
  );
  return merge(counted$, (followed$ ?? EMPTY).pipe(ignoreElements()), cycles$.pipe(ignoreElements()));
}
