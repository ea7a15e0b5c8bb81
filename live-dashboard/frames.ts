/**
 * What goes over the wire to the page (funnel.md "Frames to the browser"; live-page "What the page must be told").
 * Times are ms since 1970 (UTC), durations seconds, money in hundredths.
 *
 * A snapshot is whole. A delta carries the parts that changed since the frame before; its `cohorts` and `minutes`
 * hold only the touched minutes, its `funnels` only the touched funnels, its `recent` only the new events, its
 * `rates` only the groups from the first that is new or touched. All of it is absolute, so that a delta may be applied on a snapshot that holds it
 * already. A client applies delta n only on frame n − 1, else it asks for a snapshot.
 */

export const entryWindows = { '15m': 15, '1h': 60, '24h': 1440 } as const;
export type EntryWindow = keyof typeof entryWindows;

export type ServerState =
  | { readonly kind: 'starting'; readonly doing: string }
  | { readonly kind: 'rebuilding'; readonly done: number; readonly total: number }
  | { readonly kind: 'live' }
  | {
      readonly kind: 'degraded';
      readonly reason: string;
      readonly since: number;
      /** the numbers are those of this moment; left out where they are of now */
      readonly dataAsOf?: number;
    }
  | { readonly kind: 'stopping' };

export interface StepDefinition {
  readonly label: string;
  /** the rule in a word: `page_view /products/*`, `paid or COD` */
  readonly rule: string;
  /** canonical and raw types whose dead letters are missing in this step, as DeadLetterMinute names them */
  readonly types: readonly string[];
}

/**
 * Of step k ≥ 2: sessions(k−1) = sessions(k) + stillInTime(k) + dropped(k). Step 1: both are 0.
 * Seconds are from the step before, over converted sessions; null when there are none.
 */
export interface StepCounts {
  readonly sessions: number;
  readonly stillInTime: number;
  readonly dropped: number;
  readonly medianSeconds: number | null;
  readonly p90Seconds: number | null;
}

/** Sessions that entered in one minute. `steps[k]` as StepCounts, without the durations. */
export interface CohortMinute {
  /** start of the minute */
  readonly at: number;
  /** sessions that reached step k */
  readonly reached: readonly number[];
  /** of those that reached step k−1 and not k: can still convert; index 0 is 0 */
  readonly stillInTime: readonly number[];
  /** set when a late or replayed event changed a cohort whose window was closed */
  readonly revised?: {
    readonly at: number;
    readonly why: 'late' | 'replay';
    /**
     * how many of that kind changed it, each within ten minutes of the one before; one that changed several minutes
     * counts in one of them, so that events of minutes may be added
     */
    readonly events: number;
    /** sessions that reached each step before the first of these events */
    readonly before: readonly number[];
  };
}

export interface FunnelFrame {
  readonly name: string;
  readonly title: string;
  readonly windowSeconds: number;
  readonly steps: readonly StepDefinition[];
  /** by entry window; its edge is a whole minute */
  readonly windows: Readonly<Record<EntryWindow, readonly StepCounts[]>>;
  readonly cohorts: readonly CohortMinute[];
}

export interface Money {
  readonly currency: string;
  /** hundredths */
  readonly amount: number;
}

/** Orders (purchases) by event time in an entry window; funnel.md 10. */
export interface OrdersInWindow {
  readonly orders: number;
  readonly revenue: readonly Money[];
  readonly unattributed: number;
}

/**
 * Counters of one window, by arrival, per source where it says so. Natural duplicates, among them dead letters that
 * came again, leave no row: they count since the process began. All others are those of the rows.
 */
export interface WindowCounters {
  /** null: not known to a process that takes nothing in */
  readonly natural: number | null;
  readonly synthetic: number;
  readonly late: number;
  readonly deadLetters: number;
  /** events of automated visitors, left out of the funnel */
  readonly bots: number;
  readonly bySource: readonly SourceCounters[];
  /** most frequent first */
  readonly deadLettersByReason: readonly { readonly reason: string; readonly count: number }[];
}

/** What was stored counts under the source of its row; duplicates and dead letters under who delivered them. */
export interface SourceCounters {
  readonly source: string;
  /** stored */
  readonly events: number;
  readonly natural: number | null;
  readonly synthetic: number;
  readonly late: number;
  readonly deadLetters: number;
}

export interface SourceState {
  readonly source: string;
  /** `consuming`, `listening`, `connecting`, `paused`, `off` … */
  readonly state: string;
  readonly detail: string | null;
  /** where it listens, for the curl lines of an empty page; null when it does not */
  readonly url: string | null;
  /** event time up to which the source is complete; null while nothing came */
  readonly watermark: number | null;
  /** stored events per second, mean of the last whole minute of groups */
  readonly perSecond: number;
}

/** Dead letters that arrived in one minute. */
export interface DeadLetterMinute {
  readonly at: number;
  readonly reasons: readonly {
    readonly reason: string;
    readonly concerns: string | null;
    readonly count: number;
  }[];
}

export interface RecentEvent {
  /** counts up by one with every settled event of the process; a client knows by it what it has already */
  readonly n: number;
  readonly at: number;
  readonly eventTime: number | null;
  readonly source: string;
  readonly type: string;
  readonly sessionId: string | null;
  readonly outcome: 'stored' | 'duplicate' | 'dead-lettered' | 'rejected';
  readonly reason: string | null;
}

/**
 * Stored events per second, by the time of their arrival, in groups of `groupSeconds`. Arrays begin with the group
 * that starts at `from` and hold `groups` values. What a delta does not name is 0 in its groups, and groups that
 * nobody sent are 0: the page slides the 15 minutes by the server's clock.
 */
export interface RatesFrame {
  readonly groupSeconds: number;
  readonly from: number;
  readonly groups: number;
  readonly byType: Readonly<Record<string, readonly number[]>>;
  readonly bySource: Readonly<Record<string, readonly number[]>>;
}

export const rateGroupSeconds = 5;
/** 15 minutes */
export const rateGroups = 180;
export const recentLimit = 50;

/** The parts of a frame that change on their own; a delta carries those that did. */
export interface FrameParts {
  readonly state: ServerState;
  readonly funnels: readonly FunnelFrame[];
  readonly orders: Readonly<Record<EntryWindow, OrdersInWindow>>;
  readonly counters: Readonly<Record<EntryWindow, WindowCounters>>;
  readonly deadLetterMinutes: readonly DeadLetterMinute[];
  readonly rates: RatesFrame;
  readonly sources: readonly SourceState[];
  /** event time of the newest committed event; null when there is none */
  readonly newestEvent: number | null;
  /** ms, over the last minute; null when nothing was committed */
  readonly commitP95: number | null;
  /** messages waiting in RabbitMQ; null: unknown */
  readonly queueDepth: number | null;
  /** sessions let go at LIVE_MAX_SESSIONS; while > 0 equality is not promised */
  readonly evictedSessions: number;
  readonly maxSessions: number;
  /** what stores the events, and how it does: `ready, DuckDB` */
  readonly warehouse: string;
  /** since when the counters that leave no row count */
  readonly countersSince: number;
  readonly botsAndSeedsIncluded: { readonly bots: boolean; readonly seeds: boolean };
  /** what the newest robot that was left out calls itself, `curl/8.5`; null: none came to this process, or it has no name */
  readonly newestBot: string | null;
  /** newest first, at most 50 */
  readonly recent: readonly RecentEvent[];
}

export interface SnapshotFrame extends FrameParts {
  readonly kind: 'snapshot';
  readonly seq: number;
  readonly now: number;
  readonly horizonStart: number;
}

export interface DeltaFrame extends Partial<FrameParts> {
  readonly kind: 'delta';
  readonly seq: number;
  readonly now: number;
  readonly horizonStart: number;
}

export type Frame = SnapshotFrame | DeltaFrame;

/** Answer to a ping: a page that hears nothing for a while asks, since browsers hide the protocol's own pings. */
export interface PongMessage {
  readonly kind: 'pong';
  readonly now: number;
}

export type ServerMessage = Frame | PongMessage;

/** What a page may say to the server. */
export type ClientMessage = { readonly kind: 'snapshot' } | { readonly kind: 'ping' };
