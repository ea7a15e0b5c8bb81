import type { Definitions } from '../../sinks/materialise/plan.ts';
import { hashOf } from '../../sinks/materialise/reference.ts';
import { readScript } from '../../sinks/materialise/statements.ts';
import type { Ask } from './check.ts';

/** How far Silver and Gold are, and whether they can be held against each other. */
export interface Layers {
  /** undefined: no cycle was ever complete */
  readonly marker: number | undefined;
  /** why Gold cannot be held against Silver now; undefined: it can */
  readonly goldBehind: string | undefined;
  /** they were made by other funnels, another zone, other seeds or another SQL than this command has */
  readonly otherDefinitions: boolean;
}

export async function readLayers(ask: Ask, definitions: Definitions): Promise<Layers> {
  const { rows } = await ask(
    `SELECT s.loaded_seq, s.silver_as_of, s.gold_as_of, s.definitions,
       (SELECT COUNT(*) FROM ops.touched_dates AS t) AS dates
     FROM ops.etl_state AS s`,
    { maxRows: 1 },
  );
  const [row] = rows;
  if (row === undefined) return { marker: undefined, goldBehind: undefined, otherDefinitions: false };
  const [marker, silverAsOf, goldAsOf, made, dates] = row;
  const own = hashOf(definitions, [await readScript('silver'), await readScript('gold')]);
  return {
    marker: Number(marker),
    goldBehind: behind(silverAsOf, goldAsOf, Number(dates)),
    otherDefinitions: made !== own,
  };
}

function behind(silverAsOf: unknown, goldAsOf: unknown, dates: number): string | undefined {
  if (goldAsOf === null) return 'Gold was never made beside this Silver';
  const older = `Gold is of ${String(goldAsOf)}, Silver of ${String(silverAsOf)}`;
  return dates > 0 ? `${older}, and ${dates} dates wait to be made anew` : undefined;
}
