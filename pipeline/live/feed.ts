import type { Logger } from 'pino';
import type { Observable } from 'rxjs';
import { messageOf } from '../../ingest/errors.ts';
import type { Warehouse } from '../../sinks/warehouse.ts';
import type { Availability } from '../commit/availability.ts';
import type { FunnelFold } from '../funnel/fold.ts';
import { rebuildFold } from '../funnel/rebuild.ts';
import type { OrderLookUps } from '../steps/fold.ts';
import { follow } from '../steps/follow.ts';
import { createFollower, type Follower } from './follower.ts';
import { createLetterSlices } from './letter-slices.ts';
import type { LiveView } from './live-view.ts';
import { countedLetters, restoreLive } from './restore.ts';

/**
 * Where the live view's rows come from. An embedded warehouse has one writer, which knows at once what it committed. A
 * server's has any number: a process that shows a page reads what all of them committed, its own among it, and one
 * that shows none keeps no live state.
 */
export type LiveSource = 'own-commits' | 'warehouse' | 'none';

export const liveSourceOf = (embedded: boolean, showsPages: boolean): LiveSource =>
  embedded ? 'own-commits' : showsPages ? 'warehouse' : 'none';

export interface FeedOptions {
  readonly source: LiveSource;
  readonly fold: FunnelFold;
  readonly live: LiveView;
  readonly warehouse: Warehouse;
  readonly orders: OrderLookUps;
  readonly availability: Availability;
  readonly horizonMs: number;
  readonly onProgress: (done: number, total: number) => void;
  readonly now: () => number;
  readonly log: Logger;
}

/** What goes on feeding a live view that is rebuilt; undefined: the commits of this process do, or there is none. */
export interface LiveFeed {
  readonly followed$: Observable<unknown>;
  readonly asOf: Follower['asOf'];
}

/**
 * Rebuilds the live state, up to a marker where others may commit meanwhile; what comes after the marker is followed,
 * so that each row is folded once (commit-protocol.md 13 and 16). Rejects as the warehouse does.
 */
export async function startLiveFeed(options: FeedOptions): Promise<LiveFeed | undefined> {
  const { source, fold, live, warehouse, horizonMs, onProgress, now } = options;
  if (source === 'none') return undefined;
  const markedAt = now();
  const marker = source === 'warehouse' ? await warehouse.visibleSeq() : undefined;
  await rebuildFold(fold, warehouse, { now: now(), upTo: marker, onProgress });
  const restored = await restoreLive(live, warehouse, { now: now(), horizonMs, upTo: marker });
  if (marker === undefined) return undefined;

  const letters = createLetterSlices();
  letters.differences(restored);
  const lettersNow = () => countedLetters(now(), horizonMs);
  const follower = createFollower({
    warehouse,
    after: marker,
    markedAt,
    letters: lettersNow,
    now,
    ...onFollowing(options),
  });
  return {
    followed$: follower.pages$.pipe(
      follow({
        funnels: fold,
        orders: options.orders,
        live,
        letters,
        lettersFrom: () => lettersNow().from,
        now,
        log: options.log,
      }),
    ),
    asOf: follower.asOf,
  };
}

/** A reader that fails says nothing of the warehouse, unless that does not answer at all. */
function onFollowing({
  warehouse,
  availability,
  log,
}: FeedOptions): Pick<Parameters<typeof createFollower>[0], 'onAnswer' | 'onFailure'> {
  return {
    onAnswer: () => availability.succeeded('read'),
    async onFailure(error, attempt) {
      const reason = messageOf(error);
      if (attempt === 0)
        log.warn({ code: 'KADA_FOLLOW_FAILED', reason }, 'the live view stands still: read again');
      if (!(await warehouse.ping())) availability.failed('read', 'KADA_FOLLOW_FAILED', reason);
      await availability.backOff(attempt);
    },
  };
}
