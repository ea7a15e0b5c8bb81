import type { QueryValue } from '../warehouse.ts';

/** The offset from UTC that a report zone has from `from` until `to`, both ms UTC. */
export interface OffsetSpan {
  readonly from: number;
  readonly to: number;
  readonly seconds: number;
}

/** A step of a funnel as SQL reads it (ops.funnel_definitions). */
export interface FunnelStepRow {
  readonly funnel: string;
  readonly windowSeconds: number;
  /** from 1 */
  readonly order: number;
  readonly name: string;
  readonly canonicalType: string;
  /** exact, or what a path begins with; null: any page */
  readonly pagePath: string | null;
  /** of a prefix: matching paths stand before it and after `pagePath`; else null */
  readonly pathUntil: string | null;
}

/** By what Silver and Gold are made. When they differ from those of the cycle before, everything is made anew. */
export interface Definitions {
  readonly offsets: readonly OffsetSpan[];
  readonly funnels: readonly FunnelStepRow[];
  readonly showSeeds: boolean;
}

/** What one transaction of a cycle is asked to do. */
export interface SlicePlan {
  /** ms UTC: the moment at which states hold; no SQL asks the clock */
  readonly asOf: number;
  readonly definitions: Definitions;
  readonly silver: boolean;
  readonly gold: boolean;
  /** everything is deleted and made anew from all of Bronze, in one transaction */
  readonly full: boolean;
  /** these many days up to as_of are made anew as well; 0: none */
  readonly recentDays: number;
  /** rows of Bronze up to this marker are durable and none of them is missing (commit-protocol.md 16) */
  readonly visibleSeq: number;
  /** where the cycle ends, as its first slice told: what came since is the next cycle's; undefined: the first slice */
  readonly cycleEnd?: number;
  /** a longer stretch of markers is left to the next slice */
  readonly maxRows: number;
}

export interface SliceResult {
  /** ms; not before that of the cycle before */
  readonly asOf: number;
  /** rows written to Silver and Gold */
  readonly rowsInserted: number;
  /** the cycle has more than this slice took */
  readonly more: boolean;
  /** marker that its cycle goes up to */
  readonly cycleEnd: number;
}

export type SqlParameter =
  | { readonly type: 'integer'; readonly value: number }
  | { readonly type: 'bigint'; readonly value: number }
  /** ms UTC */
  | { readonly type: 'timestamp'; readonly value: number | null }
  | { readonly type: 'text'; readonly value: string | null };

export type SqlParameters = Readonly<Record<string, SqlParameter>>;

/** One open transaction of an engine. */
export interface SqlSession {
  /** @returns the rows that were written or deleted */
  execute(sql: string, parameters: SqlParameters): Promise<number>;
  /** times come as ISO text */
  select(sql: string, parameters: SqlParameters): Promise<readonly (readonly QueryValue[])[]>;
}

/** A row of ops.etl_runs; times are ms. */
export interface EtlRun {
  readonly runId: string;
  readonly runType: string;
  readonly startedAt: number;
  readonly finishedAt: number | null;
  readonly asOf: number | null;
  readonly status: 'running' | 'success' | 'failed' | 'skipped';
  readonly rowsInserted: number;
  readonly errorMessage: string | null;
}
