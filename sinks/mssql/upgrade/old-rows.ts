import { decodeMessage } from '../../../ingest/decode.ts';
import type { Origin } from '../../../ingest/delivery.ts';
import type { AnalyticsEvent, BronzeTable, CanonicalType, ItemRow } from '../../../ingest/event.ts';
import { knownType, tableOf } from '../../../ingest/event-types.ts';
import { foldId } from '../../../ingest/identity.ts';
import { createNormaliser } from '../../../ingest/normalise.ts';
import { pagePathOf, productOfPath } from '../../../ingest/page-path.ts';
import { soundText } from '../../../ingest/text.ts';
import { type BronzeColumn, bronzeColumns } from '../../bronze-columns.ts';

/** A row of the Python system by its columns: times are ms, everything else as it stands. */
export type OldRow = Readonly<Record<string, string | number | null>>;
/** A row in the columns of its Bronze table, less what stays as it was. */
export type UpgradedRow = Readonly<Record<string, string | number | null>>;

export interface Upgraded {
  readonly row: UpgradedRow;
  /** what business_event_items gets of it */
  readonly items: readonly ItemRow[];
}

/**
 * Columns that an upgrade leaves as they are: the row's own id and time, and texts that hold what was sent. A row whose
 * body is refused today keeps all its columns, with what can be derived from them.
 */
const kept: ReadonlySet<string> = new Set([
  'event_id',
  'event_timestamp',
  'properties',
  'user_agent',
  'ip_address',
]);

/** The columns of a table that an upgrade fills. */
export const filledColumns = (table: BronzeTable): readonly BronzeColumn<never>[] =>
  (bronzeColumns[table] as readonly BronzeColumn<never>[]).filter(({ name }) => !kept.has(name));

const normalise = createNormaliser({ storeIp: 'full' });

const jsonObject = (text: unknown): Readonly<Record<string, unknown>> => {
  if (typeof text !== 'string') return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
  } catch {
    return {};
  }
};
const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

interface Body {
  readonly text: string;
  readonly origin: Origin;
  /** ms; undefined: it is not known when it came */
  readonly receivedAt: number | undefined;
}

const overBroker = (routingKey: string, meta: Readonly<Record<string, unknown>>): Origin => ({
  road: 'amqp',
  routingKey,
  messageId: textOf(meta.message_id),
  correlationId: textOf(meta.correlation_id),
  timestamp: undefined,
  appId: undefined,
  traceparent: undefined,
  redelivered: false,
});
const overHttp: Origin = { road: 'collector', userAgent: undefined, ip: undefined };

const webType = (table: BronzeTable): string | undefined =>
  Object.entries(tableOf).find(([, of]) => of === table)?.[0];
const logTypes: Readonly<Partial<Record<BronzeTable, string>>> = {
  api_request_logs: 'api_request_log',
  db_query_perf: 'db_query_perf',
};

/** What was sent: the consumer kept it as payload, the collector as `_raw`; of a seed only the columns are left. */
function bodyOf(table: BronzeTable, old: OldRow): Body {
  const properties = jsonObject(old.properties);
  const type = webType(table) ?? logTypes[table] ?? textOf(old.event_type) ?? '';
  if (typeof old.payload === 'string' && old.payload !== '') {
    const meta = jsonObject(old.meta);
    const key = textOf(meta.routing_key) ?? (webType(table) === undefined ? type : `ui.${type}`);
    return { text: old.payload, origin: overBroker(key, meta), receivedAt: undefined };
  }
  if (typeof properties._raw === 'object' && properties._raw !== null) {
    const { received_at } = jsonObject(JSON.stringify(properties._meta ?? {}));
    const receivedAt = Date.parse(textOf(received_at) ?? '');
    return {
      text: JSON.stringify(properties._raw),
      origin: overHttp,
      receivedAt: Number.isNaN(receivedAt) ? undefined : receivedAt,
    };
  }
  const said = Object.entries(old).filter(([column, value]) => value !== null && !notSent.has(column));
  const body = {
    ...Object.fromEntries(said),
    event_type: type,
    event_timestamp: new Date(Number(old.event_timestamp)).toISOString(),
    properties,
    ...(properties.seed_run_id === undefined ? {} : { meta: { seed_run_id: properties.seed_run_id } }),
  };
  return { text: JSON.stringify(body), origin: overHttp, receivedAt: undefined };
}

/** Columns that hold nothing of what was sent, or hold it as a whole. */
const notSent: ReadonlySet<string> = new Set([
  'properties',
  'payload',
  'meta',
  'timestamp',
  'row_version',
  'ingest_seq',
]);

function judged(table: BronzeTable, body: Body, at: number): AnalyticsEvent | undefined {
  const bytes = Buffer.from(body.text, 'utf8');
  const verdict = normalise(
    decodeMessage({ kind: 'bytes', bytes }),
    body.origin,
    // Judged as if it came when it happened: its own clock was believed then.
    at,
    body.origin.road === 'amqp' ? 'rabbitmq' : 'collector',
  );
  return verdict.kind === 'event' && verdict.event.table === table ? verdict.event : undefined;
}

/** A text of the old columns as the new ones hold it: blank is none, ids are trimmed and folded. */
const cleaned = (
  column: BronzeColumn<never>,
  value: string | number | null | undefined,
): string | number | null => {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number') return value;
  const sound = soundText(value);
  if (column.type !== 'id') return sound;
  const trimmed = sound.trim();
  return trimmed === '' ? null : foldId(trimmed);
};

const canonicalOf = (table: BronzeTable, old: OldRow): CanonicalType => {
  const web = webType(table);
  const known = knownType(web ?? textOf(old.event_type) ?? '');
  if (known?.kind === 'web') return known.type;
  return known?.kind === 'domain' ? known.canonical : 'other';
};

/** What the columns of a row say by themselves. */
function derived(table: BronzeTable, old: OldRow): UpgradedRow {
  const url = textOf(old.page_url)?.trim();
  const path = url === undefined || url === '' ? null : pagePathOf(url);
  const product = path === null ? null : productOfPath(path);
  const cents = typeof old.total_amount === 'number' ? Math.round(old.total_amount * 100) : null;
  return {
    canonical_type: canonicalOf(table, old),
    is_bot: 0,
    is_seed: jsonObject(old.properties).seed_run_id === undefined ? 0 : 1,
    page_path: path,
    product_id: product === null || product.length > 64 ? null : foldId(product),
    amount: cents,
  };
}

/** One old row in the columns of today, by the product's own normalisation of what was sent. Never throws. */
export function upgradeRow(table: BronzeTable, old: OldRow): Upgraded {
  const at = Number(old.event_timestamp);
  const body = bodyOf(table, old);
  const event = judged(table, body, at);
  const said: UpgradedRow = event === undefined ? {} : { ...event.row };
  const fallback = derived(table, old);
  const row: Record<string, string | number | null> = {};
  for (const column of filledColumns(table)) {
    const { name } = column;
    row[name] = said[name] ?? cleaned(column, old[name]) ?? fallback[name] ?? null;
  }
  row.received_at = body.receivedAt ?? at;
  row.source = body.origin.road === 'amqp' ? 'rabbitmq' : 'collector';
  row.payload = textOf(old.payload) ?? body.text;
  row.meta = textOf(old.meta) ?? said.meta ?? '{}';
  return { row, items: event?.table === 'business_events' ? event.items : [] };
}
