import {
  type EntryWindow,
  entryWindows,
  type Frame,
  type FrameParts,
  type FunnelFrame,
  type SnapshotFrame,
  type SourceState,
  type StepCounts,
} from '../../live-dashboard/frames.ts';
import type { CommitLatency } from './commit-latency.ts';
import type { DeadLetterMinutes } from './dead-letter-minutes.ts';
import type { FunnelDescription } from './fold-reader.ts';
import type { LiveViewOptions } from './live-view.ts';
import type { Rates } from './rates.ts';
import type { Recent } from './recent.ts';
import type { SourceClocks } from './source-clocks.ts';
import type { Tallies } from './tallies.ts';
import { MINUTE, minuteOf, windowStart } from './window-ring.ts';

export interface FrameSources extends LiveViewOptions {
  readonly deadLetters: DeadLetterMinutes;
  readonly tallies: Tallies;
  readonly rates: Rates;
  readonly latency: CommitLatency;
  readonly recent: Recent;
  readonly clocks: SourceClocks;
  readonly newestBot: () => string | null;
}

/** Builds the parts of frames, and knows which of them the last frame already told. */
export interface FrameBuilder {
  whole(seq: number, now: number): SnapshotFrame;
  /** A delta, or a whole snapshot when the view becomes ready; undefined when nothing changed. */
  changed(seq: number, now: number): Frame | undefined;
}

/** The parts that are small enough to be compared as text. */
type SmallParts = Omit<FrameParts, 'funnels' | 'deadLetterMinutes' | 'rates' | 'recent'>;

const noCounts: StepCounts = {
  sessions: 0,
  stillInTime: 0,
  dropped: 0,
  medianSeconds: null,
  p90Seconds: null,
};

export function createFrameParts(sources: FrameSources): FrameBuilder {
  const { fold, funnels, deadLetters, tallies, rates, latency, recent, clocks } = sources;
  const horizonMinutes = Math.ceil(sources.horizonMs / MINUTE);

  const told = new Map<string, string>();
  let toldVersion = fold.version();
  let toldMinute = minuteOf(sources.now());
  let toldDeadLetters = deadLetters.version();
  let toldRates = rates.edge(sources.now());
  let toldRecent = recent.lastN();
  let toldReady: boolean | undefined;

  /** Half-true numbers are worse than none: until the state is rebuilt the funnels are empty. */
  const isReady = (): boolean => {
    const { kind } = sources.state();
    return kind !== 'starting' && kind !== 'rebuilding';
  };

  function byWindow<T>(read: (minutes: number) => T): Record<EntryWindow, T> {
    return {
      '15m': read(entryWindows['15m']),
      '1h': read(entryWindows['1h']),
      '24h': read(entryWindows['24h']),
    };
  }

  const windowsOf = (funnel: FunnelDescription, now: number, ready: boolean): FunnelFrame['windows'] =>
    byWindow((minutes) =>
      ready ? fold.windowCounts(funnel.name, minutes, now) : funnel.steps.map(() => noCounts),
    );

  const sourceStates = (now: number): readonly SourceState[] =>
    sources.sources().map((status) => ({
      ...status,
      watermark: clocks.watermark(status.source),
      perSecond: rates.perSecond(status.source, now),
    }));

  /** Read again only when the fold or the minute moved. */
  let orders: { readonly key: string; readonly value: FrameParts['orders'] } | undefined;
  function ordersNow(now: number, ready: boolean): FrameParts['orders'] {
    const key = `${fold.version()} ${minuteOf(now)} ${ready}`;
    if (orders?.key !== key) {
      const none = { orders: 0, revenue: [], unattributed: 0 };
      orders = { key, value: byWindow((minutes) => (ready ? fold.orders(minutes, now) : none)) };
    }
    return orders.value;
  }

  function smallParts(now: number, ready: boolean): SmallParts {
    return {
      state: sources.state(),
      orders: ordersNow(now, ready),
      counters: tallies.counters(now),
      sources: sourceStates(now),
      newestEvent: clocks.newest(),
      commitP95: latency.p95(now),
      queueDepth: sources.queueDepth(),
      evictedSessions: fold.evictedSessions(),
      maxSessions: sources.maxSessions,
      warehouse: sources.warehouse(),
      countersSince: sources.countersSince,
      botsAndSeedsIncluded: sources.included,
      newestBot: sources.newestBot(),
    };
  }

  /** Remembers the text of a part; true when the last frame told another. */
  function isNews(key: string, value: unknown): boolean {
    const text = JSON.stringify(value);
    if (told.get(key) === text) return false;
    told.set(key, text);
    return true;
  }

  function whole(seq: number, now: number): SnapshotFrame {
    const ready = isReady();
    return {
      kind: 'snapshot',
      seq,
      now,
      horizonStart: windowStart(now, horizonMinutes),
      ...smallParts(now, ready),
      funnels: funnels.map((funnel) => ({
        ...funnel,
        windows: windowsOf(funnel, now, ready),
        cohorts: ready ? fold.cohorts(funnel.name, now) : [],
      })),
      deadLetterMinutes: deadLetters.minutes(),
      rates: rates.whole(now),
      recent: recent.newest(),
    };
  }

  function changedFunnels(now: number): readonly FunnelFrame[] {
    const version = fold.version();
    if (version === toldVersion && minuteOf(now) === toldMinute) return [];
    const changed = funnels.flatMap((funnel) => {
      const windows = windowsOf(funnel, now, true);
      const cohorts = version === toldVersion ? [] : fold.cohorts(funnel.name, now, toldVersion);
      const news = isNews(`funnel ${funnel.name}`, windows) || cohorts.length > 0;
      return news ? [{ ...funnel, windows, cohorts }] : [];
    });
    toldVersion = version;
    toldMinute = minuteOf(now);
    return changed;
  }

  function changedSmall(now: number, ready: boolean): Partial<SmallParts> {
    const entries = Object.entries(smallParts(now, ready)).filter(([key, value]) => isNews(key, value));
    return Object.fromEntries(entries) as Partial<SmallParts>;
  }

  /** Everything the frame holds counts as told from here on. */
  function tellWhole(seq: number, now: number): SnapshotFrame {
    const frame = whole(seq, now);
    changedSmall(now, isReady());
    for (const funnel of frame.funnels) isNews(`funnel ${funnel.name}`, funnel.windows);
    toldVersion = fold.version();
    toldMinute = minuteOf(now);
    toldDeadLetters = deadLetters.version();
    toldRates = rates.edge(now);
    toldRecent = recent.lastN();
    return frame;
  }

  function changed(seq: number, now: number): Frame | undefined {
    const ready = isReady();
    if (ready !== toldReady) {
      toldReady = ready;
      return tellWhole(seq, now);
    }
    const small = changedSmall(now, ready);
    const changedFunnelFrames = ready ? changedFunnels(now) : [];
    const newRates = rates.news(toldRates, now);
    const newDeadLetters =
      deadLetters.version() === toldDeadLetters ? [] : deadLetters.minutes(toldDeadLetters);
    const newRecent = recent.newest(toldRecent);
    toldRates = rates.edge(now);
    toldDeadLetters = deadLetters.version();
    toldRecent = recent.lastN();

    const parts: Partial<FrameParts> = {
      ...small,
      ...(changedFunnelFrames.length > 0 && { funnels: changedFunnelFrames }),
      ...(newRates !== undefined && { rates: newRates }),
      ...(newDeadLetters.length > 0 && { deadLetterMinutes: newDeadLetters }),
      ...(newRecent.length > 0 && { recent: newRecent }),
    };
    if (Object.keys(parts).length === 0) return undefined;
    return { kind: 'delta', seq, now, horizonStart: windowStart(now, horizonMinutes), ...parts };
  }

  return { whole, changed };
}
