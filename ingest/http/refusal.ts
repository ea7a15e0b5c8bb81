import type { UnavailableReason } from '../delivery.ts';

/** Everything a door says no to by itself; the code in the reply and the label of the counter. */
export type RefusalCode =
  | UnavailableReason
  | 'outcome_unknown'
  | 'no_key_configured'
  | 'bad_key'
  | 'origin'
  | 'too_large'
  | 'media_type'
  | 'rate_limited'
  | 'not_found'
  | 'method_not_allowed'
  | 'bad_request'
  | 'request_timeout'
  | 'headers_too_large'
  | 'internal';

/** Labels of `kada_requests_refused_total`: the codes, and refusals that had no reply of their own. */
export type RefusalReason =
  | RefusalCode
  /** the sender went away before its body was complete */
  | 'aborted'
  /** a socket beyond maxConnections */
  | 'too_many_connections'
  /** public events beyond the dead-letter bounds (events.md 7), told to the sender and not stored */
  | 'letter_bound';

export type OnRefused = (reason: RefusalReason, count: number) => void;

interface Refusal {
  readonly status: number;
  readonly message: string;
  /** seconds; present for everything that the sender may simply try again */
  readonly retryAfter?: number;
}

const NOTHING_STORED = 'Nothing of this request was stored; send it again later.';

export const refusals: Readonly<Record<RefusalCode, Refusal>> = {
  overloaded: { status: 503, message: `Too many events are in flight. ${NOTHING_STORED}`, retryAfter: 1 },
  warehouse_away: { status: 503, message: `The warehouse does not answer. ${NOTHING_STORED}`, retryAfter: 5 },
  disk_low: { status: 503, message: `The disk is nearly full. ${NOTHING_STORED}`, retryAfter: 30 },
  stopping: { status: 503, message: `The service is stopping. ${NOTHING_STORED}`, retryAfter: 5 },
  outcome_unknown: {
    status: 503,
    message: 'It is not known yet whether this was stored; send it again with the event ids in the details.',
    retryAfter: 2,
  },
  no_key_configured: {
    status: 503,
    message: 'ANALYTICS_API_KEY is not configured here, so no event is taken in.',
    retryAfter: 60,
  },
  bad_key: { status: 401, message: 'X-ANALYTICS-KEY is missing or not one of the configured keys.' },
  origin: { status: 403, message: 'This origin is not in TRACKING_CORS_ALLOW_ORIGINS.' },
  too_large: {
    status: 413,
    message: 'At most 64 KB an event, 500 events and 512 KB a request.',
  },
  media_type: { status: 415, message: 'Send JSON, not compressed, with a Content-Type that says so.' },
  rate_limited: { status: 429, message: 'Over the rate for this address.', retryAfter: 60 },
  not_found: { status: 404, message: 'There is nothing at this path.' },
  method_not_allowed: { status: 405, message: 'This path has other methods; see Allow.' },
  bad_request: { status: 400, message: 'The request is not valid HTTP for this service.' },
  request_timeout: { status: 408, message: 'The request did not arrive within 10 seconds.' },
  headers_too_large: { status: 431, message: 'The headers are over 16 KB.' },
  internal: { status: 500, message: 'An unexpected error; it was logged under the request id.' },
};

/** Carries a refusal through Fastify's error path, from where a body is read to where replies are made. */
export class RefusalError extends Error {
  readonly refusal: RefusalCode;
  /** the rest of the body is not worth reading: the connection ends with the reply */
  readonly close: boolean;

  constructor(refusal: RefusalCode, close: boolean) {
    super(refusal);
    this.name = 'RefusalError';
    this.refusal = refusal;
    this.close = close;
  }
}
