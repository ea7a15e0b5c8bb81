import type { LRUCache } from 'lru-cache';
import { contentHashOf, type Entry, fingerprintOf, type Member } from './entry.ts';

/** Newest known claims: fingerprint → content hash, '' when it has none. Only ever saves a look-up. */
export type FingerprintCache = LRUCache<string, string>;

export interface Claims {
  /** Takes the claims of all entries that have neither claim nor outcome, in one tick and in their order. */
  take(member: Member): void;
  /** A look-up has answered for a claim in flight. */
  lookedUp(fingerprint: string, stored: { readonly contentHash: string | null } | undefined): void;
  /** The entry's claim is committed. */
  stored(entry: Entry): void;
  /** Somebody else holds the claim, with this content. */
  exists(entry: Entry, contentHash: string | null): void;
  /** The leader gives its claim up unstored: the next in line leads, with what is known of the claim. */
  vacate(entry: Entry): void;
  /** Every claim that the member holds or waits for. */
  withdraw(member: Member): void;
  /** Claims in flight, for tests and metrics. */
  size(): number;
}

export interface ClaimsOptions {
  readonly cache: FingerprintCache;
  /** the engine's filter; asked at most once in the life of a claim (commit-protocol.md 12) */
  readonly surelyNew: (fingerprint: string) => boolean;
  readonly onMaybe: (fingerprint: string) => void;
  /** nobody waits for the look-up of this one any more */
  readonly onMaybeGone: (fingerprint: string) => void;
  /** nothing blocks the member any more */
  readonly onReady: (member: Member) => void;
  readonly onCache: (hit: boolean) => void;
}

interface Leaders {
  get(fingerprint: string): Entry | undefined;
  set(fingerprint: string, leader: Entry): void;
  delete(fingerprint: string): void;
  readonly size: number;
}

/**
 * Fingerprint → the entry that leads it. A place is emptied before the map lets go of it: the old table of a map
 * that was rehashed would keep the entry, and all of its request, until the next full collection.
 */
function createLeaders(): Leaders {
  const places = new Map<string, { leader: Entry | undefined }>();
  return {
    get: (fingerprint) => places.get(fingerprint)?.leader,
    set(fingerprint, leader) {
      const place = places.get(fingerprint);
      if (place === undefined) places.set(fingerprint, { leader });
      else place.leader = leader;
    },
    delete(fingerprint) {
      const place = places.get(fingerprint);
      if (place === undefined) return;
      place.leader = undefined;
      places.delete(fingerprint);
    },
    get size() {
      return places.size;
    },
  };
}

/**
 * The one map of claims in flight of a process, over all sources (commit-protocol.md 1 to 3). A fingerprint
 * enters at identify and leaves only when its outcome is known; the LRU holds it before the map lets go.
 *
 * Requests wait only for earlier ones, since all claims of a request are taken in one tick: no two wait for each
 * other. Dead letters made later (conflicts, refused rows) have reasons, and so fingerprints, that no waiting
 * request holds.
 */
export function createClaims(options: ClaimsOptions): Claims {
  const { cache, surelyNew, onMaybe, onMaybeGone, onReady, onCache } = options;
  const inFlight = createLeaders();

  function place(entry: Entry): void {
    const fingerprint = fingerprintOf(entry);
    const leader = inFlight.get(fingerprint);
    if (leader !== undefined) {
      if (leader.member === entry.member) repeat(entry, leader);
      else wait(entry, leader);
      return;
    }
    const cached = cache.get(fingerprint);
    onCache(cached !== undefined);
    if (cached !== undefined) {
      entry.state = 'known';
      entry.knownHash = cached;
      return;
    }
    inFlight.set(fingerprint, entry);
    if (surelyNew(fingerprint)) {
      entry.state = 'led';
      return;
    }
    entry.state = 'asking';
    entry.member.blockers += 1;
    onMaybe(fingerprint);
  }

  function wait(entry: Entry, leader: Entry): void {
    entry.state = 'twin';
    entry.member.blockers += 1;
    leader.twins ??= [];
    leader.twins.push(entry);
  }

  function repeat(entry: Entry, first: Entry): void {
    entry.state = 'repeat';
    entry.first = first;
    first.repeats ??= [];
    first.repeats.push(entry);
  }

  function unblock(entry: Entry): void {
    entry.member.blockers -= 1;
    if (entry.member.blockers === 0 && !entry.member.dropped) onReady(entry.member);
  }

  function becomeKnown(entry: Entry, hash: string): void {
    const blocked = entry.state === 'twin' || entry.state === 'asking';
    entry.state = 'known';
    entry.knownHash = hash;
    if (blocked) unblock(entry);
  }

  /** The claim is held by stored content: the LRU first, then the map lets go, then those who waited. */
  function release(leader: Entry, hash: string): readonly Entry[] {
    const fingerprint = fingerprintOf(leader);
    cache.set(fingerprint, hash);
    if (inFlight.get(fingerprint) === leader) inFlight.delete(fingerprint);
    const twins = leader.twins ?? [];
    leader.twins = undefined;
    return twins;
  }

  function exists(entry: Entry, contentHash: string | null): void {
    const hash = contentHash ?? '';
    const twins = release(entry, hash);
    const repeats = entry.repeats ?? [];
    entry.repeats = undefined;
    for (const again of repeats) {
      again.state = 'known';
      again.knownHash = hash;
      again.first = undefined;
    }
    becomeKnown(entry, hash);
    for (const twin of twins) becomeKnown(twin, hash);
  }

  function stored(entry: Entry): void {
    const hash = contentHashOf(entry);
    for (const twin of release(entry, hash)) becomeKnown(twin, hash);
  }

  function vacate(entry: Entry): void {
    const fingerprint = fingerprintOf(entry);
    if (inFlight.get(fingerprint) !== entry) return;
    const line = [...(entry.repeats ?? []), ...(entry.twins ?? [])].filter((next) => !next.member.dropped);
    entry.repeats = undefined;
    entry.twins = undefined;
    const [leader, ...rest] = line;
    if (leader === undefined) {
      inFlight.delete(fingerprint);
      if (entry.state === 'asking') onMaybeGone(fingerprint);
      return;
    }
    inFlight.set(fingerprint, leader);
    const waited = leader.state === 'twin';
    leader.first = undefined;
    leader.state = entry.state === 'asking' ? 'asking' : 'led';
    for (const next of rest) {
      if (next.member !== leader.member) {
        leader.twins ??= [];
        leader.twins.push(next);
        continue;
      }
      const blocked = next.state === 'twin';
      repeat(next, leader);
      if (blocked) next.member.blockers -= 1;
    }
    if (leader.state === 'asking') {
      if (!waited) leader.member.blockers += 1;
    } else if (waited) unblock(leader);
  }

  function withdraw(member: Member): void {
    member.dropped = true;
    for (const entry of member.entries) {
      if (entry.state === 'twin') {
        const leader = inFlight.get(fingerprintOf(entry));
        if (leader?.twins !== undefined) leader.twins = leader.twins.filter((twin) => twin !== entry);
      } else if (entry.state === 'led' || entry.state === 'asking') vacate(entry);
    }
  }

  return {
    take(member) {
      if (member.dropped) return;
      for (const entry of member.entries) {
        if (entry.state === 'placed' && entry.outcome === undefined) place(entry);
      }
      if (member.blockers === 0) onReady(member);
    },
    lookedUp(fingerprint, claim) {
      const leader = inFlight.get(fingerprint);
      if (leader === undefined || leader.state !== 'asking') return;
      if (claim !== undefined) return exists(leader, claim.contentHash);
      leader.state = 'led';
      unblock(leader);
    },
    stored,
    exists,
    vacate,
    withdraw,
    size: () => inFlight.size,
  };
}
