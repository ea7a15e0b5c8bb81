import type { AnalyticsEvent, DeadLetter } from '../../ingest/event.ts';
import type { ReplayMessage } from '../../ingest/replay/stored-letter.ts';
import type { StoredClaim } from '../../sinks/warehouse.ts';
import type { Validation } from '../steps/validate.ts';
import type { ReplayResult } from './results.ts';
import { judgeUndelivered } from './undelivered.ts';

export interface DryRunParts {
  readonly judge: Validation['judge'];
  readonly lookUp: (fingerprints: readonly string[]) => Promise<ReadonlyMap<string, StoredClaim>>;
}

const dead = (id: string, { stage, reason, issues }: DeadLetter): ReplayResult => ({
  id,
  outcome: 'dead_lettered',
  stage,
  reason,
  issues: [...issues],
});

const conflict = (id: string): ReplayResult => ({
  id,
  outcome: 'dead_lettered',
  stage: 'identify',
  reason: 'event_id_conflict',
  issues: [{ path: 'event_id', code: 'event_id_conflict', message: 'the id came before with other content' }],
});

/**
 * What each would become now; nothing is changed. Letters of one call see each other, as they would in a replay: the
 * first of two with one id is stored.
 */
export async function dryRun(
  messages: readonly ReplayMessage[],
  { judge, lookUp }: DryRunParts,
): Promise<readonly ReplayResult[]> {
  const judged = messages.map((message) => {
    return { id: message.replayed.letterId, of: judgeUndelivered(message, judge).judged };
  });
  const events = judged.flatMap(({ of }) => (of.kind === 'event' ? [of.event] : []));
  const found = await lookUp(events.map(({ fingerprint }) => fingerprint));
  const held = new Map<string, string | null>();
  for (const [fingerprint, claim] of found) held.set(fingerprint, claim.contentHash);

  function become(id: string, event: AnalyticsEvent): ReplayResult {
    const eventId = event.row.event_id;
    const stored = held.get(event.fingerprint);
    if (stored === undefined) {
      held.set(event.fingerprint, event.contentHash);
      return { id, outcome: 'stored', eventId };
    }
    const same = stored === null || stored === event.contentHash;
    return same ? { id, outcome: 'duplicate', eventId } : conflict(id);
  }
  return judged.map(({ id, of }) => (of.kind === 'dead-letter' ? dead(id, of.letter) : become(id, of.event)));
}
