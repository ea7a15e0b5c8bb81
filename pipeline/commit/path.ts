import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { Observable, type OperatorFunction, Subject } from 'rxjs';
import type { StoredClaim, Warehouse } from '../../sinks/warehouse.ts';
import type { Identification } from '../steps/identify.ts';
import { type Availability, createAvailability } from './availability.ts';
import type { BatchLimits } from './batch.ts';
import { createClaims } from './claims.ts';
import { type Committer, type CommitterOptions, createCommitter, type Resolution } from './committer.ts';
import type { Member } from './entry.ts';
import { createLookUps } from './look-ups.ts';

export interface CommitPathOptions {
  readonly warehouse: Warehouse;
  readonly cacheSize: number;
  /** newest claims, newest first, to warm the LRU with */
  readonly warm: readonly StoredClaim[];
  readonly rules: CommitterOptions['rules'];
  readonly limits: BatchLimits;
  /** events whose claim is asked for; beyond it HTTP senders are refused (commit-protocol.md 12) */
  readonly maxMaybes: number;
  readonly giveBackAfterMs: number;
  readonly breakerMs: number;
  readonly now: () => number;
  readonly log: Logger;
  readonly onCache: (hit: boolean) => void;
  /** the warehouse has been away too long: stop consuming, else what is given back returns at once */
  readonly onGiveBack: () => Promise<void>;
  /** it answers again and no batch is in doubt: consume again */
  readonly onBack: () => void;
}

export interface CommitPath extends Identification {
  /** members → what became of them */
  readonly commit: () => OperatorFunction<Member, Resolution>;
  readonly availability: Availability;
  readonly committer: Pick<Committer, 'sweep' | 'drained' | 'inFlight'>;
  readonly maybes: () => number;
  /** fingerprints claimed and not yet settled */
  readonly claimsInFlight: () => number;
  /** Known claims may have been removed from the store: the next ones are looked up there. */
  readonly forgetClaims: () => void;
  /** rows of Bronze with a number up to this are durable, and none of them is still to come (commit-protocol.md 16) */
  readonly visibleSeq: () => number;
}

/** The heart: claims, look-ups and the committer, wired to each other (commit-protocol.md). */
export function createCommitPath(options: CommitPathOptions): CommitPath {
  const { warehouse, log } = options;
  const ready = new Subject<Member>();
  const resolutions = new Subject<Resolution>();
  const cache = new LRUCache<string, string>({ max: options.cacheSize });
  for (const claim of [...options.warm].reverse()) cache.set(claim.fingerprint, claim.contentHash ?? '');

  const availability = createAvailability({
    now: options.now,
    giveBackAfterMs: options.giveBackAfterMs,
    canRead: () => warehouse.ping(),
    canWrite: async () => committer.idle() && (await warehouse.probe()),
    onAway: (state) =>
      log.error(
        { code: state.code, reason: state.message },
        'the warehouse is away: events wait, none is lost',
      ),
    onGiveBack: (state) => {
      log.warn('the warehouse stays away: messages go back to the broker');
      void options.onGiveBack().then(() => {
        if (availability.away() === state) committer.giveBack();
      });
    },
    onBack: (state) => {
      log.info({ awayMs: options.now() - state.since }, 'the warehouse is back');
      void committer.doubtsResolved().then(() => {
        if (availability.away() === undefined) options.onBack();
      });
    },
  });
  const claims = createClaims({
    cache,
    surelyNew: (fingerprint) => warehouse.surelyNew(fingerprint),
    onMaybe: (fingerprint) => lookUps.ask(fingerprint),
    onMaybeGone: (fingerprint) => lookUps.forget(fingerprint),
    onReady: (member) => ready.next(member),
    onCache: options.onCache,
  });
  const lookUps = createLookUps({
    lookUp: (fingerprints) => warehouse.lookUp(fingerprints),
    answered: claims.lookedUp,
    availability,
  });
  let seq = warehouse.highestSeq;
  let visibleSeq = seq;
  const committer = createCommitter(claims, {
    warehouse,
    lanes: warehouse.commitsAtOnce,
    availability,
    rules: options.rules,
    nextSeq: () => {
      seq += 1;
      return seq;
    },
    onWhole: () => {
      visibleSeq = seq;
    },
    now: options.now,
    limits: options.limits,
    breakerMs: options.breakerMs,
    onResolution: (resolution) => resolutions.next(resolution),
    log,
  });

  function take(member: Member): void {
    committer.admit(member);
    claims.take(member);
    if (member.blockers === 0 || member.delivery.deadline === undefined) return;
    if (lookUps.pending() > options.maxMaybes) committer.withdraw(member, 'overloaded');
  }

  function commit(): OperatorFunction<Member, Resolution> {
    return function commitMembers(members$) {
      return new Observable<Resolution>((out) => {
        const resolved = resolutions.subscribe(out);
        const members = members$.subscribe({ next: committer.ready, error: (error) => out.error(error) });
        return () => {
          members.unsubscribe();
          resolved.unsubscribe();
        };
      });
    };
  }

  return {
    take,
    ready$: ready,
    commit,
    availability,
    committer,
    maybes: lookUps.pending,
    claimsInFlight: claims.size,
    forgetClaims: () => cache.clear(),
    visibleSeq: () => visibleSeq,
  };
}
