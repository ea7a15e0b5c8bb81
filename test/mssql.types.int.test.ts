import { randomUUID } from 'node:crypto';
import sql from 'mssql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AnalyticsEvent } from '../ingest/event.ts';
import { type MssqlWarehouse, openMssqlWarehouse } from '../sinks/mssql/open.ts';
import {
  at,
  batchOf,
  businessEvent,
  businessRow,
  deadLetter,
  webEvent,
  webRow,
} from './support/bronze-rows.ts';
import { amqpOrigin, eventOf, judge } from './support/ingesting.ts';
import {
  connectTo,
  giveTestDatabase,
  mssqlMissing,
  mssqlOptions,
  takeTestDatabase,
  textEncoding,
} from './support/mssql.ts';

/*
 * What SQL Server holds of a value, asked of the server itself over a connection of the test's own: lengths in bytes,
 * digits as text, comparisons. The contract suite asks the same of the product's own reader.
 */

const title = mssqlMissing === undefined ? 'on SQL Server' : `on SQL Server: skipped, ${mssqlMissing}`;

type Value = string | number | boolean | Date | Buffer | null;

describe.skipIf(mssqlMissing !== undefined)(`types ${title}`, { timeout: 600_000 }, () => {
  let database = '';
  let warehouse: MssqlWarehouse;
  let pool: sql.ConnectionPool;
  let bytesOf: (text: string) => number;

  beforeEach(async () => {
    database = await takeTestDatabase();
    warehouse = await openMssqlWarehouse(mssqlOptions(database));
    pool = await connectTo(database);
    const encoding = await textEncoding(pool);
    bytesOf = (text) => Buffer.byteLength(text, encoding);
  });
  afterEach(async () => {
    await pool.close();
    await warehouse.close();
    await giveTestDatabase(database);
  });

  async function store(...events: readonly AnalyticsEvent[]): Promise<void> {
    expect(await warehouse.commit(batchOf(events))).toEqual({ kind: 'committed', lost: [] });
  }

  async function ask(text: string, id?: string): Promise<readonly (readonly Value[])[]> {
    const request = pool.request();
    request.arrayRowMode = true;
    if (id !== undefined) request.input('id', sql.NVarChar(64), id);
    const { recordset } = await request.query(text);
    return recordset as unknown as readonly (readonly Value[])[];
  }

  const texts = {
    sinhala: 'කඩ මණ්ඩිය ශ්‍රී',
    tamil: 'கடை மண்டியா க்ஷ',
    emoji: '🛒 👩‍👩‍👧‍👦 🇱🇰',
    combining: 'e\u0301 \u00e9',
    'above the basic plane': '𝒦𠀀',
    'quotes and marks': `' " \\ [ ] % _ -- ; @p {} \u2028`,
    'line ends': 'a\r\nb\tc\n',
    blanks: '  between  ',
  } as const;

  it('texts of every script keep each code unit, in columns with and without a length', async () => {
    const rows = Object.entries(texts).map(([name, text]) =>
      webRow({ session_id: name, payload: text, user_agent: text, user_id: text, page_path: `/p/${text}` }),
    );
    await store(...rows.map((row) => webEvent(row, 'click_events')));
    for (const [name, text] of Object.entries(texts)) {
      const [row] = await ask(
        `SELECT payload, user_agent, user_id, page_path, DATALENGTH(payload), DATALENGTH(user_agent),
           DATALENGTH(user_id)
         FROM bronze.click_events WHERE session_id = @id`,
        name,
      );
      const bytes = bytesOf(text);
      expect(row?.slice(0, 4), name).toEqual([text, text, text, `/p/${text}`]);
      expect(row?.slice(4).map(Number), name).toEqual([bytes, bytes, bytes]);
    }
  });

  it('a column of n characters takes n of them, also as surrogate pairs, and one more is no row', async () => {
    const full = ['x'.repeat(64), 'ක'.repeat(64), '🛒'.repeat(32)];
    await store(...full.map((id) => webEvent(webRow({ user_id: id }))));
    for (const id of full)
      expect(await ask('SELECT user_id FROM bronze.page_view_events WHERE user_id = @id', id)).toEqual([
        [id],
      ]);
    const long = await warehouse.commit(batchOf([webEvent(webRow({ user_id: `${'🛒'.repeat(32)}x` }))]));
    expect(long).toMatchObject({ kind: 'failed', failure: 'data' });
    expect(await ask('SELECT COUNT(*) FROM bronze.page_view_events')).toEqual([[3]]);
  });

  it('money is exact to the cent at any size, and its sums are', async () => {
    const cents = [
      0, 1, -1, 7, 10, 29, 57, 99, 100, 1_005, 123_456_789_012, 999_999_999_999, -999_999_999_999,
    ];
    await store(
      ...cents.map((amount, index) => businessEvent(businessRow({ amount, order_id: `o${index}` }))),
    );
    const digits = (amount: number): string => {
      const text = String(Math.abs(amount)).padStart(3, '0');
      return `${amount < 0 ? '-' : ''}${text.slice(0, -2)}.${text.slice(-2)}`;
    };
    const stored = await ask('SELECT order_id, CAST(amount AS varchar(20)) FROM bronze.business_events');
    expect(new Map(stored.map(([id, text]) => [id, text]))).toEqual(
      new Map(cents.map((amount, index) => [`o${index}`, digits(amount)])),
    );
    const sum = cents.reduce((all, one) => all + one, 0);
    expect(await ask('SELECT CAST(SUM(amount) AS varchar(20)) FROM bronze.business_events')).toEqual([
      [digits(sum)],
    ]);
    for (const amount of [1_000_000_000_000, 0.5, Number.NaN]) {
      const refused = await warehouse.commit(batchOf([businessEvent(businessRow({ amount }))]));
      expect(refused, String(amount)).toMatchObject({ kind: 'failed', failure: 'data' });
    }
  });

  it('doubles come back as they were, to the last bit', async () => {
    const numbers = [0.1, 0.1 + 0.2, 1 / 3, -2.5e-9, 4_294_967_296.125, 1e15 + 0.5, 5e-324, 1.797e308];
    await store(
      ...numbers.map((ms, index) => webEvent(webRow({ load_time_ms: ms, session_id: `s${index}` }))),
    );
    const stored = await ask('SELECT session_id, load_time_ms FROM bronze.page_view_events');
    expect(new Map(stored.map(([id, ms]) => [id, ms]))).toEqual(
      new Map(numbers.map((ms, index) => [`s${index}`, ms])),
    );
  });

  it('times are UTC, cut to the millisecond and not rounded, over the whole range', async () => {
    const given = {
      '2026-11-24T11:59:59.9999999Z': '2026-11-24T11:59:59.999Z',
      '2026-11-23T23:59:59.99999Z': '2026-11-23T23:59:59.999Z',
      '2026-11-24T05:30:00.0005+05:30': '2026-11-24T00:00:00.000Z',
      '2026-11-24T00:00:00.001499Z': '2026-11-24T00:00:00.001Z',
      '2026-03-29T02:30:00+01:00': '2026-03-29T01:30:00.000Z',
    };
    const events = Object.keys(given).map((occurredAt, index) =>
      eventOf(
        judge(
          { eventId: randomUUID(), eventType: 'order.created', occurredAt, data: { orderId: `o${index}` } },
          amqpOrigin('order.created'),
        ),
      ),
    );
    const edges = ['1753-01-01T00:00:00.001Z', '9999-12-31T23:59:59.999Z', '1970-01-01T00:00:00.000Z'];
    await store(
      ...events,
      ...edges.map((time) =>
        businessEvent(businessRow({ event_timestamp: Date.parse(time), order_id: time })),
      ),
    );
    const stored = await ask(
      `SELECT order_id, DATEDIFF_BIG(millisecond, '1970-01-01', event_timestamp)
       FROM bronze.business_events`,
    );
    expect(new Map(stored.map(([id, ms]) => [id, new Date(Number(ms)).toISOString()]))).toEqual(
      new Map([
        ...Object.values(given).map((text, index) => [`o${index}`, text] as const),
        ...edges.map((time) => [time, time] as const),
      ]),
    );
    const read = await warehouse.query(
      "SELECT event_timestamp FROM bronze.business_events WHERE order_id = '9999-12-31T23:59:59.999Z'",
    );
    expect(read.rows).toEqual([['9999-12-31T23:59:59.999Z']]);
  });

  it('UUIDs mean the same in any case, and come back in lower case', async () => {
    const id = randomUUID();
    await store(webEvent(webRow({ event_id: id.toUpperCase() })));
    for (const written of [id, id.toUpperCase()])
      expect(
        (await warehouse.query(`SELECT event_id FROM bronze.page_view_events WHERE event_id = '${written}'`))
          .rows,
        written,
      ).toEqual([[id]]);
    // An id that comes again in another case is the same event.
    const body = (eventId: string) =>
      eventOf(
        judge(
          { eventId, eventType: 'order.created', occurredAt: '2026-11-24T11:00:00Z', data: { orderId: 'o' } },
          amqpOrigin('order.created'),
        ),
      );
    await store(body(id));
    const again = await warehouse.commit(batchOf([body(id.toUpperCase())]));
    expect(again).toMatchObject({ kind: 'committed', lost: [{ fingerprint: body(id).fingerprint }] });
    const letter = randomUUID();
    await warehouse.commit(batchOf([], 1, { deadLetters: [deadLetter({ id: letter.toUpperCase() })] }));
    expect((await warehouse.query('SELECT event_id FROM ops.dead_letter_events')).rows).toEqual([[letter]]);
    expect(await warehouse.discardLetters([letter.toUpperCase()], 'a test', at)).toEqual([letter]);
  });

  it('payloads of a megabyte and more stay whole, in events and in letters', async () => {
    const megabyte = 1_048_576;
    const payloads = [
      'x'.repeat(megabyte),
      'ක'.repeat(megabyte),
      '🛒'.repeat(megabyte / 2),
      `${' '.repeat(megabyte - 1)}\n`,
    ];
    await store(...payloads.map((payload, index) => webEvent(webRow({ payload, session_id: `s${index}` }))));
    await warehouse.commit(
      batchOf([], 1, { deadLetters: payloads.map((payload) => deadLetter({ payload, detail: payload })) }),
    );
    for (const [index, payload] of payloads.entries()) {
      const [row] = await ask(
        'SELECT payload, DATALENGTH(payload) FROM bronze.page_view_events WHERE session_id = @id',
        `s${index}`,
      );
      expect(row?.[0] === payload, `payload ${index}`).toBe(true);
      expect(Number(row?.[1]), `payload ${index}`).toBe(bytesOf(payload));
    }
    const letters = await ask('SELECT payload, detail FROM ops.dead_letter_events');
    expect(letters.length).toBe(payloads.length);
    expect(
      letters.every(([payload, detail]) => payload === detail && payloads.includes(String(payload))),
    ).toBe(true);
  });

  it('NULL, zero and the empty text are three things', async () => {
    await store(
      webEvent(webRow({ session_id: 'null', user_id: null, load_time_ms: null, properties: null })),
      webEvent(webRow({ session_id: 'zero', user_id: '', load_time_ms: 0, properties: '' })),
      businessEvent(businessRow({ order_id: 'null', amount: null, rating: null, status: null })),
      businessEvent(businessRow({ order_id: 'zero', amount: 0, rating: 0, status: '' })),
    );
    const count = async (table: string, where: string) =>
      Number((await ask(`SELECT COUNT(*) FROM bronze.${table} WHERE ${where}`))[0]?.[0]);
    for (const column of ['user_id', 'load_time_ms', 'properties'])
      expect(await count('page_view_events', `session_id = 'null' AND ${column} IS NULL`), column).toBe(1);
    for (const column of ['amount', 'rating', 'status'])
      expect(await count('business_events', `order_id = 'null' AND ${column} IS NULL`), column).toBe(1);
    expect(
      await count(
        'page_view_events',
        "session_id = 'zero' AND load_time_ms = 0 AND DATALENGTH(user_id) = 0 AND DATALENGTH(properties) = 0",
      ),
    ).toBe(1);
    expect(
      await count(
        'business_events',
        "order_id = 'zero' AND amount = 0 AND rating = 0 AND DATALENGTH(status) = 0",
      ),
    ).toBe(1);
  });

  it('ids are compared byte for byte: case, accents, widths and lookalikes are different ids', async () => {
    const ids = [
      'Straße',
      'Strasse',
      'STRASSE',
      'straße',
      'e\u0301',
      '\u00e9',
      'e',
      'E',
      'É',
      'ﬁ',
      'fi',
      'Ａ',
      'A',
      'a',
      'ı',
      'i',
      'İ',
      'I',
      'ක',
      'ක්',
      'க',
      'க்',
      '1',
      '１',
      '²',
      '2',
      'a-b',
      'ab',
      'a\u00adb',
      'a\u200bb',
      '🛒',
      '🛍',
    ];
    await store(...ids.map((id) => webEvent(webRow({ session_id: id, product_id: id }))));
    for (const id of ids)
      expect(
        await ask('SELECT session_id, product_id FROM bronze.page_view_events WHERE session_id = @id', id),
        id,
      ).toEqual([[id, id]]);
    const [counted] = await ask(
      'SELECT COUNT(DISTINCT session_id), COUNT(DISTINCT product_id) FROM bronze.page_view_events',
    );
    expect(counted).toEqual([ids.length, ids.length]);
    const grouped = await ask('SELECT session_id FROM bronze.page_view_events GROUP BY session_id');
    expect(new Set(grouped.map(([id]) => id))).toEqual(new Set(ids));
  });

  it('trailing blanks: texts keep them, ids come without them', async () => {
    const order = (orderId: string) =>
      eventOf(
        judge(
          {
            eventId: randomUUID(),
            eventType: 'order.created',
            occurredAt: '2026-11-24T11:00:00Z',
            data: { orderId },
          },
          amqpOrigin('order.created'),
        ),
      );
    const text = 'ends in blanks \t ';
    await store(
      order('o-1'),
      order('o-1   '),
      order(' o-1\t'),
      webEvent(webRow({ session_id: 'text', payload: text, user_agent: text }), 'click_events'),
    );
    expect(
      await ask(
        'SELECT order_id, DATALENGTH(order_id), COUNT(*) FROM bronze.business_events GROUP BY order_id, DATALENGTH(order_id)',
      ),
    ).toEqual([['o-1', bytesOf('o-1'), 3]]);
    expect(await ask('SELECT payload, user_agent, DATALENGTH(user_agent) FROM bronze.click_events')).toEqual([
      [text, text, bytesOf(text)],
    ]);
  });
});
