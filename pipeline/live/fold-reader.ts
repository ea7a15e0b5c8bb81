import type {
  CohortMinute,
  OrdersInWindow,
  StepCounts,
  StepDefinition,
} from '../../live-dashboard/frames.ts';

/** What the live view reads of the funnel fold. */
export interface FoldReader {
  /** Closes what has run out of time by `now`; raises the version when that changed a cohort. */
  advance(now: number): void;
  windowCounts(funnel: string, minutes: number, now: number): readonly StepCounts[];
  /** Oldest first, over the horizon; only minutes touched after `sinceVersion` when it is given. */
  cohorts(funnel: string, now: number, sinceVersion?: number): readonly CohortMinute[];
  orders(minutes: number, now: number): OrdersInWindow;
  /** Goes up with every change of what the other readers return, other than by the passing of a minute. */
  version(): number;
  evictedSessions(): number;
}

/** A funnel as the page names it. */
export interface FunnelDescription {
  readonly name: string;
  readonly title: string;
  readonly windowSeconds: number;
  readonly steps: readonly StepDefinition[];
}
