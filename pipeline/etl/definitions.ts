import type { Definitions, FunnelStepRow } from '../../sinks/materialise/plan.ts';
import type { Config } from '../config.ts';
import { type FunnelDefinition, loadFunnels } from '../funnel/definitions.ts';
import { defaultFunnelsFile } from '../paths.ts';
import { reportOffsets } from './report-offsets.ts';

/** What Silver and Gold are made by: the same funnels and seeds as live, and the zone of the report's days. */
export function etlDefinitions(
  funnels: readonly FunnelDefinition[],
  reportTimezone: string,
  showSeeds: boolean,
): Definitions {
  return { offsets: reportOffsets(reportTimezone), funnels: funnels.flatMap(stepRows), showSeeds };
}

/** The same from the settings of this process. Throws a KadaError for funnels that cannot be counted. */
export async function configuredDefinitions(config: Config): Promise<Definitions> {
  const funnels = await loadFunnels(config.live.funnelsFile ?? defaultFunnelsFile, config.live);
  return etlDefinitions(funnels, config.reportTimezone, config.live.showSeedData);
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
