import { type MonoTypeOperatorFunction, Observable, type Subscriber } from 'rxjs';
import type { Delivery } from '../../ingest/delivery.ts';
import type { AnalyticsEvent } from '../../ingest/event.ts';
import type { Publisher } from '../../ingest/rabbitmq/publisher.ts';
import { type UiMessage, uiMessageOf } from '../../ingest/ui-message.ts';
import { addEntry, conclude, type Entry, type Member, newMember } from '../commit/entry.ts';

export interface TrackedPublishing {
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
 *   published ── confirmed ──▶ answered ── met by the consumer ──▶ forgotten
 *       │                          └── lost ──▶ goes in directly, its sender has been answered
 *       ├── nacked, returned, late, closed ──▶ goes in directly
 *       ├── lost ── confirmed or not ──▶ goes in directly, and its sender waits for the commit
 *       └── met before its confirm ──▶ forgotten
 */
interface Kept {
  readonly event: AnalyticsEvent;
  readonly bytes: number;
  answered: boolean;
  lost: boolean;
}

/**
 * /track goes through the broker while that can be promised, so that other services can listen too; whenever it
 * cannot, the event goes straight on. The claim makes it safe that one comes both ways.
 */
export function publishTracked(options: TrackedPublishing | undefined): MonoTypeOperatorFunction<Member> {
  if (options === undefined) return (members$) => members$;
  const { publisher, ownConsumer, lost$, maxKept, now } = options;
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

  function meet(member: Member): void {
    if (member.delivery.origin.road !== 'amqp') return;
    for (const { event } of member.entries) if (event !== undefined) forget(event.fingerprint);
  }

  /** Concludes the entry when the broker has it for sure; otherwise leaves it open, to go in directly. */
  async function publish(entry: Entry, event: AnalyticsEvent, message: UiMessage): Promise<void> {
    const record = ownConsumer ? keep(event) : undefined;
    if (ownConsumer && record === undefined) return;
    const result = await publisher.publish(message);
    const confirmed = result === 'confirmed' && record?.lost !== true;
    if (confirmed && (ownConsumer || (await publisher.verifyQueue()))) {
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
      out.next(orphan(record.event, now()));
    }
  }

  return function publishTrackedMembers(members$) {
    return new Observable<Member>((out) => {
      const losses = lost$.subscribe(() => lose(out));
      const members = members$.subscribe({
        next(member) {
          meet(member);
          const publishing: Promise<void>[] = [];
          if (member.delivery.via === 'tracking') {
            for (const entry of member.entries) {
              const { event } = entry;
              if (event === undefined || entry.outcome !== undefined) continue;
              const message = uiMessageOf(event);
              if (publisher.ready(message.routingKey)) publishing.push(publish(entry, event, message));
            }
          }
          if (publishing.length === 0) return out.next(member);
          void Promise.all(publishing).then(() => out.next(member));
        },
        error: (error) => out.error(error),
        complete: () => out.complete(),
      });
      return () => {
        losses.unsubscribe();
        members.unsubscribe();
      };
    });
  };
}

/** A member of its own for an event whose sender has been answered already. */
function orphan(event: AnalyticsEvent, receivedAt: number): Member {
  const delivery: Delivery = {
    via: 'tracking',
    origin: { road: 'track', typedRoute: undefined, userAgent: undefined, ip: undefined, local: true },
    receivedAt,
    messages: [],
    bytes: 2 * event.row.payload.length,
    deadline: undefined,
    settle: () => undefined,
    release: () => undefined,
  };
  const member = newMember(delivery);
  addEntry(member, event, undefined);
  return member;
}
