import type { Wording } from '../http/delivery.ts';
import { routingKeyOf } from './routing-key.ts';

/** The 202s of the tracking API (http.md). */
export const trackingWording: Wording = {
  one(outcome, message, origin) {
    const routingKey = outcome.kind === 'published' ? outcome.routingKey : routingKeyOf(message, origin);
    // the hot path: a UUID and a key of our own making need no escaping
    return `{"ok":true,"event_id":"${outcome.eventId}","routing_key":"${routingKey}","status":"${outcome.kind}"}`;
  },
  many(summary) {
    return JSON.stringify({ ok: true, ...summary });
  },
};
