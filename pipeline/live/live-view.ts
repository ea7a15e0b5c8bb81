import { filter, interval, map, type Observable, share } from 'rxjs';
import type { Frame, FrameParts, ServerState, SnapshotFrame } from '../../live-dashboard/frames.ts';
import type { ArrivalCount, DeadLetterCount, SourceProgress, StoredEvent } from '../../sinks/warehouse.ts';
import { arrivedAt } from './arrival.ts';
import { createCommitLatency } from './commit-latency.ts';
import type { CommittedBatch } from './committed.ts';
import { createDeadLetterMinutes } from './dead-letter-minutes.ts';
import type { FoldReader, FunnelDescription } from './fold-reader.ts';
import { createFrameParts } from './frame-parts.ts';
import { createRates } from './rates.ts';
import { createRecent } from './recent.ts';
import { createSourceClocks } from './source-clocks.ts';
import { createTallies, type StoredArrivals } from './tallies.ts';
import { MINUTE } from './window-ring.ts';

/** What a source says of itself. */
export interface SourceStatus {
  /** `tracking`, `collector`, `rabbitmq`, `replay` */
  readonly source: string;
  readonly state: string;
  readonly detail: string | null;
  readonly url: string | null;
}

export interface LiveViewOptions {
  readonly fold: FoldReader;
  readonly funnels: readonly FunnelDescription[];
  /** ms since 1970 */
  readonly now: () => number;
  /** ms since 1970: when the counters that leave no row began */
  readonly countersSince: number;
  readonly horizonMs: number;
  readonly maxSessions: number;
  /** nothing comes in by this process: what leaves no row is not known here, and shown as such */
  readonly rowsOnly?: boolean;
  readonly included: FrameParts['botsAndSeedsIncluded'];
  readonly state: () => ServerState;
  readonly sources: () => readonly SourceStatus[];
  readonly warehouse: () => string;
  /** messages waiting in RabbitMQ; null: unknown */
  readonly queueDepth: () => number | null;
  /** When to look whether a frame is due; default every 250 ms. */
  readonly ticks$?: Observable<unknown>;
}

/** What the rows say of the time before a process (warehouse.ts). */
export interface StoredBefore extends StoredArrivals {
  /** the last 15 minutes in slices of `rateGroupSeconds` */
  readonly rates: readonly ArrivalCount[];
  readonly reached: readonly SourceProgress[];
}

export interface LiveView {
  /** Takes in what a commit settled; after the fold has applied the same events. */
  observe(batch: CommittedBatch): void;
  /** Takes in what was stored before this process; once, before anything is observed (restore.ts). */
  restore(rows: StoredBefore, now: number): void;
  /** Takes in dead letters that came, or with a minus went, by rows that any process may have written. */
  addLetters(changes: readonly DeadLetterCount[], now: number): void;
  /** The whole view now, with the sequence number of the newest frame; the frame after it applies to it. */
  snapshot(): SnapshotFrame;
  /** At most one frame a tick, none while nothing changed; hot, shared by all subscribers. */
  readonly frames$: Observable<Frame>;
}

/** The live view beyond the fold, and the frames that bring both to the page (funnel.md, "Frames to the browser"). */
export function createLiveView(options: LiveViewOptions): LiveView {
  const { fold, now } = options;
  const deadLetters = createDeadLetterMinutes(Math.ceil(options.horizonMs / MINUTE));
  const tallies = createTallies({
    now: now(),
    horizonMs: options.horizonMs,
    deadLetters,
    rowsOnly: options.rowsOnly === true,
  });
  const rates = createRates();
  const latency = createCommitLatency();
  const recent = createRecent();
  const clocks = createSourceClocks();
  let newestBot: string | null = null;
  const parts = createFrameParts({
    ...options,
    deadLetters,
    tallies,
    rates,
    latency,
    recent,
    clocks,
    newestBot: () => newestBot,
  });
  let seq = 0;

  /** The rates leave out whom the funnel leaves out; else a crawler would look like a busy shop. */
  const isIncluded = ({ is_bot, is_seed }: Pick<StoredEvent, 'is_bot' | 'is_seed'>): boolean =>
    (is_bot === 0 || options.included.bots) && (is_seed === 0 || options.included.seeds);

  function nextFrame(): Frame | undefined {
    const at = now();
    fold.advance(at);
    tallies.advance(at);
    const frame = parts.changed(seq + 1, at);
    if (frame !== undefined) seq++;
    return frame;
  }

  return {
    observe(batch) {
      tallies.observe(batch);
      if (batch.commitMs !== undefined) latency.add(batch.at, batch.commitMs);
      recent.add(batch.at, batch.settled);
      newestBot = batch.newestBot ?? newestBot;
      for (const { outcome, event } of batch.settled) {
        if (outcome !== 'stored' || event === undefined) continue;
        clocks.see(event);
        const arrived = arrivedAt(event.received_at, batch.at);
        if (isIncluded(event)) rates.add(arrived, batch.at, event.canonical_type, event.source);
      }
    },

    restore(rows, at) {
      tallies.restore(rows, at);
      clocks.restore(rows.reached);
      for (const count of rows.rates.filter(isIncluded)) {
        rates.add(arrivedAt(count.at, at), at, count.canonical_type, count.source, count.events);
      }
    },

    addLetters: tallies.addLetters,

    snapshot() {
      const at = now();
      fold.advance(at);
      tallies.advance(at);
      return parts.whole(seq, at);
    },

    frames$: (options.ticks$ ?? interval(250)).pipe(
      map(nextFrame),
      filter((frame) => frame !== undefined),
      share(),
    ),
  };
}
