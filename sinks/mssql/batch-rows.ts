import type { BronzeTable, DeadLetter, ItemRow } from '../../ingest/event.ts';
import { bronzeColumns, itemColumns } from '../bronze-columns.ts';
import { letterColumns } from '../letter-columns.ts';
import type { Batch } from '../warehouse.ts';
import { rowParameters } from './commit-text.ts';
import { type ToJson, toJson } from './json-rows.ts';
import { longText, type Parameters, time, uuid, whole } from './parameters.ts';

const rowOf = {
  page_view_events: toJson(bronzeColumns.page_view_events),
  click_events: toJson(bronzeColumns.click_events),
  cart_events: toJson(bronzeColumns.cart_events),
  checkout_events: toJson(bronzeColumns.checkout_events),
  scroll_events: toJson(bronzeColumns.scroll_events),
  form_events: toJson(bronzeColumns.form_events),
  search_events: toJson(bronzeColumns.search_events),
  business_events: toJson(bronzeColumns.business_events),
  api_request_logs: toJson(bronzeColumns.api_request_logs),
  db_query_perf: toJson(bronzeColumns.db_query_perf),
} as const satisfies Record<BronzeTable, unknown>;
const itemOf: ToJson<ItemRow> = toJson(itemColumns);

interface Claim {
  readonly fingerprint: string;
  readonly contentHash: string | null;
  readonly eventId: string;
  readonly source: string;
}
const claimText = ({ fingerprint, contentHash, eventId, source }: Claim, n: number): string =>
  `{"n":${n},"fingerprint":"${fingerprint}",${
    contentHash === null ? '' : `"content_hash":"${contentHash}",`
  }"event_id":"${eventId}","source":"${source}"}`;

const jsonArray = (texts: readonly string[] | undefined): string | null =>
  texts === undefined || texts.length === 0 ? null : `[${texts.join(',')}]`;

const repeatsOf = ({ seenAgain }: Batch): string | null => {
  const times = new Map<string, number>();
  for (const repeat of seenAgain)
    times.set(repeat.fingerprint, (times.get(repeat.fingerprint) ?? 0) + repeat.times);
  return jsonArray([...times].map(([fingerprint, n]) => JSON.stringify({ fingerprint, times: n })));
};

/** @param numbers of the batch's claims, by fingerprint */
function letterParameters(
  { letterChanges = [] }: Batch,
  numbers: ReadonlyMap<string, number>,
): Pick<Parameters, 'letters_stored' | 'letters_duplicate' | 'letters_failed'> {
  const stored: string[] = [];
  const duplicate: string[] = [];
  const failed: string[] = [];
  for (const change of letterChanges) {
    const letter = change.letterId;
    switch (change.kind) {
      case 'stored':
        stored.push(
          JSON.stringify({ n: numbers.get(change.fingerprint), letter, resolution: change.resolution }),
        );
        break;
      case 'duplicate':
        duplicate.push(JSON.stringify({ letter, resolution: change.resolution }));
        break;
      case 'failed': {
        const { stage, reason, detail } = change;
        failed.push(JSON.stringify({ letter, stage, reason, detail }));
      }
    }
  }
  return {
    letters_stored: longText(jsonArray(stored)),
    letters_duplicate: longText(jsonArray(duplicate)),
    letters_failed: longText(jsonArray(failed)),
  };
}

/**
 * The parameters of commit-text.ts. Throws KADA_ROW_INVALID for a value that its column cannot hold.
 * @param attempt a UUID of this try alone
 */
export function batchParameters(batch: Batch, attempt: string): Parameters {
  const rows = new Map<string, string[]>();
  const put = (parameter: string, text: string): void => {
    const texts = rows.get(parameter);
    if (texts === undefined) rows.set(parameter, [text]);
    else texts.push(text);
  };
  const claims: string[] = [];
  const numbers = new Map<string, number>();
  /** @returns the number by which the rows of this claim name it */
  const claim = (of: Claim): number => claims.push(claimText(of, claims.length)) - 1;

  for (const { event } of batch.events) {
    const n = claim({
      fingerprint: event.fingerprint,
      contentHash: event.contentHash,
      eventId: event.row.event_id,
      source: event.row.source,
    });
    numbers.set(event.fingerprint, n);
    switch (event.table) {
      case 'business_events':
        put(event.table, rowOf[event.table](event.row, n));
        for (const item of event.items) put('business_event_items', itemOf(item, n));
        break;
      case 'api_request_logs':
        put(event.table, rowOf[event.table](event.row, n));
        break;
      case 'db_query_perf':
        put(event.table, rowOf[event.table](event.row, n));
        break;
      default:
        put(event.table, rowOf[event.table](event.row, n));
    }
  }
  const letterOf: ToJson<DeadLetter> = toJson(letterColumns(batch.at));
  for (const letter of batch.deadLetters) {
    const { fingerprint, id, source } = letter;
    // A letter says nothing that could be compared: its fingerprint already holds its whole payload.
    const n = claim({ fingerprint, contentHash: null, eventId: id, source });
    put('dead_letter_events', letterOf(letter, n));
  }
  return {
    batch: uuid(batch.id),
    attempt: uuid(attempt),
    at: time(batch.at),
    claimed: whole(claims.length),
    claims: longText(jsonArray(claims)),
    seen_again: longText(repeatsOf(batch)),
    ...letterParameters(batch, numbers),
    ...Object.fromEntries(rowParameters.map((name) => [name, longText(jsonArray(rows.get(name)))])),
  };
}
