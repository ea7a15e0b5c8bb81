import { hash } from 'node:crypto';
import pino from 'pino';
import { openDuckDbWarehouse } from '../../sinks/duckdb/open.ts';
import type { Warehouse } from '../../sinks/warehouse.ts';
import type { Fate, Ledger } from './ledger.ts';

export interface Verdict {
  /** every broken promise, in words, at most 50; empty: all of them were kept */
  readonly problems: readonly string[];
  /** rows in all Bronze tables that hold events */
  readonly rows: number;
  readonly letters: number;
}

const tables = [
  'page_view_events',
  'click_events',
  'cart_events',
  'checkout_events',
  'scroll_events',
  'form_events',
  'search_events',
  'business_events',
  'api_request_logs',
  'db_query_perf',
] as const;

const everyRow = tables
  .map((table) => `SELECT event_id, '${table}', source, meta, ingest_seq FROM bronze.${table}`)
  .join(' UNION ALL ');

const most = 10_000_000;

/**
 * Opens the warehouse of a stopped pipeline and holds it against what the senders were promised: each promised
 * event is in Bronze exactly once, what was only refused is not there, no event is twice, and each row and each
 * letter has its one claim as each claim has its row or letter.
 */
export async function judge(dataDir: string, ledger: Ledger): Promise<Verdict> {
  const log = pino({ level: 'silent' });
  const warehouse = await openDuckDbWarehouse({ dataDir, log, readOnlyCommand: true });
  try {
    return await inspect(warehouse, ledger, { isNumberedOnce: true });
  } finally {
    await warehouse.close();
  }
}

/**
 * The same of a warehouse that is open. `isNumberedOnce`: no two rows share an ingest_seq; a server that is not SQL
 * Server itself may give the rows of a transaction one number.
 */
export async function inspect(
  warehouse: Pick<Warehouse, 'query'>,
  ledger: Ledger,
  { isNumberedOnce }: { readonly isNumberedOnce: boolean },
): Promise<Verdict> {
  const problems: string[] = [];
  const complain = (problem: string): void => {
    if (problems.length < 50) problems.push(problem);
  };
  const select = async (sql: string) => (await warehouse.query(sql, { maxRows: most })).rows;

  const rows = new Map<string, number>();
  const claimed = new Set<string>();
  const sequence = new Set<unknown>();
  for (const [id, table, source, meta, seq] of await select(everyRow)) {
    const key = String(id).toLowerCase();
    rows.set(key, (rows.get(key) ?? 0) + 1);
    claimed.add(fingerprint(scopeOf(String(table), String(source), jsonText(meta)), key));
    if (isNumberedOnce && sequence.has(seq)) complain(`ingest_seq ${String(seq)} was given twice`);
    sequence.add(seq);
  }
  for (const [id, times] of rows) if (times > 1) complain(`event ${id} is in Bronze ${times} times`);
  for (const [id, fate] of ledger.rows) hold(rows.get(id) ?? 0, fate, `event ${id}`, 'Bronze', complain);
  for (const id of rows.keys()) if (!ledger.rows.has(id)) complain(`nobody sent event ${id}`);

  const marks = new Map<string, number>();
  const conflicts = new Map<string, number>();
  const letters = await select('SELECT payload, reason, context, fingerprint FROM ops.dead_letter_events');
  for (const [payload, reason, context, claim] of letters) {
    claimed.add(String(claim));
    const mark = /mark-[0-9a-f-]{36}/.exec(String(payload))?.[0];
    if (mark !== undefined) marks.set(mark, (marks.get(mark) ?? 0) + 1);
    else if (reason === 'event_id_conflict') {
      const id = eventIdOf(jsonText(context));
      conflicts.set(id, (conflicts.get(id) ?? 0) + 1);
      if (!ledger.rows.has(id)) complain(`a conflict about ${id}, which nobody sent`);
    } else complain(`a letter that nobody expected: ${String(reason)} ${String(payload).slice(0, 200)}`);
  }
  for (const [mark, fate] of ledger.letters)
    hold(marks.get(mark) ?? 0, fate, mark, 'the dead letters', complain);
  for (const mark of marks.keys()) if (!ledger.letters.has(mark)) complain(`nobody sent ${mark}`);
  for (const [id, fate] of ledger.conflicts) {
    if (fate === 'promised' && !conflicts.has(id)) complain(`the conflict about ${id} has no letter`);
  }

  const claims = await select(
    'SELECT fingerprint, count(*) FROM ops.event_fingerprints GROUP BY fingerprint',
  );
  for (const [claim, times] of claims) {
    if (times !== 1) complain(`claim ${String(claim)} stands ${String(times)} times`);
    if (!claimed.has(String(claim))) complain(`claim ${String(claim)} has neither row nor letter`);
    claimed.delete(String(claim));
  }
  for (const claim of claimed) complain(`a row or letter without its claim ${claim}`);
  return { problems, rows: rows.size, letters: letters.length };
}

function hold(
  times: number,
  fate: Fate,
  what: string,
  where: string,
  complain: (problem: string) => void,
): void {
  if (fate === 'promised' && times !== 1) complain(`${what} was promised and is in ${where} ${times} times`);
  if (fate === 'unknown' && times > 1) complain(`${what} is in ${where} ${times} times`);
  if (fate === 'refused' && times > 0) complain(`${what} was refused and is in ${where}`);
}

/** A Babelfish's OPENJSON leaves the escapes in a JSON text that it reads out of another. */
function jsonText(value: unknown): string {
  const text = String(value);
  return text.startsWith('{\\"') ? String(JSON.parse(`"${text}"`)) : text;
}

const fingerprint = (scope: 'ui' | 'domain', id: string): string => hash('sha256', `${scope}|${id}`, 'hex');

/** events.md 5: `ui` for /track and ui.* messages, `domain` for everything else. */
function scopeOf(table: string, source: string, meta: string): 'ui' | 'domain' {
  if (source === 'tracking') return 'ui';
  if (source === 'collector' || table === 'business_events') return 'domain';
  return /"routing_key":"ui\./.test(meta) ? 'ui' : 'domain';
}

function eventIdOf(context: string): string {
  const parsed: unknown = JSON.parse(context);
  return typeof parsed === 'object' && parsed !== null && 'event_id' in parsed
    ? String(parsed.event_id)
    : 'none';
}
