import { sha256 } from './bronze-rows.ts';
import { bytesOf, type Handed } from './delivered-path.ts';
import { amqpOrigin, collectorOrigin, isoAt, receivedAt, trackOrigin } from './ingesting.ts';
import type { Random } from './random.ts';
import {
  alphabet,
  logBody,
  orderBody,
  orderKinds,
  reviewBody,
  reviewKinds,
  type Thread,
  type Told,
  type WebType,
  webBody,
} from './random-bodies.ts';

/** Deliveries of all sources and types with everything in them that engines could hold differently. */

const webTypes: readonly WebType[] = [
  'page_view',
  'page_view',
  'click',
  'add_to_cart',
  'begin_checkout',
  'scroll',
  'search',
  'form_interaction',
];

const texts = [
  'කඩ මණ්ඩිය 🛒',
  'கடை மண்டியா',
  '👩‍👩‍👧‍👦 é é ﬁ',
  'blank at the end  ',
  'ß ẞ ı İ Σ σ ς',
  'it\'s 100% [a] _b_ \\ " ;--',
  'two\nlines\tand a tab\u0001',
  '零一二三',
] as const;

/** The element of a search is refused by no rule of ours: `spoil` makes a row of it that no column takes. */
export const spoiledQuery = 'refused by the store';

const told = ({ body, origin }: Told): Handed => ({
  origin,
  messages: [bytesOf(JSON.stringify(body))],
  receivedAt,
});

const search = (random: Random, query: string, over: object = {}): object => ({
  event_type: 'search',
  event_id: random.uuid(),
  event_timestamp: isoAt(-5_000),
  session_id: 's-1',
  page_url: 'http://localhost:3000/search',
  source: 'web',
  query,
  ...over,
});

function broken(random: Random): Handed {
  const web = { event_id: random.uuid(), session_id: 's-1', page_url: '/x', event_timestamp: isoAt(0) };
  const track = (body: unknown): Handed => ({
    origin: trackOrigin(),
    messages: [bytesOf(typeof body === 'string' ? body : JSON.stringify(body))],
    receivedAt,
  });
  const amqp = (key: string, body: unknown): Handed => ({
    origin: amqpOrigin(key),
    messages: [bytesOf(JSON.stringify(body))],
    receivedAt,
  });
  const head = Buffer.from(`{"big":"${'ග'.repeat(500)}`);
  switch (random.int(0, 11)) {
    case 0:
      return track(`{"not json ${random.int(0, 2)} ගම්`);
    case 1:
      return {
        origin: amqpOrigin('order.created'),
        messages: [{ kind: 'bytes', bytes: Buffer.from([0x7b, 0xff, 0xfe, random.int(0, 3)]) }],
        receivedAt,
      };
    case 2:
      return amqp('order.created', [1, 2, random.int(0, 3)]);
    case 3:
      return {
        origin: amqpOrigin('order.created'),
        messages: [{ kind: 'oversized', head, length: 2_000_000, sha256: sha256(`big ${random.int(0, 3)}`) }],
        receivedAt,
      };
    case 4:
      return { ...amqp('', { ...web, session_id: random.pick(alphabet.sessions) }) };
    case 5:
      return amqp('ui.hovered', { ...web, event_type: 'ui.hovered' });
    case 6:
      return track({ ...web, event_type: 'add_to_cart' });
    case 7:
      return amqp('order.created', { event_id: random.uuid(), event_type: 'order.created', total: 'a lot' });
    case 8:
      return amqp('review.created', {
        event_id: random.uuid(),
        reviewId: 'r-1',
        productId: 'p-1',
        rating: 9,
      });
    case 9:
      return track({
        ...web,
        event_type: 'page_view',
        event_timestamp: isoAt(random.pick([3_600_000, -366 * 86_400_000])),
      });
    case 10:
      return {
        origin: collectorOrigin(),
        messages: [bytesOf(JSON.stringify(search(random, spoiledQuery)))],
        receivedAt,
      };
    default:
      return track({ ...web, event_type: 'page_view', event_id: 'no-uuid' });
  }
}

function sound(random: Random): Handed {
  const time = receivedAt - random.int(0, 3 * 86_400_000);
  const thread: Thread = {
    session: random.pick(alphabet.sessions),
    user: random.pick(alphabet.users),
    order: random.pick(alphabet.orders),
    isSeed: random.oneIn(9),
    isBot: random.oneIn(9),
  };
  const dice = random.int(0, 9);
  if (dice < 5) return told(webBody(random, random.pick(webTypes), time, thread));
  if (dice < 7) return told(orderBody(random, random.pick(orderKinds), time, thread));
  if (dice < 8) return told(reviewBody(random, random.pick(reviewKinds), time, thread));
  if (dice < 9) return told(logBody(random, time));
  // One request of several, with texts that collations take for one another.
  const bodies = Array.from({ length: random.int(1, 4) }, () =>
    search(random, random.pick(texts), {
      properties: { said: random.pick(texts), zero: 0, nothing: null, deep: { a: [1, 'x'] } },
      filters: { brand: random.pick(texts) },
      results_count: random.pick([0, 1, 9_007_199_254_740_991]),
      event_timestamp: random.pick(['2026-11-24T11:59:59.9999999Z', isoAt(-1), '2026-11-24T17:29:59+05:30']),
    }),
  );
  return {
    origin: collectorOrigin(),
    messages: bodies.map((body) => bytesOf(JSON.stringify(body))),
    receivedAt,
  };
}

/** The same event with another content under its own id; undefined: it has no id or is no object. */
function conflicting({ origin, messages, receivedAt: at }: Handed): Handed | undefined {
  const [first] = messages;
  if (first?.kind !== 'bytes' || origin.road === 'track') return undefined;
  const body: unknown = JSON.parse(Buffer.from(first.bytes).toString());
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined;
  return {
    origin,
    messages: [bytesOf(JSON.stringify({ ...body, user_id: 'another', userId: 'another' }))],
    receivedAt: at,
  };
}

/** @returns `count` deliveries; those that come again are later in the list than the first of them */
export function mixedDeliveries(random: Random, count: number): readonly Handed[] {
  const all: Handed[] = [];
  const good: Handed[] = [];
  while (all.length < count) {
    const dice = random.int(0, 19);
    if (dice < 2) all.push(broken(random));
    else if (dice < 4 && all.length > 0) all.push(random.pick(all));
    else if (dice < 5 && good.length > 0) {
      const other = conflicting(random.pick(good));
      if (other !== undefined) all.push(other);
    } else {
      const one = sound(random);
      good.push(one);
      all.push(one);
    }
  }
  return all;
}
