import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HistoryDashboard, startHistoryDashboard } from './support/history-dashboard.ts';
import { judge, letterFrom, trackOrigin } from './support/ingesting.ts';

const DAY = 86_400_000;
const noon = Date.UTC(2026, 10, 20, 12);
let dashboard: HistoryDashboard;

const texts = ['{"plain', '{"it\'s', '{"100%_[x]!', '{"CheckPoint', '{"ගම්'];

beforeAll(async () => {
  dashboard = await startHistoryDashboard(undefined, { timeZone: 'Asia/Colombo' });
  const broken = texts.map((text, index) => ({
    letter: letterFrom(judge(text, trackOrigin(), { at: noon })),
    // the first two fail before the day turns in Colombo at 18:30 UTC, the others after it
    at: index < 2 ? noon : noon + 7 * 3_600_000,
  }));
  const other = {
    letter: letterFrom(
      judge({ event_type: 'add_to_cart', session_id: 's', page_url: '/x' }, trackOrigin(), { at: noon }),
    ),
    at: noon + 3 * DAY,
  };
  await dashboard.add({ events: [], letters: [...broken, other] }, noon + 4 * DAY);
});
afterAll(() => dashboard.close());

interface Body {
  readonly total: number;
  readonly next_offset: number | null;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly error?: { readonly code: string; readonly message: string };
}

async function get(path: string): Promise<{ readonly status: number; readonly body: Body }> {
  const response = await fetch(`${dashboard.url}${path}`);
  return { status: response.status, body: (await response.json()) as Body };
}
const list = async (parameters: Record<string, string>): Promise<Body> =>
  (await get(`/api/dead-letters?${new URLSearchParams(parameters)}`)).body;

describe('GET /api/dead-letters/summary', () => {
  it('counts by day of the report, reason, source and state', async () => {
    const { body } = await get('/api/dead-letters/summary?from=2026-11-01&to=2026-11-30');
    expect(
      body.rows.map((row) => [row.failed_date, row.reason, row.source, row.status, row.letters, row.seen]),
    ).toEqual([
      ['2026-11-23', 'validation_error:add_to_cart', 'tracking', 'pending', 1, 1],
      ['2026-11-21', 'invalid_json', 'tracking', 'pending', 3, 3],
      ['2026-11-20', 'invalid_json', 'tracking', 'pending', 2, 2],
    ]);
  });
  it('agrees with Gold', async () => {
    const health = await get('/api/gold/system_health_daily');
    expect(
      health.body.rows
        .filter(({ dlq_count }) => dlq_count !== 0)
        .map((row) => [row.metric_date, row.dlq_count]),
    ).toEqual([
      ['2026-11-23', 1],
      ['2026-11-21', 3],
      ['2026-11-20', 2],
    ]);
  });
});

describe('GET /api/dead-letters', () => {
  it('lists newest first, page by page, without payloads', async () => {
    const first = await list({ limit: '4' });
    const second = await list({ limit: '4', offset: String(first.next_offset) });
    expect([first.total, first.rows.length, first.next_offset]).toEqual([6, 4, 4]);
    expect([second.rows.length, second.next_offset]).toEqual([2, null]);
    const ids = [...first.rows, ...second.rows].map(({ event_id }) => event_id);
    expect(new Set(ids).size).toBe(6);
    const times = [...first.rows, ...second.rows].map(({ failed_at }) => String(failed_at));
    expect(times).toEqual([...times].sort().reverse());
    expect(first.rows[0]).not.toHaveProperty('payload');
  });
  it('gives one whole by its id', async () => {
    const { rows } = await list({ reason: 'validation_error:add_to_cart' });
    const id = String(rows[0]?.event_id);
    const one = await list({ id: id.toUpperCase() });
    expect(one.total).toBe(1);
    expect(JSON.parse(String(one.rows[0]?.payload))).toMatchObject({ event_type: 'add_to_cart' });
    expect(JSON.parse(String(one.rows[0]?.context))).toMatchObject({ road: 'track' });
  });
  it.each([
    [{ reason: 'invalid_json' }, 5],
    [{ source: 'collector' }, 0],
    [{ status: 'discarded' }, 0],
    [{ from: '2026-11-21', to: '2026-11-21' }, 3],
    [{ text: 'plain' }, 1],
    [{ text: "it's" }, 1],
    [{ text: '100%_[x]!' }, 1],
    [{ text: '%' }, 1],
    [{ text: '_[' }, 1],
    [{ text: 'CheckPoint' }, 1],
    [{ text: 'ගම්' }, 1],
    [{ text: "' OR 1=1 --" }, 0],
    [{ text: "'); DROP TABLE ops.dead_letter_events; --" }, 0],
  ])('narrows by %j', async (filter, count) => {
    const body = await list(filter);
    expect([body.error, body.total, body.rows?.length]).toEqual([undefined, count, count]);
  });
  it.each([
    'reason=x%27y',
    'status=gone',
    'id=1',
    'text=',
    `text=${'x'.repeat(101)}`,
    'text=a%00b',
    'from=2026-02-30',
    'from=2026-11-02&to=2026-11-01',
    'limit=501',
    'other=1',
  ])('refuses %s', async (query) => {
    const { status, body } = await get(`/api/dead-letters?${query}`);
    expect([status, body.error?.code]).toEqual([400, 'bad_request']);
  });
  it('says that the store is away', async () => {
    dashboard.failReads(true);
    try {
      for (const path of ['/api/dead-letters', '/api/dead-letters/summary', '/api/runs'])
        expect([path, (await get(path)).status]).toEqual([path, 503]);
    } finally {
      dashboard.failReads(false);
    }
  });
});

describe('GET /api/runs', () => {
  it('tells how far Gold is, on which day of the report that was, and when the next cycle comes', async () => {
    dashboard.report.nextCycleAt = Date.UTC(2026, 10, 24, 12, 2);
    const { body } = await get('/api/runs');
    expect(body).toMatchObject({
      gold_as_of: new Date(noon + 4 * DAY).toISOString(),
      gold_day: '2026-11-24',
      next_at: '2026-11-24T12:02:00.000Z',
      report: { time_zone: 'Asia/Colombo', seeds: false },
      runs: [],
    });
  });
});
