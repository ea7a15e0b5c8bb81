import { randomUUID } from 'node:crypto';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { pino } from 'pino';
import { type CollectorOptions, createCollectorSource } from '../../ingest/collector/source.ts';
import { decodeMessage } from '../../ingest/decode.ts';
import type { Delivery, Message, Outcome, UnavailableReason } from '../../ingest/delivery.ts';
import type { DeadLetterReason, Issue } from '../../ingest/event.ts';
import { createAdmission } from '../../ingest/http/admission.ts';
import { createTrackingSource, type TrackingOptions } from '../../ingest/tracking/source.ts';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: what a stranger's client would see
  readonly json: any;
}

export interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** One real HTTP request on a connection of its own. */
export function send(url: string, sent: Sent = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      `${url}${sent.path ?? ''}`,
      { method: sent.method ?? 'POST', headers: { ...sent.headers }, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          let json: unknown;
          try {
            json = JSON.parse(text);
          } catch {
            json = undefined;
          }
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json });
        });
      },
    );
    request.on('error', reject);
    request.end(sent.body);
  });
}

export const jsonType = { 'content-type': 'application/json' } as const;

export const pageView = (fields: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
  event_type: 'page_view',
  event_id: randomUUID(),
  session_id: 's-1',
  page_url: 'http://localhost:3000/products/1',
  ...fields,
});

/**
 * Stands where the pipeline stands: decodes with the real decoder, wants a session id, knows ids again, and
 * settles at once. `hold()` keeps deliveries unsettled, `answer` overrides what it says.
 */
export function createSettler() {
  const bodies = new Map<string, string>();
  const deliveries: Delivery[] = [];
  let holding = false;
  let verdict: ((message: Message) => Outcome) | undefined;

  const broken = (
    kind: 'dead-lettered' | 'rejected',
    reason: DeadLetterReason,
    issues: readonly Issue[] = [],
    eventId?: string,
  ): Outcome =>
    kind === 'rejected'
      ? { kind, eventId, reason, issues }
      : { kind, eventId, stage: reason.startsWith('invalid') ? 'decode' : 'validate', reason, issues };

  function judge(message: Message): Outcome {
    if (verdict !== undefined) return verdict(message);
    const decoded = decodeMessage(message);
    if (decoded.kind === 'undecodable') return broken('dead-lettered', decoded.reason, decoded.issues);
    const id = typeof decoded.body.event_id === 'string' ? decoded.body.event_id.toLowerCase() : randomUUID();
    if (typeof decoded.body.session_id !== 'string' && decoded.body.service === undefined) {
      const issues = Array.from({ length: 30 }, (_, index) => ({
        path: index === 0 ? 'session_id' : `field_${index}`,
        code: 'invalid_type',
        message: 'required',
      }));
      return broken('dead-lettered', 'validation_error:page_view', issues, id);
    }
    const known = bodies.get(id);
    const content = JSON.stringify(decoded.body);
    if (known === undefined) {
      bodies.set(id, content);
      return { kind: 'stored', eventId: id };
    }
    return known === content
      ? { kind: 'duplicate', eventId: id }
      : broken('dead-lettered', 'event_id_conflict', [], id);
  }

  function settle(delivery: Delivery): void {
    delivery.settle({ kind: 'durable', outcomes: delivery.messages.map(judge) });
    delivery.release();
  }

  return {
    deliveries,
    next(delivery: Delivery): void {
      deliveries.push(delivery);
      if (!holding) settle(delivery);
    },
    settle,
    broken,
    hold(on = true): void {
      holding = on;
    },
    answer(give: ((message: Message) => Outcome) | undefined): void {
      verdict = give;
    },
  };
}

export function createTestGate() {
  let reason: UnavailableReason | undefined;
  return {
    refusal: () => reason,
    close(because: UnavailableReason | undefined): void {
      reason = because;
    },
  };
}

export function createRefusals() {
  const counts = new Map<string, number>();
  return {
    counts,
    onRefused(reason: string, count: number): void {
      counts.set(reason, (counts.get(reason) ?? 0) + count);
    },
  };
}

const silent = pino({ level: 'silent' });
const health = () => ({ status: 'ok', warehouse: 'up', rabbitmq: 'none' }) as const;

/** The real tracking door on a free port, with a settler behind it. */
export async function openTracking(overrides: Partial<TrackingOptions> = {}) {
  const settler = createSettler();
  const gate = createTestGate();
  const refusals = createRefusals();
  const admission = overrides.admission ?? createAdmission({ maxEvents: 5_000, maxBytes: 32 * 1_048_576 });
  const source = createTrackingSource({
    host: '127.0.0.1',
    port: 0,
    corsAllowOrigins: ['http://localhost:3000', 'http://127.0.0.1:3000'],
    trustProxy: false,
    rateLimitPerMinute: 6_000,
    sessionsPerMinutePerAddress: 300,
    deadLetters: { perMinute: 60, bytesPerMinute: 1_048_576, perMinutePerAddress: 20 },
    commitTimeoutMs: 5_000,
    gate,
    health,
    onRefused: refusals.onRefused,
    log: silent,
    ...overrides,
    admission,
  });
  source.deliveries$.subscribe(settler.next);
  const { url } = await source.listen();
  return { source, url, settler, gate, admission, refused: refusals.counts };
}

export const testKey = 'a-producer-key-of-32-characters!';

/** The real collector on a free port, with a settler behind it. */
export async function openCollector(overrides: Partial<CollectorOptions> = {}) {
  const settler = createSettler();
  const gate = createTestGate();
  const refusals = createRefusals();
  const admission = overrides.admission ?? createAdmission({ maxEvents: 5_000, maxBytes: 32 * 1_048_576 });
  const source = createCollectorSource({
    host: '127.0.0.1',
    port: 0,
    apiKeys: [testKey],
    commitTimeoutMs: 5_000,
    gate,
    health,
    onRefused: refusals.onRefused,
    log: silent,
    ...overrides,
    admission,
  });
  source.deliveries$.subscribe(settler.next);
  const { url } = await source.listen();
  return { source, url, settler, gate, admission, refused: refusals.counts };
}
