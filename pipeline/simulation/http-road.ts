import { KadaError, messageOf } from '../../ingest/errors.ts';
import type { SimulatedEvent } from './event.ts';
import { serviceNameOf } from './order-events.ts';
import type { Answer, Road } from './road.ts';

const timeoutMs = 15_000;
const againMs = 200;

/** What a robot's requests come through: without a forwarding header a caller on loopback is never a robot. */
const proxied = { 'x-forwarded-for': '66.249.66.1' };

/** The browsers' road: POST /track. */
export const trackRoad = (url: string): Road =>
  httpRoad((events) => {
    const [first] = events;
    // the typed routes take the path's type; what has a wrong one goes to /track
    const typed = events.length === 1 && first?.meaning.kind === 'page_view';
    return {
      url: `${url}/track${typed ? '/page_view' : ''}`,
      headers: { 'user-agent': first?.userAgent ?? '', ...(first?.bot === true ? proxied : {}) },
      bodyOf: (event) => event.body,
    };
  });

/** The services' road: POST /events with a key. */
export const collectorRoad = (url: string, key: string): Road =>
  httpRoad(() => ({
    url: `${url}/events`,
    headers: { 'x-analytics-key': key },
    bodyOf: (event) =>
      typeof event.body === 'string' ? event.body : { service: serviceNameOf(event.type), ...event.body },
  }));

interface Request {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bodyOf: (event: SimulatedEvent) => SimulatedEvent['body'];
}

function httpRoad(requestOf: (events: readonly SimulatedEvent[]) => Request): Road {
  async function send(events: readonly SimulatedEvent[]): Promise<readonly Answer[]> {
    const { url, headers, bodyOf } = requestOf(events);
    const bodies = events.map(bodyOf);
    const [only] = bodies;
    const body =
      bodies.length > 1 ? JSON.stringify(bodies) : typeof only === 'string' ? only : JSON.stringify(only);
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body,
        signal: AbortSignal.timeout(timeoutMs),
      });
      const json: unknown = await response.json().catch(() => undefined);
      const retryAfterMs = Number(response.headers.get('retry-after') ?? 0) * 1_000 || againMs;
      return answersOf(events.length, response.status, json, retryAfterMs);
    } catch (error) {
      if (error instanceof KadaError) throw error;
      const why = reasonOf(error);
      const answer: Answer =
        why === 'ECONNREFUSED'
          ? { kind: 'refused', why, retryAfterMs: againMs, everyone: true }
          : { kind: 'unknown', why, retryAfterMs: againMs };
      return events.map(() => answer);
    }
  }

  return { batchAtMost: 100, atOnce: 24, send, close: async () => undefined };
}

function answersOf(count: number, status: number, json: unknown, retryAfterMs: number): readonly Answer[] {
  const error = recordOf(recordOf(json)?.error);
  const code = String(error?.code ?? status);
  const all = (answer: Answer): readonly Answer[] => Array.from({ length: count }, () => answer);
  if (status === 202) {
    if (count === 1) return [resultOf(json)];
    const results: unknown = recordOf(json)?.results;
    if (!Array.isArray(results) || results.length !== count) {
      return all({ kind: 'unknown', why: 'results missing', retryAfterMs });
    }
    return results.map(resultOf);
  }
  const why = `${status} ${code}`;
  if (code === 'no_key_configured' || [401, 403, 404, 405, 415].includes(status)) {
    throw new KadaError(
      'KADA_SIMULATE_REFUSED',
      `the pipeline answered ${why}: ${String(error?.message ?? '')} Sending again would not help.`,
    );
  }
  if (status === 429) return all({ kind: 'refused', why, retryAfterMs, everyone: false });
  if (status === 503 && code !== 'outcome_unknown') {
    return all({ kind: 'refused', why, retryAfterMs, everyone: true });
  }
  if (status >= 500 || status === 408) return all({ kind: 'unknown', why, retryAfterMs });
  const kept = recordOf(error?.details)?.kept === 'dead_letter';
  return all(kept ? { kind: 'dead_lettered', reason: code } : { kind: 'rejected', why });
}

/** `stored`, `duplicate` and so on, of a single event or of a batch's element. */
function resultOf(json: unknown): Answer {
  const result = recordOf(json);
  const error = recordOf(result?.error);
  switch (result?.status) {
    case 'stored':
    case 'duplicate':
    case 'published':
      return { kind: 'promised', as: result.status };
    case 'dead_lettered':
      return { kind: 'dead_lettered', reason: String(error?.code) };
    case 'rejected':
      return { kind: 'rejected', why: `rejected ${String(error?.code)}` };
    default:
      // the collector answers a single one as a batch of one
      return Array.isArray(result?.results) && result.results.length === 1
        ? resultOf(result.results[0])
        : { kind: 'unknown', why: 'an answer without status', retryAfterMs: againMs };
  }
}

const recordOf = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return cause instanceof Error && 'code' in cause ? String(cause.code) : messageOf(cause);
}
