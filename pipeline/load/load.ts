import { setTimeout as delay } from 'node:timers/promises';
import autocannon from 'autocannon';
import { promisesOf } from './answers.ts';
import type { RunEvents } from './run-events.ts';

export interface LoadOptions {
  /** of the tracking API, without a path */
  readonly url: string;
  readonly requestsPerSecond: number;
  readonly seconds: number;
  /** events a request; 1 sends them as they are, without a list */
  readonly batch: number;
  readonly connections: number;
  readonly events: RunEvents;
  /** told of each answer, with how many events were acknowledged so far */
  readonly onAnswer?: (acknowledged: number) => void;
}

export interface LoadResult {
  /** by number: 1 where the event was acknowledged */
  readonly acknowledged: Uint8Array;
  readonly acknowledgedEvents: number;
  /** `202`, `503 overloaded`, … */
  readonly answers: ReadonlyMap<string, number>;
  /** `stored`, `duplicate`, `published`: what a 202 said of its events */
  readonly outcomes: ReadonlyMap<string, number>;
  /** requests that were answered, and those that were not: cut off, timed out or refused at the door */
  readonly answered: number;
  readonly unanswered: number;
  /** ms from the request to its 202, in ascending order */
  readonly latencies: Float64Array;
  readonly seconds: number;
}

export interface Load {
  readonly finished: Promise<LoadResult>;
  /** Ends it before its time. */
  stop(): void;
}

/**
 * autocannon sends what it may send in a second as fast as it is answered, and then rests. Groups of connections that
 * begin one after the other spread the requests over the second.
 */
const mostGroups = 20;
/** s: an end between two bursts cuts no request off */
const endBefore = 0.1;
const checkEndEveryMs = 50;
const requestTimeoutSeconds = 15;

export function startLoad(options: LoadOptions): Load {
  const { events, batch, onAnswer } = options;
  const acknowledged = createMarks();
  const answers = new Map<string, number>();
  const outcomes = new Map<string, number>();
  const latencies: number[] = [];
  /** first event of a request that waits for its answer → when it was sent */
  const sentAt = new Map<number, number>();
  let requests = 0;
  let answered = 0;

  function nextBody(): string {
    requests += 1;
    const now = Date.now();
    const first = events.next(now);
    sentAt.set(first.number, performance.now());
    if (batch === 1) return JSON.stringify(first.body);
    const bodies = [first.body];
    while (bodies.length < batch) bodies.push(events.next(now).body);
    return JSON.stringify(bodies);
  }

  function onResponse(status: number, text: string): void {
    answered += 1;
    const { what, promised } = promisesOf(status, text);
    count(answers, what);
    let since: number | undefined;
    for (const { eventId, outcome } of promised) {
      const number = events.numberOf(eventId);
      if (number === undefined) continue;
      count(outcomes, outcome);
      acknowledged.set(number);
      // the answer names the events itself: which connection it came by does not matter
      since ??= sentAt.get(number);
      sentAt.delete(number);
    }
    if (since !== undefined) latencies.push(performance.now() - since);
    onAnswer?.(acknowledged.count());
  }

  const running: autocannon.Instance[] = [];
  let stopped = false;
  const began = performance.now();

  async function runGroup(index: number, groups: number): Promise<void> {
    await delay((index * 1_000) / groups);
    const rate = share(options.requestsPerSecond, groups, index);
    if (stopped || rate === 0) return;
    await new Promise<void>((done, failed) => {
      const instance = autocannon(
        {
          url: `${options.url}/track`,
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          connections: Math.max(1, share(options.connections, groups, index)),
          overallRate: rate,
          duration: options.seconds - endBefore,
          sampleInt: checkEndEveryMs,
          timeout: requestTimeoutSeconds,
          requests: [
            { method: 'POST', setupRequest: (request) => ({ ...request, body: nextBody() }), onResponse },
          ],
        },
        (error) => (error === null || error === undefined ? done() : failed(error)),
      );
      running.push(instance);
    });
  }

  async function run(): Promise<LoadResult> {
    const groups = Math.min(mostGroups, options.connections, options.requestsPerSecond);
    await Promise.all(Array.from({ length: groups }, (_, index) => runGroup(index, groups)));
    return {
      acknowledged: acknowledged.marks(events.made()),
      acknowledgedEvents: acknowledged.count(),
      answers,
      outcomes,
      answered,
      unanswered: requests - answered,
      latencies: Float64Array.from(latencies).sort(),
      seconds: (performance.now() - began) / 1_000,
    };
  }

  return {
    finished: run(),
    stop() {
      stopped = true;
      for (const instance of running) instance.stop();
    },
  };
}

/** What falls to one of `parts` equal parts of a whole number. */
const share = (whole: number, parts: number, index: number): number =>
  Math.floor(whole / parts) + (index < whole % parts ? 1 : 0);

const count = (map: Map<string, number>, key: string): void => void map.set(key, (map.get(key) ?? 0) + 1);

/** A set of small whole numbers that grows as it needs. */
function createMarks() {
  let bytes = new Uint8Array(65_536);
  let marked = 0;
  return {
    count: () => marked,
    set(number: number): void {
      if (number >= bytes.length) {
        const larger = new Uint8Array(Math.max(number + 1, bytes.length * 2));
        larger.set(bytes);
        bytes = larger;
      }
      if (bytes[number] === 0) marked += 1;
      bytes[number] = 1;
    },
    marks(length: number): Uint8Array {
      const all = new Uint8Array(length);
      all.set(bytes.subarray(0, length));
      return all;
    },
  };
}
