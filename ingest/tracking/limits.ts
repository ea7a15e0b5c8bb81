import { LRUCache } from 'lru-cache';
import type { Message, Origin } from '../delivery.ts';
import type { RefusalExtra } from '../http/answer.ts';
import type { Limit } from '../http/intake.ts';
import { createMinuteCounter, type MinuteCounter, secondsToNextMinute } from '../http/minute-counter.ts';
import { addressKey } from '../http/peer.ts';
import { sessionOf } from './session.ts';

const MAX_ADDRESSES = 50_000;
const MAX_SESSIONS = 100_000;
const MINUTE_MS = 60_000;

export interface RateLimits {
  /** events a minute and address */
  readonly rateLimitPerMinute: number;
  /** different session ids a minute and address */
  readonly sessionsPerMinutePerAddress: number;
}

export interface TrackingLimits {
  readonly limit: Limit;
  /** true: this address has nothing left in this minute, its body need not be read */
  isSpent(origin: Origin, now: number): boolean;
}

/**
 * http.md: 6,000 events and 300 different sessions a minute and address, checked before anything is stored and
 * taken only when both let the request in; off for local callers.
 */
export function createTrackingLimits(limits: RateLimits): TrackingLimits {
  const events = createMinuteCounter(MAX_ADDRESSES);
  const sessionCounts = createMinuteCounter(MAX_ADDRESSES);
  const seenSessions = createMinuteSet(MAX_SESSIONS);

  function isSpent(origin: Origin, now: number): boolean {
    if (origin.road !== 'track' || origin.local) return false;
    return events.used(addressKey(origin.ip), now) >= limits.rateLimitPerMinute;
  }

  function limit(messages: readonly Message[], origin: Origin, now: number): ReturnType<Limit> {
    if (origin.road !== 'track' || origin.local) return undefined;
    const key = addressKey(origin.ip);
    if (events.used(key, now) + messages.length > limits.rateLimitPerMinute)
      return { code: 'rate_limited', extra: overEvents(now) };
    const fresh = freshSessions(messages, key, now);
    if (sessionCounts.used(key, now) + fresh.size > limits.sessionsPerMinutePerAddress) {
      return { code: 'rate_limited', extra: overSessions(now) };
    }
    events.add(key, messages.length, now);
    sessionCounts.add(key, fresh.size, now);
    for (const session of fresh) seenSessions.add(session, now);
    return undefined;
  }

  function freshSessions(messages: readonly Message[], key: string, now: number): Set<string> {
    const fresh = new Set<string>();
    for (const message of messages) {
      const session = message.kind === 'parsed' ? sessionOf(message.value) : undefined;
      if (session === undefined) continue;
      const entry = `${key} ${session}`;
      if (!seenSessions.has(entry, now)) fresh.add(entry);
    }
    return fresh;
  }

  return { limit, isSpent };
}

function overSessions(now: number): RefusalExtra {
  return { details: { limit: 'sessions' }, retryAfter: secondsToNextMinute(now) };
}

/** What the sender of a request over the events' rate is told. */
export function overEvents(now: number): RefusalExtra {
  return { details: { limit: 'events' }, retryAfter: secondsToNextMinute(now) };
}

export interface LetterBounds {
  readonly perMinute: number;
  readonly bytesPerMinute: number;
  readonly perMinutePerAddress: number;
}

/**
 * Takes a place for one dead letter of a public caller (events.md 7); false: tell the sender, store nothing.
 * Local callers and other roads are not bounded here.
 */
export function createLetterBounds(
  bounds: LetterBounds,
  now: () => number,
): (origin: Origin, bytes: number) => boolean {
  const letters = createMinuteCounter(1);
  const byteCount = createMinuteCounter(1);
  const byAddress: MinuteCounter = createMinuteCounter(MAX_ADDRESSES);

  return function allowLetter(origin: Origin, bytes: number): boolean {
    if (origin.road !== 'track' || origin.local) return true;
    const at = now();
    const key = addressKey(origin.ip);
    if (
      letters.used('all', at) >= bounds.perMinute ||
      byteCount.used('all', at) + bytes > bounds.bytesPerMinute ||
      byAddress.used(key, at) >= bounds.perMinutePerAddress
    ) {
      return false;
    }
    letters.add('all', 1, at);
    byteCount.add('all', bytes, at);
    byAddress.add(key, 1, at);
    return true;
  };
}

/** What was seen in the running minute. An entry that was evicted counts as new: refused early, never stored. */
function createMinuteSet(max: number): {
  has(entry: string, now: number): boolean;
  add(entry: string, now: number): void;
} {
  const entries = new LRUCache<string, true>({ max });
  let minute = -1;
  function turn(now: number): void {
    const current = Math.floor(now / MINUTE_MS);
    if (current !== minute) entries.clear();
    minute = current;
  }
  function has(entry: string, now: number): boolean {
    turn(now);
    return entries.has(entry);
  }
  function add(entry: string, now: number): void {
    turn(now);
    entries.set(entry, true);
  }
  return { has, add };
}
