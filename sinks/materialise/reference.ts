import { createHash } from 'node:crypto';
import type { Definitions, FunnelStepRow, OffsetSpan, SqlSession } from './plan.ts';
import type { Script } from './statements.ts';

/** How far the layers are, from ops.etl_state; ms. */
export interface EtlState {
  readonly loadedSeq: number;
  readonly silverAsOf: number | null;
  readonly goldAsOf: number | null;
  /** Does Gold count seeds, as it was made last? */
  readonly showSeeds: boolean;
  /** A hash of all that the layers depend on beside their rows. */
  readonly definitions: string;
}

/** undefined: no cycle was ever complete. */
export async function readState(session: SqlSession): Promise<EtlState | undefined> {
  const rows = await session.select(
    'SELECT s.loaded_seq, s.silver_as_of, s.gold_as_of, s.show_seeds, s.definitions FROM ops.etl_state AS s',
    {},
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  const [loadedSeq, silverAsOf, goldAsOf, showSeeds, definitions] = row;
  return {
    loadedSeq: Number(loadedSeq),
    silverAsOf: msOf(silverAsOf),
    goldAsOf: msOf(goldAsOf),
    showSeeds: Number(showSeeds) === 1,
    definitions: String(definitions),
  };
}

export const msOf = (value: unknown): number | null => (typeof value === 'string' ? Date.parse(value) : null);

export async function writeState(session: SqlSession, state: EtlState): Promise<void> {
  await session.execute('DELETE FROM ops.etl_state', {});
  await session.execute(
    `INSERT INTO ops.etl_state (loaded_seq, silver_as_of, gold_as_of, show_seeds, definitions)
     VALUES (@loaded_seq, @silver_as_of, @gold_as_of, @show_seeds, @definitions)`,
    {
      loaded_seq: { type: 'bigint', value: state.loadedSeq },
      silver_as_of: { type: 'timestamp', value: state.silverAsOf },
      gold_as_of: { type: 'timestamp', value: state.goldAsOf },
      show_seeds: { type: 'integer', value: state.showSeeds ? 1 : 0 },
      definitions: { type: 'text', value: state.definitions },
    },
  );
}

/** What Silver and Gold depend on beside their rows: the definitions, and the SQL itself. */
export function hashOf(definitions: Definitions, scripts: readonly Script[]): string {
  const texts = scripts.map((script) => [...script].map(([name, statements]) => [name, statements]));
  return createHash('sha256')
    .update(JSON.stringify([definitions, texts]))
    .digest('hex');
}

/** The tables that SQL reads the zone and the funnels from. */
export async function writeDefinitions(session: SqlSession, definitions: Definitions): Promise<void> {
  await session.execute('DELETE FROM ops.report_offsets', {});
  for (const span of definitions.offsets) await writeOffset(session, span);
  await session.execute('DELETE FROM ops.funnel_definitions', {});
  for (const step of definitions.funnels) await writeStep(session, step);
}

const writeOffset = (session: SqlSession, { from, to, seconds }: OffsetSpan): Promise<number> =>
  session.execute(
    `INSERT INTO ops.report_offsets (from_utc, to_utc, offset_seconds)
     VALUES (@from_utc, @to_utc, @offset_seconds)`,
    {
      from_utc: { type: 'timestamp', value: from },
      to_utc: { type: 'timestamp', value: to },
      offset_seconds: { type: 'integer', value: seconds },
    },
  );

const writeStep = (session: SqlSession, step: FunnelStepRow): Promise<number> =>
  session.execute(
    `INSERT INTO ops.funnel_definitions (
       funnel_name, window_seconds, step_order, step_name, canonical_type, page_path, is_prefix, path_until
     ) VALUES (
       @funnel_name, @window_seconds, @step_order, @step_name, @canonical_type, @page_path, @is_prefix, @path_until
     )`,
    {
      funnel_name: { type: 'text', value: step.funnel },
      window_seconds: { type: 'integer', value: step.windowSeconds },
      step_order: { type: 'integer', value: step.order },
      step_name: { type: 'text', value: step.name },
      canonical_type: { type: 'text', value: step.canonicalType },
      page_path: { type: 'text', value: step.pagePath },
      is_prefix: { type: 'integer', value: step.pathUntil === null ? 0 : 1 },
      path_until: { type: 'text', value: step.pathUntil },
    },
  );
