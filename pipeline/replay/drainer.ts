import type { AnalyticsEvent } from '../../ingest/event.ts';
import { possibleClaims } from '../../ingest/letter-claims.ts';
import type { Judged } from '../../ingest/normalise.ts';
import { type DeadMessage, keptBytes } from '../../ingest/rabbitmq/dead-message.ts';
import type { BroughtMessage } from '../../ingest/replay/brought.ts';
import type { ReplaySource, ReplayVerdict } from '../../ingest/replay/source.ts';
import type { StoredClaim, Warehouse } from '../../sinks/warehouse.ts';
import type { Validation } from '../steps/validate.ts';
import type { DrainResult } from './results.ts';
import { judgeUndelivered } from './undelivered.ts';

export interface DrainerOptions {
  readonly warehouse: Pick<Warehouse, 'lookUp'>;
  readonly judge: Validation['judge'];
  readonly source: Pick<ReplaySource, 'replay'>;
}

export interface Drainer {
  /** In the order of the messages. Rejects as the warehouse does. */
  drain(messages: readonly DeadMessage[], dryRun: boolean): Promise<readonly DrainResult[]>;
}

interface Case {
  readonly message: BroughtMessage;
  readonly judged: Judged;
  readonly claims: readonly string[];
}

/** Under the broker's name, whatever brought it: so is the letter that it may have. */
const brought = (dead: DeadMessage): BroughtMessage => ({
  ...dead,
  via: 'rabbitmq',
  replayed: undefined,
  bytes: 2 * keptBytes(dead),
});

/** A valid event has no reason to be dead. */
const reasonOf = (judged: Judged): string => (judged.kind === 'dead-letter' ? judged.letter.reason : '');

/**
 * Messages of the broker's dead-letter queue. One that has its letter already needs nothing more: the letter stands for
 * it, pending, replayed or discarded, and is not counted again. Another goes the way that it would have gone when it
 * came: it becomes a letter or, where it died of something else than its content (a time to live, a full queue) or the
 * contract has changed, an event.
 */
export function createDrainer({ warehouse, judge, source }: DrainerOptions): Drainer {
  function examine(dead: DeadMessage): Case {
    const message = brought(dead);
    const { decoded, judged } = judgeUndelivered(message, judge);
    return { message, judged, claims: possibleClaims(decoded, judged, message.via) };
  }

  async function feed(cases: readonly Case[]): Promise<ReadonlyMap<Case, DrainResult>> {
    const verdicts = await source.replay(cases.map(({ message }) => message));
    return new Map(cases.map((one, index) => [one, resultOf(one.judged, verdicts[index])]));
  }

  return {
    async drain(messages, dryRun) {
      const cases = messages.map(examine);
      const fingerprints = cases.flatMap(({ judged, claims }) =>
        judged.kind === 'event' ? [judged.event.fingerprint, ...claims] : claims,
      );
      const held = await warehouse.lookUp(fingerprints);
      /** letters of this call: their twins have them already */
      const letters = new Map<string, Case>();
      const fresh: Case[] = [];
      for (const one of cases) {
        if (one.claims.some((claim) => held.has(claim))) continue;
        if (one.judged.kind === 'dead-letter') {
          if (letters.has(one.judged.letter.fingerprint)) continue;
          letters.set(one.judged.letter.fingerprint, one);
        }
        fresh.push(one);
      }
      const results = dryRun ? imagined(fresh, held) : await feed(fresh);
      return cases.map((one) => {
        const own = results.get(one);
        if (own !== undefined) return own;
        const twin =
          one.judged.kind === 'dead-letter' ? letters.get(one.judged.letter.fingerprint) : undefined;
        const itsTwins = twin === undefined ? undefined : results.get(twin);
        // Its twin's letter is not there: nothing stands for this one.
        if (itsTwins?.outcome === 'unavailable') return itsTwins;
        return { outcome: 'known', reason: reasonOf(one.judged) };
      });
    },
  };
}

/** What would become of them, each seeing those before it. */
function imagined(
  cases: readonly Case[],
  held: ReadonlyMap<string, StoredClaim>,
): ReadonlyMap<Case, DrainResult> {
  const hashes = new Map<string, string | null>();
  for (const [fingerprint, { contentHash }] of held) hashes.set(fingerprint, contentHash);
  const become = ({ fingerprint, contentHash }: AnalyticsEvent): DrainResult => {
    const stored = hashes.get(fingerprint);
    if (stored === undefined) {
      hashes.set(fingerprint, contentHash);
      return { outcome: 'stored', event: fingerprint };
    }
    if (stored === null || stored === contentHash) return { outcome: 'duplicate', event: fingerprint };
    return { outcome: 'dead_lettered', reason: 'event_id_conflict', letter: `${fingerprint}|${contentHash}` };
  };
  return new Map(
    cases.map((one) => {
      const { judged } = one;
      if (judged.kind === 'event') return [one, become(judged.event)];
      const { reason, fingerprint } = judged.letter;
      return [one, { outcome: 'dead_lettered', reason, letter: fingerprint }];
    }),
  );
}

function resultOf(judged: Judged, verdict: ReplayVerdict | undefined): DrainResult {
  if (verdict === undefined) return { outcome: 'unavailable', reason: 'warehouse_away' };
  if (verdict.kind === 'unavailable') return { outcome: 'unavailable', reason: verdict.reason };
  const { outcome } = verdict;
  const known = judged.kind === 'event' ? judged.event.fingerprint : judged.letter.fingerprint;
  switch (outcome.kind) {
    case 'stored':
      return { outcome: 'stored', event: known };
    case 'duplicate':
    case 'published':
      return { outcome: 'duplicate', event: known };
    case 'dead-lettered':
    case 'rejected':
      return { outcome: 'dead_lettered', reason: outcome.reason, letter: known };
  }
}
