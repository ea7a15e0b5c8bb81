import { concat, firstValueFrom, ignoreElements, merge, NEVER, of, Subject } from 'rxjs';
import { expect, it } from 'vitest';
import type { Delivery } from '../ingest/delivery.ts';
import type { AnalyticsEvent } from '../ingest/event.ts';
import type { Publisher, PublishMessage } from '../ingest/rabbitmq/publisher.ts';
import type { Resolution } from '../pipeline/commit/committer.ts';
import { addEntry, type Member, newMember } from '../pipeline/commit/entry.ts';
import { createTrackedPublishing } from '../pipeline/steps/publish.ts';
import { pageView } from './support/events.ts';
import { eventually } from './support/eventually.ts';
import { amqpOrigin, eventOf, judge, least, receivedAt, trackOrigin } from './support/ingesting.ts';

function confirming(sent: PublishMessage[] = []): Publisher {
  return {
    ready: () => true,
    state: () => 'ready',
    publish: async (message) => {
      sent.push(message);
      return 'confirmed';
    },
    markLost: () => undefined,
    lost$: NEVER,
    verifyQueue: async () => true,
    inFlight: () => 0,
    close: async () => undefined,
  };
}

function memberOf(event: AnalyticsEvent, origin: Delivery['origin'] = trackOrigin()): Member {
  const member = newMember({
    via: origin.road === 'amqp' ? 'rabbitmq' : 'tracking',
    origin,
    receivedAt,
    messages: [],
    bytes: 0,
    deadline: undefined,
    settle: () => undefined,
    release: () => undefined,
  });
  addEntry(member, event, undefined);
  return member;
}

it("the request's trace context goes out with its events (events.md 2)", async () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const sent: PublishMessage[] = [];
  const publishing = createTrackedPublishing({
    publisher: confirming(sent),
    ownConsumer: false,
    lost$: NEVER,
    maxKept: { events: 10, bytes: 1_000_000 },
    now: () => receivedAt,
  });
  const origin = trackOrigin({ traceparent });
  const event = eventOf(judge(least.click, origin));
  const member = memberOf(event, origin);
  await firstValueFrom(concat(of(member), NEVER).pipe(publishing.publish()));
  expect(sent).toMatchObject([{ routingKey: 'ui.click', messageId: event.row.event_id, traceparent }]);
  expect(member.entries[0]?.outcome).toMatchObject({ kind: 'published' });
});

it.each([
  ['its own message', 'a', 0],
  ['another event with its id', 'b', 1],
])('rule 10: kept until the queue has brought it, which %s tells', async (_, content, direct) => {
  const lost = new Subject<void>();
  const publishing = createTrackedPublishing({
    publisher: confirming(),
    ownConsumer: true,
    lost$: lost,
    maxKept: { events: 10, bytes: 1_000_000 },
    now: () => receivedAt,
  });
  const event = pageView({ content: 'a' });
  const met = memberOf(pageView({ event_id: event.row.event_id, content }), amqpOrigin('ui.page_view'));
  const resolutions = new Subject<Resolution>();
  const out: Member[] = [];
  merge(
    concat(of(memberOf(event)), NEVER).pipe(publishing.publish()),
    resolutions.pipe(publishing.meet(), ignoreElements()),
  ).subscribe((member) => out.push(member));
  await eventually(() => expect(out).toHaveLength(1));
  resolutions.next({ at: receivedAt, commitMs: 1, stored: [], letters: [], members: [met] });
  lost.next();
  expect(out.slice(1).map(({ entries }) => entries[0]?.event)).toEqual(Array(direct).fill(event));
});
