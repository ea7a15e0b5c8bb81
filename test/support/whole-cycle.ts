import type { SlicePlan } from '../../sinks/materialise/plan.ts';

/** What a plan says when nothing else is asked of it. */
export const wholeCycle = {
  silver: true,
  gold: true,
  full: false,
  recentDays: 0,
  maxRows: 200_000,
} as const satisfies Partial<SlicePlan>;
