import { concat, firstValueFrom, NEVER, of } from 'rxjs';
import { expect, it } from 'vitest';
import type { Delivery } from '../ingest/delivery.ts';
import type { PublishMessage } from '../ingest/rabbitmq/publisher.ts';
import { addEntry, newMember } from '../pipeline/commit/entry.ts';
import { createTrackedPublishing } from '../pipeline/steps/publish.ts';
import { eventOf, judge, least, receivedAt, trackOrigin } from './support/ingesting.ts';

it("the request's trace context goes out with its events (events.md 2)", async () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const sent: PublishMessage[] = [];
  const publishing = createTrackedPublishing({
    publisher: {
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
    },
    ownConsumer: false,
    lost$: NEVER,
    maxKept: { events: 10, bytes: 1_000_000 },
    now: () => receivedAt,
  });
  const origin = trackOrigin({ traceparent });
  const delivery: Delivery = {
    via: 'tracking',
    origin,
    receivedAt,
    messages: [],
    bytes: 0,
    deadline: undefined,
    settle: () => undefined,
    release: () => undefined,
  };
  const member = newMember(delivery);
  const event = eventOf(judge(least.click, origin));
  addEntry(member, event, undefined);
  await firstValueFrom(concat(of(member), NEVER).pipe(publishing.publish()));
  expect(sent).toMatchObject([{ routingKey: 'ui.click', messageId: event.row.event_id, traceparent }]);
  expect(member.entries[0]?.outcome).toMatchObject({ kind: 'published' });
});
