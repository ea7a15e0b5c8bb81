import { eventually } from './eventually.ts';
import { createHttpClient, type HttpAnswer, type HttpClient, pause } from './http-client.ts';
import type { Ledger } from './ledger.ts';
import { changed, collectorEvent, type LoadEvent, trackEvent, wire } from './load-events.ts';
import { collectorKey } from './pipeline-process.ts';
import type { Random } from './random.ts';

export interface HttpTarget {
  readonly trackingUrl: string;
  readonly collectorUrl: string;
}

export interface HttpLoadOptions {
  readonly random: Random;
  readonly ledger: Ledger;
  /** where the process listens now; undefined while there is none */
  readonly target: () => HttpTarget | undefined;
  /** senders of single events to /track, each on a connection of its own */
  readonly singles?: number;
  /** senders of batches to /track */
  readonly batches?: number;
  readonly batchSize?: number;
  readonly collectors?: number;
  /** ms that a sender rests at most between two requests */
  readonly restMs?: number;
  /** with wrong events, conflicts and resent ids among them; default true */
  readonly mixed?: boolean;
}

export interface Load {
  /** Resolves when every sender has its last answer. */
  stop(): Promise<void>;
}

/** How many of its newest events a sender may send again. */
const remembered = 50;

/** Senders over HTTP that keep the ledger. What was refused or lost its answer is sent again, as clients do. */
export function startHttpLoad(options: HttpLoadOptions): Load {
  const { ledger, target } = options;
  const client = createHttpClient();
  const mixed = options.mixed ?? true;
  let stopping = false;

  async function untilThere(): Promise<HttpTarget | undefined> {
    return eventually(
      () => {
        const found = target();
        if (found === undefined && !stopping) throw new Error('there is no process');
        return found;
      },
      { timeoutMs: 600_000, everyMs: 5 },
    );
  }

  async function sender(send: (to: HttpTarget) => Promise<boolean>, random: Random): Promise<void> {
    while (!stopping) {
      const to = await untilThere();
      if (to === undefined) return;
      const reached = await send(to);
      await pause(reached ? random.int(0, options.restMs ?? 4) : 20);
    }
  }

  const senders: Promise<void>[] = [];
  for (let n = 0; n < (options.singles ?? 6); n++) {
    const random = options.random.fork();
    senders.push(sender(singles({ client, ledger, random, mixed }), random));
  }
  for (let n = 0; n < (options.batches ?? 2); n++) {
    const random = options.random.fork();
    const size = options.batchSize ?? 40;
    senders.push(sender(batches({ client, ledger, random, mixed }, size), random));
  }
  for (let n = 0; n < (options.collectors ?? 2); n++) {
    const random = options.random.fork();
    senders.push(sender(collectors({ client, ledger, random, mixed }), random));
  }

  return {
    async stop() {
      stopping = true;
      await Promise.all(senders);
      client.close();
    },
  };
}

interface Sending {
  readonly client: HttpClient;
  readonly ledger: Ledger;
  readonly random: Random;
  readonly mixed: boolean;
}

/** The next event of one sender: new, one that must be sent again, an old one, or an old id with other content. */
function createMix(
  { random, mixed }: Sending,
  make: (random: Random) => LoadEvent,
): {
  next(): LoadEvent;
  again(event: LoadEvent): void;
} {
  const old: LoadEvent[] = [];
  const due: LoadEvent[] = [];
  return {
    next() {
      const lost = due.shift();
      if (lost !== undefined) return lost;
      if (mixed && old.length > 0 && random.oneIn(8)) {
        return random.oneIn(6) ? changed(random.pick(old)) : random.pick(old);
      }
      const event = make(random);
      old.push(event);
      if (old.length > remembered) old.shift();
      return event;
    },
    again(event) {
      if (due.length < remembered) due.push(event);
    },
  };
}

function singles(sending: Sending): (to: HttpTarget) => Promise<boolean> {
  const { client, ledger, random, mixed } = sending;
  const mix = createMix(sending, trackEvent);
  let broken = 0;

  async function sendBroken(to: HttpTarget): Promise<boolean> {
    broken += 1;
    const mark = `mark-${random.uuid()}`;
    const noJson = broken % 2 === 0;
    const body = noJson ? `{"event_type":"click","${mark}` : JSON.stringify({ event_type: 'click', mark });
    const answer = await client.post(`${to.trackingUrl}/track`, body, { 'content-type': 'text/plain' });
    ledger.answered(describe(answer));
    ledger.letter(
      mark,
      answer.kind === 'answer' && answer.status === (noJson ? 400 : 422) ? 'promised' : weak(answer),
    );
    return answer.kind === 'answer';
  }

  return async function sendOne(to) {
    if (mixed && random.oneIn(25)) return sendBroken(to);
    const event = mix.next();
    const text = random.oneIn(2);
    const answer = await client.post(`${to.trackingUrl}/track`, wire(event), {
      'content-type': text ? 'text/plain' : 'application/json',
    });
    recordSingle(ledger, event, answer);
    if (answer.kind !== 'answer' || answer.status === 503) mix.again(event);
    return answer.kind === 'answer';
  };
}

/** 202: it is stored, or will be. 409: another content stands under its id, and a letter says so. */
export function recordSingle(ledger: Ledger, event: LoadEvent, answer: HttpAnswer): void {
  ledger.answered(describe(answer));
  const kept = answer.kind === 'answer' && (answer.status === 202 || answer.status === 409);
  ledger.row(event.id, kept ? 'promised' : weak(answer));
  if (answer.kind === 'answer' && answer.status === 409) ledger.conflict(event.id, 'promised');
}

function batches(sending: Sending, size: number): (to: HttpTarget) => Promise<boolean> {
  const mix = createMix(sending, trackEvent);
  return sendBatch(sending, mix, (to) => `${to.trackingUrl}/track`, size);
}

function collectors(sending: Sending): (to: HttpTarget) => Promise<boolean> {
  const mix = createMix({ ...sending, mixed: false }, collectorEvent);
  return sendBatch(sending, mix, (to) => `${to.collectorUrl}/events`, 10);
}

function sendBatch(
  { client, ledger, random }: Sending,
  mix: ReturnType<typeof createMix>,
  urlOf: (to: HttpTarget) => string,
  size: number,
): (to: HttpTarget) => Promise<boolean> {
  return async function sendMany(to) {
    const events = Array.from({ length: random.int(1, size) }, () => mix.next());
    const list = events.map(({ body }) => body);
    const body = JSON.stringify(random.oneIn(2) ? list : { events: list });
    const answer = await client.post(urlOf(to), body, { 'x-analytics-key': collectorKey });
    recordBatch(ledger, events, answer);
    if (answer.kind !== 'answer' || answer.status === 503) for (const event of events) mix.again(event);
    return answer.kind === 'answer';
  };
}

export function recordBatch(ledger: Ledger, events: readonly LoadEvent[], answer: HttpAnswer): void {
  ledger.answered(describe(answer));
  const results = answer.kind === 'answer' && answer.status === 202 ? resultsOf(answer.json) : undefined;
  events.forEach((event, index) => {
    if (results === undefined) {
      ledger.row(event.id, weak(answer));
      return;
    }
    const result = results[index];
    if (result === undefined)
      throw new Error(`a batch of ${events.length} was answered with ${results.length} results`);
    const conflict = result.status === 'dead_lettered' && result.code === 'event_id_conflict';
    const kept = conflict || ['stored', 'duplicate', 'published'].includes(result.status);
    if (!kept) throw new Error(`a good event was answered with ${JSON.stringify(result)}`);
    ledger.row(event.id, 'promised');
    if (conflict) ledger.conflict(event.id, 'promised');
  });
}

interface Result {
  readonly status: string;
  readonly code: string | undefined;
}

function resultsOf(json: unknown): readonly Result[] {
  if (!isRecord(json) || !Array.isArray(json.results))
    throw new Error(`no results in ${JSON.stringify(json)}`);
  return json.results.map((result: unknown) => {
    if (!isRecord(result) || typeof result.status !== 'string') throw new Error('a result without status');
    return { status: result.status, code: isRecord(result.error) ? String(result.error.code) : undefined };
  });
}

/** The fate of what was not promised: 503 says that nothing was stored, but for `outcome_unknown`. */
function weak(answer: HttpAnswer): 'unknown' | 'refused' {
  if (answer.kind !== 'answer') return answer.kind;
  return errorCode(answer.json) === 'outcome_unknown' ? 'unknown' : 'refused';
}

export function errorCode(json: unknown): string | undefined {
  return isRecord(json) && isRecord(json.error) && typeof json.error.code === 'string'
    ? json.error.code
    : undefined;
}

/** `202 stored`, `202 batch`, `503 overloaded`, `ECONNRESET` */
export function describe(answer: HttpAnswer): string {
  if (answer.kind !== 'answer') return answer.code;
  const { status, json } = answer;
  const code = errorCode(json) ?? (isRecord(json) && typeof json.status === 'string' ? json.status : 'batch');
  return `${status} ${code}`;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
