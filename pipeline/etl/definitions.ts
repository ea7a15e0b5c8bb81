import type { Definitions, FunnelStepRow } from '../../sinks/materialise/plan.ts';
import type { FunnelDefinition } from '../funnel/definitions.ts';
import { reportOffsets } from './report-offsets.ts';

/** What Silver and Gold are made by: the same funnels and seeds as live, and the zone of the report's days. */
export function etlDefinitions(
  funnels: readonly FunnelDefinition[],
  reportTimezone: string,
  showSeeds: boolean,
): Definitions {
  return { offsets: reportOffsets(reportTimezone), funnels: funnels.flatMap(stepRows), showSeeds };
}

function stepRows({ name, windowSeconds, steps }: FunnelDefinition): readonly FunnelStepRow[] {
  return steps.map(({ label, type, pagePath }, index) => ({
    funnel: name,
    windowSeconds,
    order: index + 1,
    name: label,
    canonicalType: type,
    ...pathRange(pagePath),
  }));
}

/** `/a/*` matches what stands after `/a/` and before `/a0`, byte by byte: 0 follows the slash. */
function pathRange(pattern: string | null): Pick<FunnelStepRow, 'pagePath' | 'pathUntil'> {
  if (pattern === null || !pattern.endsWith('/*')) return { pagePath: pattern, pathUntil: null };
  const prefix = pattern.slice(0, -1);
  return { pagePath: prefix, pathUntil: `${prefix.slice(0, -1)}0` };
}
