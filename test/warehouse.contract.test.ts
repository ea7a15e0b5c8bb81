import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AnalyticsEvent, CanonicalType, WebRow, WebTable } from '../ingest/event.ts';
import { type BronzeColumn, bronzeColumns, itemColumns } from '../sinks/bronze-columns.ts';
import { openDuckDbWarehouse } from '../sinks/duckdb/open.ts';
import { openDuckDbInThread } from '../sinks/duckdb/thread/open.ts';
import type { CommittedPage, LetterChange, QueryValue, StoredEvent, Warehouse } from '../sinks/warehouse.ts';
import {
  apiEvent,
  apiRow,
  at,
  batchOf,
  businessEvent,
  businessRow,
  dbEvent,
  dbRow,
  deadLetter,
  webEvent,
  webRow,
} from './support/bronze-rows.ts';
import { eventually } from './support/eventually.ts';
import { dropTestDatabase, mssqlMissing, openTestDatabase } from './support/mssql.ts';

/**
 * # What every warehouse engine promises
 * One suite for all engines; whatever holds for one of them only has a test of its own.
 */
interface Engine {
  readonly name: string;
  /** why it cannot run here; undefined: it can */
  readonly missing: string | undefined;
  /** ingest_seq is the number that the batch gives, or one of the engine's own */
  readonly numbers: 'given' | 'own';
  /** "surely new" is known of what was committed before */
  readonly filters: boolean;
  /** the type of times in its SQL */
  readonly timestamp: string;
  /** opens the warehouse of this folder, the same one each time */
  open(folder: string): Promise<Warehouse>;
  /** removes what `open` made outside of the folder */
  remove?(folder: string): Promise<void>;
}

const log = pino({ level: 'silent' });
const embedded = { missing: undefined, numbers: 'given', filters: true, timestamp: 'TIMESTAMP' } as const;
const engines: readonly Engine[] = [
  { name: 'duckdb', ...embedded, open: (folder) => openDuckDbWarehouse({ dataDir: folder, log }) },
  {
    name: 'duckdb in its thread',
    ...embedded,
    open: (folder) => openDuckDbInThread({ dataDir: folder, log }),
  },
  {
    name: 'mssql',
    missing: mssqlMissing,
    numbers: 'own',
    filters: false,
    timestamp: 'DATETIME2(3)',
    open: (folder) => openTestDatabase(folder),
    remove: (folder) => dropTestDatabase(folder),
  },
];

const sinhala = 'කඩ මණ්ඩිය';
const tamil = 'கடை மண்டியா';
const emoji = '🛒👩‍👩‍👧‍👦 é';

for (const engine of engines) {
  const title = engine.missing === undefined ? engine.name : `${engine.name}: skipped, ${engine.missing}`;
  describe.skipIf(engine.missing !== undefined)(`warehouse contract, ${title}`, { timeout: 300_000 }, () => {
    let folder = '';
    let warehouse: Warehouse;
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'kada-warehouse-'));
      warehouse = await engine.open(folder);
    });
    afterEach(async () => {
      await warehouse.close();
      await engine.remove?.(folder);
      await rm(folder, { recursive: true, force: true });
    });

    /** What ingest_seq reads as where the batch gave this number. */
    const numbered = (given: number): number => (engine.numbers === 'given' ? given : expect.any(Number));

    const one = async (sql: string): Promise<QueryValue> => (await warehouse.query(sql)).rows[0]?.[0] ?? null;
    const record = async (sql: string): Promise<Record<string, QueryValue>> => {
      const { columns, rows } = await warehouse.query(sql);
      expect(rows).toHaveLength(1);
      const cells = columns.map((column, index) => [column, rows[0]![index]!] as const);
      // where an engine's own numbers come from
      return Object.fromEntries(cells.filter(([column]) => column !== 'row_version'));
    };
    const committed = { kind: 'committed', lost: [] };

    test('a batch stores its rows and their claims in one transaction', async () => {
      const events = [webEvent(), businessEvent(), apiEvent(), dbEvent()];
      const batch = batchOf(events);
      expect(await warehouse.commit(batch)).toEqual(committed);
      const claims = await warehouse.query(
        'SELECT fingerprint, content_hash, event_id, first_seen_at, source, batch_id FROM ops.event_fingerprints ORDER BY fingerprint',
      );
      expect(claims.rows).toEqual(
        events
          .map((event) => [
            event.fingerprint,
            event.contentHash,
            event.row.event_id,
            new Date(at).toISOString(),
            event.row.source,
            batch.id,
          ])
          .sort((a, b) => (a[0]! < b[0]! ? -1 : 1)),
      );
      for (const table of ['page_view_events', 'business_events', 'api_request_logs', 'db_query_perf'])
        expect(await one(`SELECT COUNT(*) FROM bronze.${table}`)).toBe(1);
    });

    /** What a stored value reads as. */
    const expected = (type: string, value: string | number | null): QueryValue => {
      if (value === null || typeof value === 'string') return value;
      if (type === 'timestamp') return new Date(value).toISOString();
      if (type === 'cents') return value / 100;
      return value;
    };
    const expectRow = async <Row>(
      table: string,
      columns: readonly BronzeColumn<Row>[],
      row: Row,
      seq: number | undefined,
      where: string,
    ): Promise<void> => {
      const stored = await record(`SELECT * FROM bronze.${table} WHERE ${where}`);
      const wanted = Object.fromEntries(
        columns.map((column) => [column.name, expected(column.type, column.of(row))]),
      );
      expect(stored).toEqual(seq === undefined ? wanted : { ...wanted, ingest_seq: numbered(seq) });
    };

    const fullWeb = (canonical: CanonicalType): WebRow =>
      webRow({
        event_timestamp: at + 1,
        client_timestamp: at - 86_400_000,
        received_at: at + 2,
        session_id: `${sinhala} 1`,
        user_id: tamil,
        source: 'collector',
        canonical_type: canonical,
        is_bot: 1,
        is_seed: 1,
        payload: JSON.stringify({ emoji, quote: "it's", line: 'a\nb' }),
        meta: JSON.stringify({ peer: '203.0.113.0', note: sinhala }),
        page_url: `http://localhost:3000/products/${encodeURIComponent(tamil)}?q=1#x`,
        page_path: `/products/${tamil}`,
        product_id: 'p'.repeat(64),
        properties: JSON.stringify({ [emoji]: tamil }),
        referrer_url: 'https://example.com/',
        utm_source: 'newsletter',
        utm_medium: 'e-mail',
        utm_campaign: emoji,
        time_on_prev_page_seconds: 12.75,
        load_time_ms: 345.5,
        element_id: 'btn_add_to_cart',
        x: -4,
        y: 8.25,
        viewport_w: 1920,
        viewport_h: 1080,
        user_agent: 'Mozilla/5.0 (X11; Linux x86_64)',
        ip_address: '2001:db8::',
        quantity: 1000,
        order_id: '5f0a3c1e-0000-4000-8000-00000000abcd',
        scroll_depth_pct: 99.5,
        form_id: 'checkout',
        field_id: sinhala,
        action: 'submit',
        error_message: `${emoji} wrong`,
        time_spent_ms: 60_000,
        query: tamil,
        results_count: 3_000_000_000,
        filters: '{"a":[1]}',
      });
    /** Zero is a value and never becomes NULL; an empty text neither. */
    const zeroWeb = (): WebRow =>
      webRow({
        event_timestamp: 0,
        client_timestamp: 0,
        time_on_prev_page_seconds: 0,
        load_time_ms: 0,
        x: 0,
        y: 0,
        viewport_w: 0,
        viewport_h: 0,
        quantity: 0,
        scroll_depth_pct: 0,
        time_spent_ms: 0,
        results_count: 0,
        payload: '',
        properties: '',
      });

    const web: readonly (readonly [WebTable, CanonicalType])[] = [
      ['page_view_events', 'page_view'],
      ['click_events', 'click'],
      ['cart_events', 'add_to_cart'],
      ['checkout_events', 'begin_checkout'],
      ['scroll_events', 'scroll'],
      ['form_events', 'form_interaction'],
      ['search_events', 'search'],
    ];
    test.each(web)('every column of bronze.%s comes back as it went in', async (table, canonical) => {
      const rows = [fullWeb(canonical), webRow({ canonical_type: canonical }), zeroWeb()];
      expect(
        await warehouse.commit(
          batchOf(
            rows.map((row) => webEvent(row, table)),
            41,
          ),
        ),
      ).toEqual(committed);
      for (const [index, row] of rows.entries())
        await expectRow(table, bronzeColumns[table], row, 41 + index, `event_id = '${row.event_id}'`);
      // and in no other table
      for (const [other] of web)
        expect(await one(`SELECT COUNT(*) FROM bronze.${other}`)).toBe(other === table ? 3 : 0);
    });

    test('every column of the other Bronze tables comes back as it went in', async () => {
      const business = [
        businessRow({
          client_timestamp: at - 1,
          user_id: sinhala,
          entity_id: 'e1',
          correlation_id: 'c1',
          order_id: 'o1',
          product_id: 'p1',
          review_id: 'r1',
          amount: 999_999_999_999,
          currency: 'LKR',
          payment_method: 'COD',
          status: 'PENDING',
          rating: 5,
          provider: emoji,
        }),
        businessRow(),
        businessRow({ amount: 0, rating: 0 }),
        businessRow({ amount: 10, order_id: 'o2' }),
        businessRow({ amount: 123_456_789_001 }),
      ];
      const items = [
        {
          event_id: business[0]!.event_id,
          line_number: 1,
          order_id: 'o1',
          product_id: 'p1',
          quantity: 2,
          unit_price: 1,
          line_total: 2,
        },
        {
          event_id: business[0]!.event_id,
          line_number: 2,
          order_id: null,
          product_id: null,
          quantity: null,
          unit_price: null,
          line_total: 0,
        },
      ];
      const requests = [
        apiRow({
          correlation_id: 'c',
          request_size_bytes: 0,
          response_size_bytes: 5_000_000_000,
          ip_address: '10.0.0.0',
          user_agent: emoji,
          response_time_ms: 0.25,
        }),
        apiRow({ response_time_ms: 0, status_code: 503 }),
      ];
      const queries = [
        dbRow({
          database_name: 'shop',
          query_type: 'select',
          table_name: tamil,
          rows_affected: 0,
          query_hash: 'ab',
          execution_time_ms: 1.5,
        }),
        dbRow({ execution_time_ms: 0 }),
      ];
      const events = [
        ...business.map((row, index) => businessEvent(row, index === 0 ? items : [])),
        ...requests.map(apiEvent),
        ...queries.map(dbEvent),
      ];
      expect(await warehouse.commit(batchOf(events))).toEqual(committed);
      let seq = 1;
      for (const row of business)
        await expectRow(
          'business_events',
          bronzeColumns.business_events,
          row,
          seq++,
          `event_id = '${row.event_id}'`,
        );
      for (const row of requests)
        await expectRow(
          'api_request_logs',
          bronzeColumns.api_request_logs,
          row,
          seq++,
          `event_id = '${row.event_id}'`,
        );
      for (const row of queries)
        await expectRow(
          'db_query_perf',
          bronzeColumns.db_query_perf,
          row,
          seq++,
          `event_id = '${row.event_id}'`,
        );
      for (const item of items)
        await expectRow(
          'business_event_items',
          itemColumns,
          item,
          undefined,
          `line_number = ${item.line_number}`,
        );
    });

    test('payloads of a megabyte and texts of every length around the storage limits', async () => {
      const texts = [
        ...Array.from({ length: 40 }, (_, length) => 'a'.repeat(length)),
        ...Array.from({ length: 20 }, (_, length) => `é${'b'.repeat(length)}`),
        ...Array.from({ length: 20 }, (_, length) => 'ක'.repeat(length + 1)),
        emoji.repeat(50_000),
        `${'x'.repeat(1_048_575)}y`,
      ];
      const rows = texts.map((text, index) => webRow({ payload: text, session_id: `s${index}` }));
      expect(await warehouse.commit(batchOf(rows.map((row) => webEvent(row))))).toEqual(committed);
      const { rows: stored } = await warehouse.query(
        'SELECT session_id, payload FROM bronze.page_view_events',
      );
      expect(stored).toHaveLength(rows.length);
      expect(Object.fromEntries(stored)).toEqual(
        Object.fromEntries(rows.map((row) => [row.session_id, row.payload])),
      );
    });

    test('a batch larger than one of the engine’s chunks is stored whole and in order', async () => {
      const rows = Array.from({ length: 4_500 }, (_, index) =>
        webRow({
          session_id: `session number ${index}`,
          user_id: index % 7 === 0 ? null : `u${index}`,
          load_time_ms: index % 5 === 0 ? null : index,
        }),
      );
      expect(
        await warehouse.commit(
          batchOf(
            rows.map((row) => webEvent(row)),
            10,
          ),
        ),
      ).toEqual(committed);
      const { rows: stored } = await warehouse.query(
        'SELECT event_id, session_id, user_id, load_time_ms, ingest_seq FROM bronze.page_view_events ORDER BY ingest_seq',
      );
      const byId = (a: readonly QueryValue[], b: readonly QueryValue[]): number => (a[0]! < b[0]! ? -1 : 1);
      const wanted = rows.map((row, index) => [
        row.event_id,
        row.session_id,
        row.user_id,
        row.load_time_ms,
        numbered(10 + index),
      ]);
      expect(engine.numbers === 'given' ? stored : [...stored].sort(byId)).toEqual(
        engine.numbers === 'given' ? wanted : wanted.sort(byId),
      );
      expect(await one('SELECT COUNT(DISTINCT fingerprint) FROM ops.event_fingerprints')).toBe(4_500);
    });

    test('look-ups find exactly the claims that exist, among them many at once', async () => {
      const events = Array.from({ length: 3_000 }, () => webEvent());
      const batch = batchOf(events);
      await warehouse.commit(batch);
      const strangers = Array.from({ length: 500 }, () => webEvent().fingerprint);
      // the same first 64 bits, another claim
      const neighbour = `${events[0]!.fingerprint.slice(0, 16)}${'0'.repeat(48)}`;
      const found = await warehouse.lookUp([
        ...events.map((event) => event.fingerprint),
        ...strangers,
        neighbour,
      ]);
      expect(found.size).toBe(3_000);
      for (const event of events)
        expect(found.get(event.fingerprint)).toEqual({
          fingerprint: event.fingerprint,
          contentHash: event.contentHash,
          batchId: batch.id,
        });
      expect((await warehouse.lookUp([neighbour, ...strangers])).size).toBe(0);
      expect((await warehouse.lookUp([])).size).toBe(0);
    });

    test('what was committed, or only tried, is never called surely new', async () => {
      const stored = [webEvent(), businessEvent()];
      const letter = deadLetter();
      await warehouse.commit(batchOf(stored, 1, { deadLetters: [letter] }));
      for (const { fingerprint } of [...stored, letter])
        expect(warehouse.surelyNew(fingerprint)).toBe(!engine.filters);
      await warehouse.close();
      warehouse = await engine.open(folder);
      for (const { fingerprint } of [...stored, letter])
        expect(warehouse.surelyNew(fingerprint)).toBe(!engine.filters);
    });

    test('the newest claims come first', async () => {
      const old = batchOf([webEvent(), webEvent()]);
      const young = batchOf([webEvent()], 3, { at: at + 1 });
      await warehouse.commit(old);
      await warehouse.commit(young);
      const newest = await warehouse.newestClaims(2);
      expect(newest.map((claim) => claim.batchId)).toEqual([young.id, old.id]);
      expect(newest[0]?.fingerprint).toBe(young.events[0]!.event.fingerprint);
      expect(newest[0]?.contentHash).toBe(young.events[0]!.event.contentHash);
      expect(await warehouse.newestClaims(100)).toHaveLength(3);
    });

    test('dead letters are rows with all that is known of them, and claim their own fingerprint', async () => {
      const letter = deadLetter({
        source: 'rabbitmq',
        stage: 'validate',
        reason: 'validation_error:page_view',
        detail: '{"issues":[]}',
        context: JSON.stringify({ routing_key: 'ui.page_view', note: sinhala }),
        payload: `{"a": "${emoji}"}`,
        receivedAt: at - 17,
      });
      const batch = batchOf([], 1, { deadLetters: [letter] });
      expect(await warehouse.commit(batch)).toEqual(committed);
      expect(await record('SELECT * FROM ops.dead_letter_events')).toEqual({
        event_id: letter.id,
        failed_at: new Date(at).toISOString(),
        received_at: new Date(at - 17).toISOString(),
        source: 'rabbitmq',
        stage: 'validate',
        reason: 'validation_error:page_view',
        detail: letter.detail,
        context: letter.context,
        payload: letter.payload,
        fingerprint: letter.fingerprint,
        attempts: 0,
        seen: 1,
        last_seen_at: new Date(at).toISOString(),
        status: 'pending',
        resolved_at: null,
        resolution: null,
      });
      expect((await warehouse.lookUp([letter.fingerprint])).get(letter.fingerprint)).toEqual({
        fingerprint: letter.fingerprint,
        contentHash: null,
        batchId: batch.id,
      });
    });

    test('a dead letter that comes again is counted, in the same batch too', async () => {
      const [first, second, third] = [deadLetter(), deadLetter(), deadLetter()];
      await warehouse.commit(batchOf([], 1, { deadLetters: [first, second] }));
      const again = batchOf([webEvent()], 1, {
        at: at + 1_000,
        deadLetters: [third],
        seenAgain: [
          { fingerprint: first.fingerprint, times: 2 },
          { fingerprint: third.fingerprint, times: 1 },
          { fingerprint: first.fingerprint, times: 3 },
        ],
      });
      expect(await warehouse.commit(again)).toEqual(committed);
      const { rows } = await warehouse.query(
        'SELECT event_id, seen, last_seen_at FROM ops.dead_letter_events',
      );
      const byId = new Map(rows.map(([id, seen, last]) => [id, [seen, last]]));
      expect(byId.get(first.id)).toEqual([6, new Date(at + 1_000).toISOString()]);
      expect(byId.get(second.id)).toEqual([1, new Date(at).toISOString()]);
      expect(byId.get(third.id)).toEqual([2, new Date(at + 1_000).toISOString()]);
    });

    /** status, attempts, reason and resolution of a letter */
    const letterNow = async (id: string): Promise<readonly QueryValue[] | undefined> =>
      (
        await warehouse.query(
          `SELECT status, attempts, reason, resolution FROM ops.dead_letter_events WHERE event_id = '${id}'`,
        )
      ).rows[0];
    const storedChange = (letterId: string, event: AnalyticsEvent): LetterChange => ({
      kind: 'stored',
      letterId,
      fingerprint: event.fingerprint,
      resolution: `stored ${event.row.event_id}`,
    });

    test('a replay stores the event, its claim and its letter’s end in one transaction', async () => {
      const [mended, twice, dead, untouched] = [deadLetter(), deadLetter(), deadLetter(), deadLetter()];
      await warehouse.commit(batchOf([], 1, { deadLetters: [mended, twice, dead, untouched] }));
      const event = webEvent();
      const batch = batchOf([event, businessEvent()], 1, {
        at: at + 5_000,
        letterChanges: [
          storedChange(mended.id, event),
          { kind: 'duplicate', letterId: twice.id, resolution: 'duplicate of it' },
          {
            kind: 'failed',
            letterId: dead.id,
            stage: 'validate',
            reason: 'validation_error:click',
            detail: '{"issues":[]}',
          },
        ],
      });
      expect(await warehouse.commit(batch)).toEqual(committed);
      expect(await letterNow(mended.id)).toEqual([
        'replayed',
        1,
        'invalid_json',
        `stored ${event.row.event_id}`,
      ]);
      expect(await letterNow(twice.id)).toEqual(['replayed', 1, 'invalid_json', 'duplicate of it']);
      expect(await letterNow(dead.id)).toEqual(['pending', 1, 'validation_error:click', null]);
      expect(await letterNow(untouched.id)).toEqual(['pending', 0, 'invalid_json', null]);
      expect((await warehouse.lookUp([event.fingerprint])).get(event.fingerprint)?.batchId).toBe(batch.id);
      expect(await one(`SELECT COUNT(*) FROM ops.dead_letter_events WHERE resolved_at IS NOT NULL`)).toBe(2);
    });

    test('an event whose letter is resolved already is not stored, nor anything else of its batch', async () => {
      const [letter, other] = [deadLetter(), deadLetter()];
      await warehouse.commit(batchOf([], 1, { deadLetters: [letter, other] }));
      const first = webEvent();
      await warehouse.commit(batchOf([first], 1, { letterChanges: [storedChange(letter.id, first)] }));
      const [second, innocent] = [webEvent(), webEvent()];
      const refused = await warehouse.commit(
        batchOf([second, innocent], 2, {
          letterChanges: [storedChange(letter.id, second), storedChange(other.id, innocent)],
        }),
      );
      expect(refused).toMatchObject({ kind: 'failed', failure: 'data', code: 'KADA_LETTER_RESOLVED' });
      expect(await one('SELECT COUNT(*) FROM bronze.page_view_events')).toBe(1);
      expect((await letterNow(letter.id))?.slice(0, 2)).toEqual(['replayed', 1]);
      expect((await letterNow(other.id))?.slice(0, 2)).toEqual(['pending', 0]);
      // Of one letter in one batch only one event can come.
      const twice = await warehouse.commit(
        batchOf([second, innocent], 2, {
          letterChanges: [storedChange(other.id, second), storedChange(other.id, innocent)],
        }),
      );
      expect(twice).toMatchObject({ kind: 'failed', failure: 'data' });
      expect(
        await warehouse.commit(batchOf([innocent], 2, { letterChanges: [storedChange(other.id, innocent)] })),
      ).toEqual(committed);
    });

    test('what is resolved stays so: a later duplicate or failure changes nothing', async () => {
      const letter = deadLetter();
      await warehouse.commit(batchOf([], 1, { deadLetters: [letter] }));
      expect(await warehouse.discardLetters([letter.id, randomUUID()], 'known “test” traffic', at)).toEqual([
        letter.id,
      ]);
      const before = await letterNow(letter.id);
      expect(before).toEqual(['discarded', 0, 'invalid_json', 'known “test” traffic']);
      await warehouse.commit(
        batchOf([], 1, {
          letterChanges: [
            { kind: 'duplicate', letterId: letter.id, resolution: 'duplicate' },
            { kind: 'failed', letterId: letter.id, stage: 'decode', reason: 'too_large', detail: '{}' },
          ],
        }),
      );
      expect(await letterNow(letter.id)).toEqual(before);
      expect(await warehouse.discardLetters([letter.id], 'again', at)).toEqual([]);
    });

    test('a prune removes old letters with their claims, and old claims of events alone', async () => {
      const day = 86_400_000;
      const [old, seenSince, fresh] = [deadLetter(), deadLetter(), deadLetter()];
      const [oldEvent, freshEvent] = [webEvent(), webEvent()];
      await warehouse.commit(batchOf([oldEvent], 1, { at: at - 500 * day, deadLetters: [old, seenSince] }));
      await warehouse.commit(
        batchOf([freshEvent], 2, {
          deadLetters: [fresh],
          seenAgain: [{ fingerprint: seenSince.fingerprint, times: 1 }],
        }),
      );
      const limits = { lettersBefore: at - 90 * day, claimsBefore: at - 400 * day };
      const wanted = { letters: 1, letterClaims: 1, claims: 1 };
      expect(await warehouse.countPrunable(limits)).toEqual(wanted);
      expect(await one('SELECT COUNT(*) FROM ops.dead_letter_events')).toBe(3);
      expect(await warehouse.prune(limits)).toEqual(wanted);
      const kept = [seenSince, fresh, freshEvent].map(({ fingerprint }) => fingerprint).sort();
      const { rows } = await warehouse.query(
        'SELECT fingerprint FROM ops.event_fingerprints ORDER BY fingerprint',
      );
      expect(rows.map(([fingerprint]) => fingerprint)).toEqual(kept);
      expect(await one('SELECT COUNT(*) FROM ops.dead_letter_events')).toBe(2);
      expect(await warehouse.prune({ lettersBefore: undefined, claimsBefore: undefined })).toEqual({
        letters: 0,
        letterClaims: 0,
        claims: 0,
      });
      // The same letter again is a new one.
      expect(await warehouse.commit(batchOf([], 3, { deadLetters: [old] }))).toEqual(committed);
    });

    const badRows = [
      ['an amount of eleven digits', () => businessEvent(businessRow({ amount: 1_000_000_000_000 }))],
      ['a fraction where a whole number stands', () => webEvent(webRow({ quantity: 1.5 }), 'cart_events')],
      ['a number beyond its column', () => webEvent(webRow({ quantity: 2 ** 31 }), 'cart_events')],
      ['an id that is no UUID', () => webEvent(webRow({ event_id: 'not-a-uuid' }))],
      ['a time that is none', () => webEvent(webRow({ event_timestamp: Number.NaN }))],
      ['no payload', () => webEvent(webRow({ payload: null as never }))],
    ] as const;
    test.each(badRows)('%s fails the batch as data, and nothing of it is stored', async (_name, bad) => {
      const good = webEvent();
      const failed = await warehouse.commit(
        batchOf([good, apiEvent(), bad(), webEvent()], 1, { deadLetters: [deadLetter()] }),
      );
      expect(failed).toMatchObject({ kind: 'failed', failure: 'data' });
      for (const table of ['page_view_events', 'cart_events', 'business_events', 'api_request_logs'])
        expect(await one(`SELECT COUNT(*) FROM bronze.${table}`)).toBe(0);
      expect(await one('SELECT COUNT(*) FROM ops.event_fingerprints')).toBe(0);
      expect(await one('SELECT COUNT(*) FROM ops.dead_letter_events')).toBe(0);
      // The connection is fit for the next one, and nothing of the failed one comes with it.
      expect(await warehouse.probe()).toBe(true);
      expect(await warehouse.commit(batchOf([good]))).toEqual(committed);
      expect(await one('SELECT COUNT(*) FROM bronze.page_view_events')).toBe(1);
      expect(await one('SELECT COUNT(*) FROM ops.event_fingerprints')).toBe(1);
      expect(await one('SELECT COUNT(*) FROM bronze.api_request_logs')).toBe(0);
    });

    test('after an answer that was lost, the batch id tells what became of the batch', async () => {
      const events = [webEvent(), webEvent()];
      const batch = batchOf(events);
      // Nobody waits for the answer: the process that asks afterwards only has the batch's id.
      await warehouse.commit(batch);
      await warehouse.close();
      warehouse = await engine.open(folder);
      const found = await warehouse.lookUp([
        ...events.map((event) => event.fingerprint),
        webEvent().fingerprint,
      ]);
      expect([...found.values()].map((claim) => claim.batchId)).toEqual([batch.id, batch.id]);
    });

    test('as many commits as it allows are under way at once, each whole', async () => {
      const batches = Array.from({ length: warehouse.commitsAtOnce }, () =>
        batchOf([webEvent(), businessEvent()]),
      );
      const results = await Promise.all(batches.map((batch) => warehouse.commit(batch)));
      expect(results).toEqual(batches.map(() => committed));
      for (const { id } of batches)
        expect(await one(`SELECT COUNT(*) FROM ops.event_fingerprints WHERE batch_id = '${id}'`)).toBe(2);
      for (const table of ['page_view_events', 'business_events'])
        expect(await one(`SELECT COUNT(*) FROM bronze.${table}`)).toBe(batches.length);
    });

    test('the highest number survives, whichever table holds it', async () => {
      expect(warehouse.highestSeq).toBe(0);
      await warehouse.commit(batchOf([webEvent(), businessEvent()], 7));
      await warehouse.commit(batchOf([apiEvent()], 90));
      await warehouse.close();
      warehouse = await engine.open(folder);
      const reopened = warehouse.highestSeq;
      if (engine.numbers === 'given') expect(reopened).toBe(90);
      else expect(reopened).toBe(await one('SELECT MAX(ingest_seq) FROM bronze.api_request_logs'));
      await warehouse.commit(batchOf([webEvent(webRow(), 'search_events')], reopened + 1));
      expect(warehouse.highestSeq).toBe(reopened + 1);
      await warehouse.close();
      warehouse = await engine.open(folder);
      expect(warehouse.highestSeq).toBe(await one('SELECT MAX(ingest_seq) FROM bronze.search_events'));
      expect(warehouse.highestSeq).toBeGreaterThan(reopened);
    });

    test('web events are read back from a time on, whatever their table', async () => {
      const rows: readonly (readonly [WebTable, WebRow])[] = [
        ['page_view_events', webRow({ event_timestamp: at - 1, session_id: 'too early' })],
        ['page_view_events', webRow({ event_timestamp: at, product_id: 'p1', user_id: sinhala })],
        [
          'click_events',
          webRow({ event_timestamp: at + 1, canonical_type: 'add_to_cart', product_id: 'p2', is_bot: 1 }),
        ],
        [
          'cart_events',
          webRow({ event_timestamp: at + 2, canonical_type: 'add_to_cart', product_id: 'p3', is_seed: 1 }),
        ],
        [
          'checkout_events',
          webRow({ event_timestamp: at + 3, canonical_type: 'begin_checkout', order_id: 'o1' }),
        ],
        ['scroll_events', webRow({ event_timestamp: at + 4, canonical_type: 'scroll', page_path: null })],
        [
          'form_events',
          webRow({ event_timestamp: at + 5, canonical_type: 'form_interaction', session_id: null }),
        ],
        ['search_events', webRow({ event_timestamp: at + 6, canonical_type: 'search' })],
      ];
      await warehouse.commit(
        batchOf([...rows.map(([table, row]) => webEvent(row, table)), businessEvent()], 100),
      );
      const events: StoredEvent[] = [];
      for await (const page of warehouse.readWebEvents(at)) {
        expect(page).toEqual([...page].sort((a, b) => a.event_timestamp - b.event_timestamp));
        events.push(...page);
      }
      expect(events.sort((a, b) => a.event_timestamp - b.event_timestamp)).toEqual(
        rows.slice(1).map(([table, row], index) => ({
          table,
          event_id: row.event_id,
          event_timestamp: row.event_timestamp,
          received_at: row.received_at,
          session_id: row.session_id,
          user_id: row.user_id,
          source: row.source,
          canonical_type: row.canonical_type,
          is_bot: row.is_bot,
          is_seed: row.is_seed,
          page_path: row.page_path,
          product_id: row.product_id,
          order_id: row.order_id,
          amount: null,
          currency: null,
          payment_method: null,
          ingest_seq: numbered(101 + index),
        })),
      );
      expect(await warehouse.countWebEvents(at)).toBe(7);
      expect(await warehouse.countWebEvents(at + 6)).toBe(1);
      expect(await warehouse.countWebEvents(0)).toBe(8);
    });

    /** Where a server's numbers are those of all its databases, what is open in another one holds ours back. */
    const allVisible = (): Promise<void> =>
      eventually(async () => {
        const newest = Object.keys(bronzeColumns).map(
          (table) => `SELECT MAX(ingest_seq) AS seq FROM bronze.${table}`,
        );
        const highest = await one(`SELECT MAX(seq) FROM (${newest.join(' UNION ALL ')}) AS numbers`);
        expect(await warehouse.visibleSeq()).toBeGreaterThanOrEqual(Number(highest ?? 0));
      });

    /** Every page after a marker, as a follower reads them. */
    async function followed(from: number, limit: number): Promise<readonly CommittedPage[]> {
      await allVisible();
      const pages: CommittedPage[] = [];
      let after = from;
      for (;;) {
        const page = await warehouse.readCommitted({
          after,
          limit,
          letters: { from: at - 3_600_000, sliceMs: 60_000 },
        });
        expect(page.upTo).toBeGreaterThanOrEqual(after);
        pages.push(page);
        if (!page.more) return pages;
        expect(page.upTo).toBeGreaterThan(after);
        after = page.upTo;
      }
    }
    const idsOf = (pages: readonly CommittedPage[]): readonly string[] =>
      pages.flatMap(({ events, replayed }) => [...events, ...replayed].map((event) => event.event_id)).sort();

    test('what was committed after a marker comes once, in pages without a gap, from every table', async () => {
      const tables: readonly WebTable[] = [
        'page_view_events',
        'click_events',
        'cart_events',
        'checkout_events',
        'scroll_events',
        'form_events',
        'search_events',
      ];
      const some = (): readonly AnalyticsEvent[] => [
        ...tables.map((table) => webEvent(webRow(), table)),
        businessEvent(),
        apiEvent(),
        dbEvent(),
      ];
      await warehouse.commit(batchOf(some()));
      await allVisible();
      const marker = await warehouse.visibleSeq();
      const batches = [some(), some(), [...some(), ...some()]];
      let seq = marker + 1;
      for (const events of batches) {
        expect(await warehouse.commit(batchOf(events, seq))).toEqual(committed);
        seq += events.length;
      }
      const wanted = batches.flat().map(({ row }) => row.event_id);
      for (const limit of [1, 2, 3, 7, 100]) {
        const pages = await followed(marker, limit);
        expect(idsOf(pages)).toEqual([...wanted].sort());
        const [last] = pages.slice(-1);
        expect(last?.upTo).toBeLessThanOrEqual(await warehouse.visibleSeq());
        expect(await followed(last?.upTo ?? 0, limit)).toMatchObject([{ events: [], more: false }]);
        for (const { given, upTo } of pages) expect(given).toBeGreaterThanOrEqual(upTo);
      }
      expect(idsOf(await followed(0, 4))).toHaveLength(wanted.length + 10);
    });

    test('a followed event has the facts that a rebuild and a look-up of its order read', async () => {
      const web = webEvent(
        webRow({
          user_id: 'u',
          product_id: 'p',
          order_id: 'o',
          canonical_type: 'begin_checkout',
          is_seed: 1,
        }),
        'checkout_events',
      );
      const row = { order_id: 'o', amount: 12_345, currency: 'LKR', payment_method: 'COD', user_id: sinhala };
      const order = businessEvent(businessRow(row));
      await warehouse.commit(batchOf([web, order, apiEvent()]));
      const [page] = await followed(0, 100);
      const rebuilt: StoredEvent[] = [];
      for await (const events of warehouse.readWebEvents(0)) rebuilt.push(...events);
      const of = (table: StoredEvent['table']) => page?.events.filter((event) => event.table === table);
      expect(of('checkout_events')).toEqual(rebuilt);
      expect(of('business_events')).toEqual(await warehouse.readOrderEvents(['o']));
      expect(of('api_request_logs')).toMatchObject([
        { session_id: 'session-1', order_id: null, amount: null },
      ]);
    });

    test('a followed page tells what a replay brought, and what the newest robot calls itself', async () => {
      const live = webEvent(webRow({ meta: JSON.stringify({ user_agent: 'x "replayed_at":1' }) }));
      const replayed = webEvent(webRow({ meta: JSON.stringify({ user_agent: 'y', replayed_at: at }) }));
      const robots = ['old/1', 'new/2'].map((user_agent) =>
        webEvent(webRow({ is_bot: 1, meta: JSON.stringify({ user_agent }) })),
      );
      for (const [index, event] of [live, replayed, ...robots].entries())
        await warehouse.commit(batchOf([event], index + 1));
      const [page] = await followed(0, 100);
      expect(page?.replayed.map((event) => event.event_id)).toEqual([replayed.row.event_id]);
      expect(page?.events).toHaveLength(3);
      expect(JSON.parse(page?.botMeta ?? '{}')).toEqual({ user_agent: 'new/2' });
    });

    test('rows above a marker are left out where one is named', async () => {
      await warehouse.commit(batchOf([webEvent(), webEvent(webRow(), 'scroll_events')]));
      await allVisible();
      const marker = await warehouse.visibleSeq();
      await warehouse.commit(
        batchOf([webEvent(), webEvent(webRow(), 'scroll_events'), apiEvent()], marker + 1),
      );
      const count = async (upTo?: number): Promise<readonly number[]> => {
        let events = 0;
        for await (const page of warehouse.readWebEvents(0, upTo)) events += page.length;
        const range = { from: 0, sliceMs: 60_000, lateMs: 0, ...(upTo === undefined ? {} : { upTo }) };
        const arrivals = await warehouse.countArrivals(range);
        return [events, arrivals.reduce((sum, one) => sum + one.events, 0)];
      };
      expect(await count(marker)).toEqual([2, 2]);
      expect(await count()).toEqual([4, 5]);
    });

    test('dead letters that came or changed after a marker: their minutes, whole', async () => {
      const minute = Math.floor(at / 60_000) * 60_000;
      const [old, near, other] = [
        deadLetter({ receivedAt: minute - 7_200_000 }),
        deadLetter({ receivedAt: minute + 1, context: '{"concerns":"click"}' }),
        deadLetter({ receivedAt: minute + 60_000, reason: 'unknown_event_type', stage: 'validate' }),
      ];
      await warehouse.commit(batchOf([], 1, { deadLetters: [old, near, other] }));
      const marker = await warehouse.visibleSeq();
      const second = deadLetter({ receivedAt: minute + 2, source: 'rabbitmq' });
      await warehouse.commit(batchOf([webEvent()], marker + 1, { deadLetters: [second] }));
      const [page] = await followed(marker, 100);
      const ofMinute = (start: number, of = page) =>
        of?.letters
          .filter((count) => count.at === start)
          .map(({ source, reason, concerns, letters }) => [source, reason, concerns, letters])
          .sort();
      expect(ofMinute(minute)).toEqual([
        ['rabbitmq', 'invalid_json', null, 1],
        ['tracking', 'invalid_json', 'click', 1],
      ]);
      // one that changes is counted as it now is
      const after = page?.upTo ?? 0;
      await warehouse.commit(
        batchOf([webEvent()], after + 1, {
          letterChanges: [
            {
              kind: 'failed',
              letterId: near.id,
              stage: 'validate',
              reason: 'unknown_event_type',
              detail: '{}',
            },
          ],
        }),
      );
      const [changed] = await followed(after, 100);
      expect(ofMinute(minute, changed)).toEqual([
        ['rabbitmq', 'invalid_json', null, 1],
        ['tracking', 'unknown_event_type', 'click', 1],
      ]);
      expect(changed?.newLetters).toEqual([]);
    });

    test('a reader may stop early, and others read and commit beside it', async () => {
      const many = Array.from({ length: 6_000 }, () => webEvent());
      await warehouse.commit(batchOf(many));
      let pages = 0;
      for await (const page of warehouse.readWebEvents(0)) {
        expect(page.length).toBeGreaterThan(0);
        expect(await warehouse.commit(batchOf([webEvent()], 10_000 + pages))).toEqual(committed);
        expect(await warehouse.readOrderEvents(['nobody'])).toEqual([]);
        if (++pages === 2) break;
      }
      expect(pages).toBe(2);
      expect(await warehouse.countWebEvents(0)).toBe(6_002);
    });

    test('orders with a purchase, and all that was ever said of them', async () => {
      const order = (id: string, type: CanonicalType, when: number, more: object = {}) =>
        businessEvent(businessRow({ order_id: id, canonical_type: type, event_timestamp: when, ...more }));
      await warehouse.commit(
        batchOf([
          order('o1', 'order_created', at - 1_000_000, {
            user_id: 'u1',
            amount: 123_45,
            currency: 'LKR',
            payment_method: 'ONLINE',
          }),
          order('o1', 'order_paid', at, { amount: 1, session_id: sinhala }),
          order('o1', 'order_status', at + 5),
          order('o2', 'order_created', at - 1),
          order('o3', 'payment_failed', at + 1),
          order(tamil, 'order_created', at + 2),
          businessEvent(
            businessRow({ canonical_type: 'order_paid', event_timestamp: at + 3, order_id: null }),
          ),
        ]),
      );
      expect([...(await warehouse.ordersWithPurchaseSince(at))].sort()).toEqual(['o1', tamil].sort());
      const events = await warehouse.readOrderEvents(['o1', tamil, 'unknown', 'o1']);
      expect(events.map((event) => [event.order_id, event.canonical_type, event.event_timestamp])).toEqual([
        ['o1', 'order_created', at - 1_000_000],
        ['o1', 'order_paid', at],
        [tamil, 'order_created', at + 2],
        ['o1', 'order_status', at + 5],
      ]);
      expect(events[0]).toMatchObject({
        table: 'business_events',
        user_id: 'u1',
        amount: 123_45,
        currency: 'LKR',
        payment_method: 'ONLINE',
        page_path: null,
        product_id: null,
        ingest_seq: numbered(1),
      });
      expect(events[1]).toMatchObject({ amount: 1, session_id: sinhala });
      expect(events[3]).toMatchObject({ amount: null });
      expect(await warehouse.readOrderEvents([])).toEqual([]);
      const many = Array.from({ length: 12_000 }, (_, index) => `order ${index}`);
      expect(await warehouse.readOrderEvents([...many, 'o2'])).toHaveLength(1);
    });

    test('arrivals are counted by the slice of received_at, whatever the event time, with all that tells them apart', async () => {
      const sliceMs = 60_000;
      const minute = Math.floor(at / sliceMs) * sliceMs;
      const web = (received: number, more: Partial<WebRow> = {}, table: WebTable = 'page_view_events') =>
        webEvent(webRow({ received_at: received, event_timestamp: received - 5, ...more }), table);
      const other = { received_at: minute + 59_999, event_timestamp: minute };
      await warehouse.commit(
        batchOf([
          web(minute - 1),
          web(minute),
          web(minute + 59_999),
          web(minute + 60_000),
          // late is beyond, not at, the limit
          web(minute + 10, { event_timestamp: minute + 10 - 7_200_000 }),
          web(minute + 10, { event_timestamp: minute + 10 - 7_200_001 }),
          web(minute + 10, { is_bot: 1 }),
          web(minute + 10, { is_seed: 1, source: 'collector' }),
          web(minute + 10, { canonical_type: 'scroll' }, 'scroll_events'),
          web(minute + 10, { canonical_type: 'search' }, 'search_events'),
          web(minute + 10, { canonical_type: 'form_interaction' }, 'form_events'),
          web(minute + 10, { canonical_type: 'add_to_cart' }, 'cart_events'),
          businessEvent(businessRow(other)),
          apiEvent(apiRow(other)),
          dbEvent(dbRow(other)),
        ]),
      );
      const counted = await warehouse.countArrivals({ from: minute, sliceMs, lateMs: 7_200_000 });
      const same = { at: minute, source: 'tracking', is_bot: 0, is_seed: 0, events: 1, late: 0 };
      const byText = (a: object, b: object): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
      expect([...counted].sort(byText)).toEqual(
        [
          { ...same, canonical_type: 'page_view', events: 4, late: 1 },
          { ...same, canonical_type: 'page_view', at: minute + 60_000 },
          { ...same, canonical_type: 'page_view', is_bot: 1 },
          { ...same, canonical_type: 'page_view', is_seed: 1, source: 'collector' },
          { ...same, canonical_type: 'scroll' },
          { ...same, canonical_type: 'search' },
          { ...same, canonical_type: 'form_interaction' },
          { ...same, canonical_type: 'add_to_cart' },
          { ...same, canonical_type: 'order_created', source: 'rabbitmq' },
          { ...same, canonical_type: 'other', source: 'collector', events: 2 },
        ]
          .map(({ at, source, canonical_type, is_bot, is_seed, events, late }) => ({
            at,
            source,
            canonical_type,
            is_bot,
            is_seed,
            events,
            late,
          }))
          .sort(byText),
      );
      const fine = await warehouse.countArrivals({ from: minute + 11, sliceMs: 5_000, lateMs: 0 });
      expect([...new Set(fine.map((count) => count.at))].sort()).toEqual([minute + 55_000, minute + 60_000]);
      expect(await warehouse.countArrivals({ from: minute + 3_600_000, sliceMs, lateMs: 0 })).toEqual([]);
    });

    test('dead letters are counted by the slice of received_at, their reason, source and what they concern', async () => {
      const sliceMs = 60_000;
      const minute = Math.floor(at / sliceMs) * sliceMs;
      const letter = (receivedAt: number, context: unknown, more: Parameters<typeof deadLetter>[0] = {}) =>
        deadLetter({
          receivedAt,
          context: typeof context === 'string' ? context : JSON.stringify(context),
          ...more,
        });
      const again = letter(minute + 1, { concerns: 'click' });
      await warehouse.commit(
        batchOf([], 1, {
          deadLetters: [
            letter(minute - 1, { concerns: 'click' }),
            again,
            letter(minute + 59_999, { road: 'track', concerns: 'click' }),
            letter(minute + 2, {}),
            letter(minute + 2, 'no JSON'),
            letter(minute + 2, { concerns: sinhala }, { source: 'replay', reason: 'validation_error:click' }),
          ],
          seenAgain: [],
        }),
      );
      await warehouse.commit(
        batchOf([], 1, { seenAgain: [{ fingerprint: again.fingerprint, times: 3 }], at: at + 60_000 }),
      );
      const counted = await warehouse.countDeadLetters({ from: minute, sliceMs });
      const same = { at: minute, source: 'tracking', reason: 'invalid_json' };
      expect(counted).toHaveLength(3);
      expect(counted).toEqual(
        expect.arrayContaining([
          { ...same, concerns: 'click', letters: 2 },
          { ...same, concerns: null, letters: 2 },
          { ...same, source: 'replay', reason: 'validation_error:click', concerns: sinhala, letters: 1 },
        ]),
      );
    });

    test('how far each source has come, an event dated ahead no further than it came', async () => {
      expect(await warehouse.newestBySource(0)).toEqual([]);
      await warehouse.commit(
        batchOf([
          webEvent(webRow({ event_timestamp: at - 9, received_at: at })),
          webEvent(webRow({ event_timestamp: at + 60_000, received_at: at - 3 })),
          businessEvent(businessRow({ event_timestamp: at - 86_400_000 * 40, received_at: at })),
          apiEvent(apiRow({ event_timestamp: 5, received_at: at })),
          dbEvent(dbRow({ event_timestamp: 7, received_at: at })),
        ]),
      );
      expect([...(await warehouse.newestBySource(0))].sort((a, b) => (a.source < b.source ? -1 : 1))).toEqual(
        [
          { source: 'collector', newest: 7 },
          { source: 'rabbitmq', newest: at - 86_400_000 * 40 },
          { source: 'tracking', newest: at - 3 },
        ],
      );
      expect(await warehouse.newestBySource(at - 9)).toEqual([{ source: 'tracking', newest: at - 3 }]);
      expect(await warehouse.newestBySource(at + 60_001)).toEqual([]);
    });

    const refusedSql = [
      "INSERT INTO ops.probe VALUES (CAST('2026-01-01' AS DATE))",
      'DELETE FROM ops.event_fingerprints',
      'UPDATE ops.dead_letter_events SET seen = 0',
      'DROP TABLE ops.etl_runs',
      'CREATE TABLE ops.x (a INT)',
      'SELECT 1; SELECT 2',
      'SELECT 1; DELETE FROM ops.event_fingerprints',
      'BEGIN TRANSACTION',
      'COMMIT',
    ];
    test.each(refusedSql)('a query that is not one reading statement is refused: %s', async (sql) => {
      await warehouse.commit(batchOf([webEvent()]));
      await expect(warehouse.query(sql)).rejects.toMatchObject({ code: 'KADA_SQL_READ_ONLY' });
      expect(await one('SELECT COUNT(*) FROM ops.event_fingerprints')).toBe(1);
      expect(await warehouse.commit(batchOf([webEvent()], 2))).toEqual(committed);
    });

    test('a query answers with exact values, names and no more rows than asked for', async () => {
      await warehouse.commit(
        batchOf([
          businessEvent(businessRow({ amount: 1_10 })),
          businessEvent(businessRow({ amount: 20_05 })),
        ]),
      );
      expect(
        await warehouse.query(
          'WITH x AS (SELECT SUM(amount) AS total, COUNT(*) AS n FROM bronze.business_events) SELECT * FROM x',
        ),
      ).toEqual({ columns: ['total', 'n'], rows: [[21.15, 2]] });
      expect(
        (await warehouse.query('SELECT event_id FROM bronze.business_events', { maxRows: 1 })).rows,
      ).toHaveLength(1);
      await expect(warehouse.query('SELECT nonsense FROM bronze.nowhere')).rejects.toMatchObject({
        code: 'KADA_SQL_FAILED',
      });
      expect(await one('SELECT 1')).toBe(1);
    });

    test('the SQL helpers mean milliseconds exactly', async () => {
      const { rows } = await warehouse.query(
        `SELECT ops.seconds_between(CAST('2026-01-01 00:00:00.000' AS ${engine.timestamp}), CAST('2026-01-02 00:00:00.567' AS ${engine.timestamp})),
           ops.seconds_between(CAST('2026-01-02 00:00:00.001' AS ${engine.timestamp}), CAST('2026-01-02 00:00:00.000' AS ${engine.timestamp})),
           ops.add_seconds(CAST('2026-01-01 00:00:00.250' AS ${engine.timestamp}), -19800)`,
      );
      expect(rows).toEqual([[86400.567, -0.001, '2025-12-31T18:30:00.250Z']]);
    });

    test('work under a lock runs once at a time, whatever else runs, and lets go on every way out', async () => {
      let finish: (value: string) => void = () => undefined;
      let begun: () => void = () => undefined;
      const started = new Promise<void>((resolve) => {
        begun = resolve;
      });
      const first = warehouse.runExclusive('kada_mandiya_etl_lock', (signal) => {
        expect(signal.aborted).toBe(false);
        begun();
        return new Promise<string>((resolve) => {
          finish = resolve;
        });
      });
      await started;
      const never = (): Promise<never> => Promise.reject(new Error('must not run'));
      expect(await warehouse.runExclusive('kada_mandiya_etl_lock', never)).toEqual({ ran: false });
      expect(await warehouse.runExclusive('another', async () => 2)).toEqual({ ran: true, value: 2 });
      expect(await warehouse.commit(batchOf([webEvent()]))).toEqual(committed);
      finish('done');
      expect(await first).toEqual({ ran: true, value: 'done' });
      await expect(
        warehouse.runExclusive('kada_mandiya_etl_lock', () => Promise.reject(new Error('as it was thrown'))),
      ).rejects.toThrow('as it was thrown');
      expect(await warehouse.runExclusive('kada_mandiya_etl_lock', async () => 3)).toEqual({
        ran: true,
        value: 3,
      });
    });

    test('migrating again does nothing; closing twice neither', async () => {
      const again = await warehouse.migrate();
      expect(again.applied).toEqual([]);
      expect(again.version).toBeGreaterThan(0);
      expect(await warehouse.ping()).toBe(true);
      await warehouse.close();
      await warehouse.close();
      expect(await warehouse.ping()).toBe(false);
      expect(await warehouse.probe()).toBe(false);
      expect(await warehouse.commit(batchOf([webEvent()]))).toMatchObject({
        kind: 'failed',
        failure: 'away',
      });
      await expect(warehouse.lookUp([randomUUID()])).rejects.toMatchObject({ code: 'KADA_WAREHOUSE_CLOSED' });
      warehouse = await engine.open(folder);
    });

    test('commits that were handed over before closing are finished', async () => {
      const batch = batchOf(Array.from({ length: 500 }, () => webEvent()));
      const [result] = await Promise.all([warehouse.commit(batch), warehouse.close()]);
      expect(result).toEqual(committed);
      warehouse = await engine.open(folder);
      expect(await one('SELECT COUNT(*) FROM bronze.page_view_events')).toBe(500);
    });
  });
}
