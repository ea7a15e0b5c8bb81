import { KadaError } from '../../ingest/errors.ts';
import type { SlicePlan, SliceResult, SqlParameter, SqlParameters, SqlSession } from './plan.ts';
import { hashOf, msOf, readState, writeDefinitions, writeState } from './reference.ts';
import { readScript, type Script } from './statements.ts';

const dayMs = 86_400_000;
/** before every event: the accepted range is a year */
const beginning = Date.UTC(1970, 0, 1);
const everyDate = '1970-01-01';
const noDate = '9999-12-31';
const never = Date.UTC(9999, 11, 31);

const touchedTables = ['sessions', 'orders', 'purchases', 'reviews'] as const;

/** What a full rebuild empties: all that cycles have made. */
const silverTables = [
  'ops.web_facts',
  'silver.sessions',
  'silver.session_products',
  'ops.page_view_facts',
  'ops.funnel_entry_steps',
  'ops.order_facts',
  'silver.order_items',
  'silver.payments',
  'ops.purchase_facts',
  'silver.purchases',
  'ops.review_facts',
  'ops.touched_dates',
] as const;
const goldTables = [
  'gold.behavior_daily',
  'gold.funnel_daily',
  'gold.conversion_funnel',
  'gold.product_daily',
  'gold.page_performance',
  'gold.orders_payments_daily',
  'gold.reviews_quality',
  'gold.system_health_daily',
] as const;

export type RunSlice = (session: SqlSession, plan: SlicePlan) => Promise<SliceResult>;

/**
 * One transaction of the materialiser (warehouse.md): takes what Bronze got since the last, finds the sessions,
 * orders, purchases, reviews and dates that it touches, and makes exactly those anew. The caller begins and commits.
 *
 *   Bronze ── new rows ──► web_facts ──► touched sessions, orders, reviews
 *   touched orders ──► orders, lines, payments, purchase facts ──► touched purchases ──► credits ──► touched sessions
 *   touched sessions ──► sessions, products, page views, funnel entries and steps
 *   all of them ──► touched dates ──► Gold
 */
export async function createRunSlice(): Promise<RunSlice> {
  const silver = await readScript('silver');
  const goldScript = await readScript('gold');

  return async function runSlice(session, plan) {
    const definitions = hashOf(plan.definitions, [silver, goldScript]);
    const found = await readState(session);
    if (found === undefined && !plan.silver)
      return { asOf: plan.asOf, rowsInserted: 0, more: false, cycleEnd: plan.visibleSeq };
    const full = plan.silver && (plan.full || (found !== undefined && found.definitions !== definitions));
    const from = full ? 0 : (found?.loadedSeq ?? 0);
    const to = plan.silver ? endOf(plan, from, full) : from;
    const more = plan.silver && to < plan.visibleSeq;
    const before = Math.max(found?.goldAsOf ?? 0, found?.silverAsOf ?? 0);
    // Until its last slice a cycle's states hold as of the cycle before: no day is complete of which half is loaded.
    const asOf = more ? before : plan.full ? plan.asOf : Math.max(plan.asOf, before);
    const gold = plan.gold && !(more && found?.goldAsOf == null);
    const { showSeeds } = plan.definitions;
    const goldIsNew = gold && (full || plan.full || found?.goldAsOf == null || found.showSeeds !== showSeeds);

    const steps = createSteps(session, {
      as_of: { type: 'timestamp', value: asOf },
      show_seeds: { type: 'integer', value: showSeeds ? 1 : 0 },
      from_seq: { type: 'bigint', value: from },
      to_seq: { type: 'bigint', value: to },
    });
    if (full) for (const table of silverTables) await steps.clear(table);
    if (goldIsNew) for (const table of goldTables) await steps.clear(table);
    if (full || found === undefined) await writeDefinitions(session, plan.definitions);
    let rowsInserted = 0;
    if (to > from) rowsInserted += await runSilver(steps, silver, plan);
    if (gold) {
      const since = goldIsNew ? undefined : (found?.goldAsOf ?? undefined);
      rowsInserted += await runGold(steps, goldScript, plan, asOf, since);
    }
    await writeState(session, {
      loadedSeq: to,
      silverAsOf: plan.silver && !more ? asOf : (found?.silverAsOf ?? null),
      // Gold that was not made anew beside a new Silver is wholly made anew by the next cycle that may.
      goldAsOf: gold ? asOf : full ? null : (found?.goldAsOf ?? null),
      showSeeds: gold ? showSeeds : (found?.showSeeds ?? showSeeds),
      definitions: plan.silver || found === undefined ? definitions : found.definitions,
    });
    return { asOf, rowsInserted, more, cycleEnd: plan.visibleSeq };
  };
}

/** A full rebuild shows itself at once, and so is one transaction, however long. */
function endOf({ visibleSeq, maxRows }: SlicePlan, from: number, full: boolean): number {
  const visible = Math.max(visibleSeq, from);
  return full ? visible : Math.min(visible, from + maxRows);
}

interface Steps {
  /** Runs a file's statements; @returns the rows that its inserts into Silver and Gold wrote */
  run(script: Script, name: string, own?: SqlParameters): Promise<number>;
  /** the first row of a question */
  ask(sql: string): Promise<readonly unknown[]>;
  clear(table: string): Promise<void>;
}

function createSteps(session: SqlSession, shared: SqlParameters): Steps {
  return {
    async run(script, name, own = {}) {
      const statements = script.get(name);
      if (statements === undefined) throw new KadaError('KADA_MIGRATIONS_MISSING', `There is no ${name}.sql`);
      let rows = 0;
      for (const { sql, parameters } of statements) {
        const written = await session.execute(sql, pick(parameters, { ...shared, ...own }));
        if (/INSERT INTO (silver|gold|ops\.\w+_facts|ops\.funnel_entry_steps)/.test(sql)) rows += written;
      }
      return rows;
    },
    async ask(sql) {
      const parameters = [...sql.matchAll(/@(\w+)/g)].map(([, name]) => name ?? '');
      return (await session.select(sql, pick(parameters, shared)))[0] ?? [];
    },
    async clear(table) {
      await session.execute(`DELETE FROM ${table}`, {});
    },
  };
}

function pick(names: readonly string[], from: SqlParameters): SqlParameters {
  const picked: Record<string, SqlParameter> = {};
  for (const name of names) {
    const value = from[name];
    if (value === undefined) throw new KadaError('KADA_SQL_PARAMETER', `No value for @${name}`);
    picked[name] = value;
  }
  return picked;
}

async function runSilver(steps: Steps, silver: Script, plan: SlicePlan): Promise<number> {
  for (const table of touchedTables) await steps.clear(`ops.touched_${table}`);
  let rows = await steps.run(silver, '01-web-facts');
  await steps.run(silver, '02-touched');
  const [firstOfOrders] = await steps.ask(
    `SELECT MIN(e.event_timestamp) FROM bronze.business_events AS e
     WHERE e.order_id IN (SELECT t.order_id FROM ops.touched_orders AS t)`,
  );
  rows += await steps.run(silver, '03-orders', {
    orders_from: { type: 'timestamp', value: msOf(firstOfOrders) ?? beginning },
  });

  const [newest, oldest] = await steps.ask(
    `SELECT MAX(w.event_timestamp), MIN(w.event_timestamp) FROM ops.web_facts AS w
     WHERE w.ingest_seq > @from_seq AND w.ingest_seq <= @to_seq`,
  );
  await steps.run(silver, '04-touched-purchases', {
    reach_from: { type: 'timestamp', value: (msOf(oldest) ?? beginning) - dayMs },
    reach_to: { type: 'timestamp', value: (msOf(newest) ?? beginning) + dayMs },
  });
  const [lastPurchase, firstPurchase] = await steps.ask(
    `SELECT MAX(p.event_timestamp), MIN(p.event_timestamp) FROM ops.purchase_facts AS p
     WHERE p.order_id IN (SELECT t.order_id FROM ops.touched_purchases AS t)`,
  );
  rows += await steps.run(silver, '05-purchases', {
    credit_from: { type: 'timestamp', value: (msOf(firstPurchase) ?? beginning) - dayMs },
    credit_to: { type: 'timestamp', value: (msOf(lastPurchase) ?? beginning) + dayMs },
  });

  // Where the events of the touched sessions begin: nothing before it needs to be read.
  const [known] = await steps.ask(
    `SELECT MIN(s.session_start) FROM silver.sessions AS s
     WHERE s.session_id IN (SELECT t.session_id FROM ops.touched_sessions AS t)`,
  );
  const starts = [msOf(known), msOf(oldest)].filter((ms) => ms !== null);
  if (starts.length > 0) {
    const from = Math.min(...starts);
    const own: SqlParameters = {
      sessions_from: { type: 'timestamp', value: from },
      // Where clocks are set back at midnight a later moment can have the day before.
      sessions_from_date: { type: 'text', value: dateAt(from - dayMs, plan.definitions.offsets) },
      // An order can be paid a day before its session's events (funnel.md 6a).
      session_purchases_from: { type: 'timestamp', value: from - dayMs },
    };
    rows += await steps.run(silver, '06-sessions', own);
    rows += await steps.run(silver, '07-entries', own);
    const last = Math.max(...plan.definitions.funnels.map(({ order }) => order));
    for (let step = 2; step <= last; step += 1)
      rows += await steps.run(silver, '08-next-step', { ...own, step: { type: 'integer', value: step } });
  }
  rows += await steps.run(silver, '09-reviews');
  for (const table of touchedTables) await steps.clear(`ops.touched_${table}`);
  return rows;
}

/** @param since as_of of the Gold that stands; undefined: there is none, all dates are made */
async function runGold(
  steps: Steps,
  gold: Script,
  { definitions, recentDays }: SlicePlan,
  asOf: number,
  since: number | undefined,
): Promise<number> {
  const window = definitions.funnels.find(({ funnel }) => funnel === 'purchase')?.windowSeconds ?? 0;
  const recent = recentDays > 0 ? dateAt(asOf - (recentDays - 1) * dayMs, definitions.offsets) : noDate;
  const recentAt = recentDays > 0 ? Math.max(beginning, asOf - (recentDays + 1) * dayMs) : never;
  const dated: SqlParameters = {
    last_as_of: { type: 'timestamp', value: since ?? beginning },
    open_date: { type: 'text', value: dateAt(asOf - window * 1000, definitions.offsets) },
    recent_from: { type: 'text', value: since === undefined ? everyDate : recent },
    // no event of those dates is older
    recent_at: { type: 'timestamp', value: since === undefined ? beginning : recentAt },
  };
  await steps.run(gold, '01-touched-dates', dated);
  const [any] = await steps.ask('SELECT COUNT(*) FROM ops.touched_dates AS t');
  if (Number(any) === 0) return 0;
  const [first, last] = await steps.ask(
    "SELECT MIN(t.metric_date), MAX(t.metric_date) FROM ops.touched_dates AS t WHERE t.subject = 'health'",
  );
  // A local day begins and ends within a day of the UTC day of the same date.
  const own: SqlParameters = {
    ...dated,
    health_from: { type: 'timestamp', value: (msOf(first) ?? beginning) - dayMs },
    health_to: { type: 'timestamp', value: (msOf(last) ?? beginning) + 2 * dayMs },
  };
  let rows = 0;
  for (const name of gold.keys()) if (name !== '01-touched-dates') rows += await steps.run(gold, name, own);
  await steps.clear('ops.touched_dates');
  return rows;
}

/** The report's date at a moment, as YYYY-MM-DD. */
export function dateAt(ms: number, offsets: SlicePlan['definitions']['offsets']): string {
  const seconds = offsets.find(({ from, to }) => ms >= from && ms < to)?.seconds ?? 0;
  return new Date(ms + seconds * 1000).toISOString().slice(0, 10);
}
