import { setTimeout as delay } from 'node:timers/promises';
import type { QueryResult } from '../../sinks/warehouse.ts';
import type { RunEvents } from './run-events.ts';

/** What Bronze says of a run. */
export interface Proof {
  readonly acknowledged: number;
  /** acknowledged, and not there; the first of them */
  readonly missing: readonly string[];
  readonly missingInAll: number;
  /** there more than once, acknowledged or not; the first of them */
  readonly doubled: readonly string[];
  readonly doubledInAll: number;
  /** sent without an answer that says so, and there once: allowed */
  readonly storedUnacknowledged: number;
}

export interface Asking {
  query(sql: string, options?: { readonly maxRows?: number }): Promise<QueryResult>;
}

const pageRows = 50_000;
const againMs = 250;
const shown = 5;

/** The number below which Bronze holds nothing of a run that begins now. */
export async function highestSeq(asking: Asking): Promise<string> {
  const { rows } = await asking.query(
    'SELECT coalesce(max(ingest_seq), 0) AS seq FROM bronze.page_view_events',
  );
  return String(rows[0]?.[0] ?? 0);
}

/**
 * Reads every event of the run out of Bronze and holds it against what was acknowledged. What was published to a
 * broker is still on its way: it is waited for as long as something comes, and `patienceMs` beyond.
 */
export async function prove(
  asking: Asking,
  run: Pick<RunEvents, 'sessionPrefix' | 'numberOf' | 'idOf'>,
  acknowledged: Uint8Array,
  options: { readonly afterSeq: string; readonly patienceMs: number },
): Promise<Proof> {
  const mine = `session_id LIKE '${run.sessionPrefix}%'`;
  const promised = acknowledged.reduce((sum, mark) => sum + mark, 0);
  let stored = -1;
  let lastGrowth = Date.now();

  for (;;) {
    const { rows } = await asking.query(
      `SELECT count(*) AS events FROM bronze.page_view_events WHERE ingest_seq > ${options.afterSeq} AND ${mine}`,
    );
    const now = Number(rows[0]?.[0] ?? 0);
    if (now > stored) lastGrowth = Date.now();
    stored = now;
    const patient = Date.now() - lastGrowth < options.patienceMs;
    if (stored >= promised || !patient) {
      const proof = compare(await readTimes());
      if (proof.missingInAll === 0 || !patient) return proof;
    }
    await delay(againMs);
  }

  async function readTimes(): Promise<Uint8Array> {
    const times = new Uint8Array(acknowledged.length);
    let after = options.afterSeq;
    for (;;) {
      const { rows } = await asking.query(
        `SELECT CAST(event_id AS VARCHAR(36)) AS id, ingest_seq FROM bronze.page_view_events
         WHERE ingest_seq > ${after} AND ${mine} ORDER BY ingest_seq`,
        { maxRows: pageRows },
      );
      for (const [id, seq] of rows) {
        const number = run.numberOf(String(id));
        if (number !== undefined) times[number] = Math.min(255, (times[number] ?? 0) + 1);
        after = String(seq);
      }
      if (rows.length < pageRows) return times;
    }
  }

  function compare(times: Uint8Array): Proof {
    const missing: string[] = [];
    const doubled: string[] = [];
    let [missingInAll, doubledInAll, storedUnacknowledged] = [0, 0, 0];
    for (let number = 0; number < times.length; number += 1) {
      const found = times[number] ?? 0;
      if (found > 1) {
        doubledInAll += 1;
        if (doubled.length < shown) doubled.push(run.idOf(number));
      }
      if (acknowledged[number] === 1 && found === 0) {
        missingInAll += 1;
        if (missing.length < shown) missing.push(run.idOf(number));
      }
      if (acknowledged[number] === 0 && found === 1) storedUnacknowledged += 1;
    }
    return { acknowledged: promised, missing, missingInAll, doubled, doubledInAll, storedUnacknowledged };
  }
}
