import { randomUUID } from 'node:crypto';
import autocannon from 'autocannon';

export interface HttpLoad {
  readonly url: string;
  readonly connections: number;
  /** seconds */
  readonly duration: number;
  readonly body: () => string;
}

export interface HttpResult {
  /** 2xx answers per second */
  readonly rate: number;
  readonly non2xx: number;
  readonly errors: number;
}

/** A closed loop of keep-alive connections, each sending the next request when the last is answered. */
export async function httpLoad(load: HttpLoad): Promise<HttpResult> {
  const result = await autocannon({
    url: load.url,
    connections: load.connections,
    duration: load.duration,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    requests: [{ setupRequest: (request) => ({ ...request, body: load.body() }) }],
  });
  return { rate: result['2xx'] / result.duration, non2xx: result.non2xx, errors: result.errors };
}

/** A page view as the shop's tracker sends it: its own id and time, made at capture. */
export function pageViewBody(eventId: string = randomUUID(), at: number = Date.now()): string {
  return `{"event_type":"page_view","event_id":"${eventId}","event_timestamp":"${new Date(at).toISOString()}","session_id":"s-${eventId.slice(0, 4)}","user_id":"1b4e28ba-2fa1-41d2-883f-0016d3cca427","page_url":"http://localhost:3000/products/c0ffee00-0000-4000-8000-0000000000c1?ref=home","referrer_url":"http://localhost:3000/","properties":{"theme":"light"}}`;
}
