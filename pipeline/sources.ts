import type { Logger } from 'pino';
import { merge } from 'rxjs';
import { type CollectorSource, createCollectorSource } from '../ingest/collector/source.ts';
import type { Delivery } from '../ingest/delivery.ts';
import type { DeadLetter } from '../ingest/event.ts';
import { type Admission, createAdmission } from '../ingest/http/admission.ts';
import type { Health } from '../ingest/http/health.ts';
import type { OnRefused } from '../ingest/http/refusal.ts';
import { createRabbitSource, type RabbitSource } from '../ingest/rabbitmq/consumer.ts';
import { createPublisher, type Publisher } from '../ingest/rabbitmq/publisher.ts';
import { createReplaySource, type ReplaySource } from '../ingest/replay/source.ts';
import { createTrackingSource, type TrackingSource } from '../ingest/tracking/source.ts';
import type { Config } from './config.ts';
import type { Intake } from './intake-gate.ts';
import type { SourceStatus } from './live/live-view.ts';
import { createTrackedPublishing, noPublishing, type TrackedPublishing } from './steps/publish.ts';

export interface SourceContext {
  readonly config: Config;
  readonly gate: Intake;
  readonly health: () => Health;
  readonly onRefused: OnRefused;
  readonly now: () => number;
  readonly log: Logger;
}

/** The roads into this process; undefined where its roles or settings leave one out. */
export interface Sources {
  readonly admission: Admission;
  readonly tracking: TrackingSource | undefined;
  readonly collector: CollectorSource | undefined;
  readonly rabbit: RabbitSource | undefined;
  readonly replay: ReplaySource;
  readonly publisher: Publisher | undefined;
  readonly publishing: TrackedPublishing;
  readonly mayKeep: (letter: DeadLetter, delivery: Delivery) => boolean;
}

/** commit-protocol.md 18: in flight over HTTP, and what is kept of published events */
export const places = { events: 5_000, bytes: 32 * 1_048_576 } as const;

export function createSources(context: SourceContext): Sources {
  const { config, gate, health, onRefused, now, log } = context;
  const admission = createAdmission({ maxEvents: places.events, maxBytes: places.bytes });
  const door = { commitTimeoutMs: config.httpCommitTimeoutMs, admission, gate, health, onRefused, log, now };
  const has = (role: Parameters<typeof config.roles.has>[0]) => config.roles.has(role);

  const tracking = has('tracking')
    ? createTrackingSource({
        ...door,
        host: config.tracking.host,
        port: config.tracking.port,
        corsAllowOrigins: config.tracking.corsAllowOrigins,
        trustProxy: config.tracking.trustProxy.length === 0 ? false : config.tracking.trustProxy,
        rateLimitPerMinute: config.tracking.ratePerMinute,
        sessionsPerMinutePerAddress: config.tracking.sessionsPerMinutePerAddress,
        deadLetters: config.tracking.deadLetters,
      })
    : undefined;
  const collector = has('collector')
    ? createCollectorSource({
        ...door,
        host: config.collector.host,
        port: config.collector.port,
        apiKeys: config.collector.keys,
      })
    : undefined;
  const broker = config.rabbitmq;
  const rabbit =
    broker !== undefined && has('consumer') ? createRabbitSource({ ...broker, log, now }) : undefined;
  const publisher =
    broker !== undefined && tracking !== undefined && config.tracking.transport !== 'direct'
      ? createPublisher({ ...broker, ownConsumer: rabbit ?? false, log })
      : undefined;
  const publishing =
    publisher === undefined
      ? noPublishing
      : createTrackedPublishing({
          publisher,
          ownConsumer: rabbit !== undefined,
          lost$: rabbit === undefined ? publisher.lost$ : merge(rabbit.lost$, publisher.lost$),
          maxKept: places,
          now,
        });

  return {
    admission,
    tracking,
    collector,
    rabbit,
    replay: createReplaySource(gate.refusal),
    publisher,
    publishing,
    mayKeep: (letter, { origin }) =>
      origin.road !== 'track' ||
      origin.local ||
      tracking === undefined ||
      tracking.allowLetter(origin, letter.payload.length),
  };
}

/**
 * What each road says of itself on the page.
 * @param isShared other processes may write to the same warehouse: a road that is not here may be there
 */
export function describeSources(
  sources: Sources,
  urls: { readonly tracking: string | undefined; readonly collector: string | undefined },
  isShared: boolean,
): readonly SourceStatus[] {
  const absent = isShared ? 'not in this process' : 'off';
  const door = (source: string, there: boolean, url: string | undefined): SourceStatus => ({
    source,
    state: !there ? absent : url === undefined ? 'starting' : 'listening',
    detail: null,
    url: url ?? null,
  });
  const consumer = sources.rabbit?.state();
  return [
    door('tracking', sources.tracking !== undefined, urls.tracking),
    door('collector', sources.collector !== undefined, urls.collector),
    {
      source: 'rabbitmq',
      state: consumer?.kind ?? absent,
      detail: (consumer !== undefined && 'detail' in consumer ? consumer.detail : undefined) ?? null,
      url: null,
    },
  ];
}
