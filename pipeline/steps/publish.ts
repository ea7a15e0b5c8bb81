import { type MonoTypeOperatorFunction, Observable, type Subscriber, tap } from 'rxjs';
import type { Delivery } from '../../ingest/delivery.ts';
import type { AnalyticsEvent } from '../../ingest/event.ts';
import type { Publisher, PublishMessage } from '../../ingest/rabbitmq/publisher.ts';
import { uiMessageOf } from '../../ingest/ui-message.ts';
import type { Resolution } from '../commit/committer.ts';
import { addEntry, conclude, type Entry, type Member, newMember } from '../commit/entry.ts';

export interface TrackedPublishingOptions {
  readonly publisher: Publisher;
  /** this process consumes the queue itself: it keeps each event until its consumer has met it */
  readonly ownConsumer: boolean;
  /** the consumer was cancelled or its channel closed: what was not met may be gone with the queue */
  readonly lost$: Observable<unknown>;
  /** bounds of the events that are kept (commit-protocol.md 18) */
  readonly maxKept: { readonly events: number; readonly bytes: number };
  readonly now: () => number;
}

/**
 * An event between its publish and its own consumer (commit-protocol.md 10).
 *
 *   published ── confirmed ──▶ answered ── come back and settled ──▶ forgotten
 *       │                          └── lost ──▶ goes in directly, its sender has been answered
 *       ├── nacked, returned, late, closed ──▶ goes in directly
 *       ├── lost ── confirmed or not ──▶ goes in directly, and its sender waits for the commit
 *       └── settled before its confirm ──▶ forgotten
 *
 * Met means settled, not delivered: what is delivered and given back is lost with a queue that is deleted then.
 */
interface Kept {
  readonly event: AnalyticsEvent;
  readonly bytes: number;
  answered: boolean;
  lost: boolean;
}

export interface TrackedPublishing {
  /**
   * /track goes through the broker while that can be promised, so that other services can listen too; whenever it
   * cannot, the event goes straight on. The claim makes it safe that one comes both ways.
   */
  publish(): MonoTypeOperatorFunction<Member>;
  /** What came back through the queue and is durable need not be kept any longer. */
  meet(): MonoTypeOperatorFunction<Resolution>;
}

/** Where no broker is configured everything goes straight on. */
export const noPublishing: TrackedPublishing = {
  publish: () => (members$) => members$,
  meet: () => (resolutions$) => resolutions$,
};

export function createTrackedPublishing(options: TrackedPublishingOptions): TrackedPublishing {
  const { publisher, lost$, ownConsumer, maxKept, now } = options;
  const kept = new Map<string, Kept>();
  let keptBytes = 0;

  function keep(event: AnalyticsEvent): Kept | undefined {
    const bytes = 2 * event.row.payload.length;
    if (kept.size >= maxKept.events || keptBytes + bytes > maxKept.bytes || kept.has(event.fingerprint))
      return undefined;
    const record = { event, bytes, answered: false, lost: false };
    kept.set(event.fingerprint, record);
    keptBytes += bytes;
    return record;
  }

  function forget(fingerprint: string): void {
    const record = kept.get(fingerprint);
    if (record === undefined) return;
    kept.delete(fingerprint);
    keptBytes -= record.bytes;
  }

  function meetSettled({ members }: Resolution): void {
    for (const { delivery, entries } of members) {
      if (delivery.origin.road !== 'amqp') continue;
      for (const { event } of entries) {
        // Another event with the same id says nothing of ours: that one has still to become its dead letter.
        const met =
          event !== undefined && kept.get(event.fingerprint)?.event.contentHash === event.contentHash;
        if (met) forget(event.fingerprint);
      }
    }
  }

  /** Concludes the entry when the broker has it for sure; otherwise leaves it open, to go in directly. */
  async function publish(entry: Entry, event: AnalyticsEvent, message: PublishMessage): Promise<void> {
    const record = ownConsumer ? keep(event) : undefined;
    if (ownConsumer && record === undefined) return;
    entry.member.published = true;
    const result = await publisher.publish(message);
    if (result === 'confirmed' && record?.lost !== true) {
      if (record !== undefined) record.answered = true;
      conclude(entry, { kind: 'published', eventId: event.row.event_id, routingKey: message.routingKey });
      return;
    }
    forget(event.fingerprint);
  }

  function lose(out: Subscriber<Member>): void {
    for (const [fingerprint, record] of [...kept]) {
      record.lost = true;
      if (!record.answered) continue;
      forget(fingerprint);
      goDirectly(record.event, out);
    }
  }

  /** Its sender was told `published` and nobody else has it: given back, it comes again by itself. */
  function goDirectly(event: AnalyticsEvent, out: Subscriber<Member>): void {
    out.next(orphan(event, now(), () => goDirectly(event, out)));
  }

  function publishables(member: Member): readonly Promise<void>[] {
    const { via, origin } = member.delivery;
    if (via !== 'tracking') return [];
    const traceparent = origin.road === 'track' ? origin.traceparent : undefined;
    const publishing: Promise<void>[] = [];
    for (const entry of member.entries) {
      if (entry.event === undefined || entry.outcome !== undefined) continue;
      const message = { ...uiMessageOf(entry.event), traceparent };
      if (publisher.ready(message.routingKey)) publishing.push(publish(entry, entry.event, message));
    }
    return publishing;
  }

  function publishTracked(members$: Observable<Member>): Observable<Member> {
    return new Observable<Member>((out) => {
      const losses = lost$.subscribe(() => lose(out));
      const members = members$.subscribe({
        next(member) {
          const publishing = publishables(member);
          if (publishing.length === 0) out.next(member);
          else void Promise.all(publishing).then(() => out.next(member));
        },
        error: (error) => out.error(error),
        complete: () => out.complete(),
      });
      return () => {
        losses.unsubscribe();
        members.unsubscribe();
      };
    });
  }

  return { publish: () => publishTracked, meet: () => tap(meetSettled) };
}

/** A member of its own for an event whose sender has been answered already. */
function orphan(event: AnalyticsEvent, receivedAt: number, onGivenBack: () => void): Member {
  let settled = false;
  const delivery: Delivery = {
    via: 'tracking',
    origin: { road: 'track', typedRoute: undefined, userAgent: undefined, ip: undefined, local: true },
    receivedAt,
    messages: [],
    bytes: 2 * event.row.payload.length,
    deadline: undefined,
    settle(settlement) {
      if (settled) return;
      settled = true;
      if (settlement.kind === 'unavailable' && settlement.reason === 'warehouse_away') onGivenBack();
    },
    release: () => undefined,
  };
  const member = newMember(delivery);
  addEntry(member, event, undefined);
  return member;
}
