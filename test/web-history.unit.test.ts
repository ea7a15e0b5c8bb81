import { describe, expect, it } from 'vitest';
import { beforeText, change, comparedDays, perDay, ratio } from '../live-dashboard/web/history/compare.ts';
import { csvText } from '../live-dashboard/web/history/csv.ts';
import { addDays, countDays, daysOf, isDay, longDay, shortDay } from '../live-dashboard/web/history/days.ts';
import { goldClock } from '../live-dashboard/web/history/gold-clock.ts';
import { conspicuousDays } from '../live-dashboard/web/history/letter-days.ts';
import { detailText, payloadLines } from '../live-dashboard/web/history/letter-parts.ts';
import { ordersTotals } from '../live-dashboard/web/history/orders-totals.ts';
import { lastDays, presetOf, rangeBefore, rangeOf, writeRange } from '../live-dashboard/web/history/range.ts';
import { hundredths } from '../live-dashboard/web/history/rows.ts';
import { sortedBy, tableCsv } from '../live-dashboard/web/history/table-rows.ts';

const today = '2026-11-24';

describe('days', () => {
  it('go over months, years and leap days', () => {
    expect(addDays('2026-12-31', 1)).toBe('2027-01-01');
    expect(addDays('2028-03-01', -1)).toBe('2028-02-29');
    expect(countDays('2026-11-11', today)).toBe(14);
    expect(daysOf({ from: '2026-02-27', to: '2026-03-01' })).toEqual([
      '2026-02-27',
      '2026-02-28',
      '2026-03-01',
    ]);
  });
  it('are named as on the page, with the year where it is another', () => {
    expect([shortDay(today), longDay(today, today), longDay('2025-11-24', today)]).toEqual([
      '24 Nov',
      'Tue 24 Nov',
      'Mon 24 Nov 2025',
    ]);
  });
  it.each(['2026-02-29', '2026-13-01', '26-01-01', '', null])('%s is none', (text) => {
    expect(isDay(text)).toBe(false);
  });
});

describe('the range of an address', () => {
  const range = (query: string) => rangeOf(new URLSearchParams(query), today);
  it('is 14 days by itself, a preset, or free', () => {
    expect(range('')).toEqual({ from: '2026-11-11', to: today });
    expect(range('days=90')).toEqual({ from: '2026-08-27', to: today });
    expect(range('from=2026-01-05&to=2026-01-09')).toEqual({ from: '2026-01-05', to: '2026-01-09' });
  });
  it('is the default where it is no range, ends today at the latest, and has an end', () => {
    for (const wrong of [
      'days=8',
      'from=2026-01-09&to=2026-01-05',
      'from=2026-02-30&to=2026-03-01',
      'from=2026-01-01',
    ])
      expect(range(wrong), wrong).toEqual({ from: '2026-11-11', to: today });
    expect(range('from=2026-11-20&to=2027-01-01')).toEqual({ from: '2026-11-20', to: today });
    expect(countDays(range('from=1990-01-01&to=2026-11-24').from, today)).toBe(731);
  });
  it('is written short where it follows today', () => {
    const query = new URLSearchParams('from=x&currency=USD');
    writeRange(query, lastDays(30, today), today);
    expect(query.toString()).toBe('currency=USD&days=30');
    writeRange(query, { from: '2026-01-05', to: '2026-01-18' }, today);
    expect(query.toString()).toBe('currency=USD&from=2026-01-05&to=2026-01-18');
    expect(presetOf({ from: '2026-01-05', to: '2026-01-18' }, today)).toBeUndefined();
  });
  it('has as many days before it', () => {
    expect(rangeBefore({ from: '2026-11-11', to: today })).toEqual({ from: '2026-10-28', to: '2026-11-10' });
  });
});

describe('a comparison', () => {
  const range = { from: '2026-11-18', to: today };
  it('takes complete days only, and none from before there was anything', () => {
    const compared = comparedDays(range, (day) => day < today, '2026-11-15');
    expect(compared.now).toEqual(daysOf({ from: '2026-11-18', to: '2026-11-23' }));
    expect(compared.before).toEqual(['2026-11-15', '2026-11-16', '2026-11-17']);
    expect(beforeText(range, compared)).toBe('on 3 of 7 days before');
    expect(comparedDays(range, () => true, null).before).toEqual([]);
    expect(
      beforeText(
        range,
        comparedDays(range, () => true, '2020-01-01'),
      ),
    ).toBe('on 7 days before');
  });
  it('has a sign, one decimal, and points for rates', () => {
    expect(change(105.2, 100, 'percent')).toBe('+5.2%');
    expect(change(90, 100, 'percent')).toBe('−10.0%');
    expect(change(100.04, 100, 'percent')).toBe('±0.0%');
    expect(change(0.058, 0.06, 'points')).toBe('−0.2 pt');
    expect(change(0.01, 0, 'points')).toBe('+1.0 pt');
    expect(change(5, 0, 'percent')).toBeUndefined();
    expect(change(null, 3, 'percent')).toBeUndefined();
    expect([perDay(10, 0), ratio(1, 0), perDay(10, 4)]).toEqual([null, null, 2.5]);
  });
});

describe('a table as a file', () => {
  it('is RFC 4180', () => {
    expect(
      csvText(
        ['a', 'b "x"'],
        [
          ['one, two', 3],
          ['line\nbreak', null],
          ['plain', -1.5],
        ],
      ),
    ).toBe('a,"b ""x"""\r\n"one, two",3\r\n"line\nbreak",\r\nplain,-1.5\r\n');
  });
  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', ' =1', '＝1'])(
    'a text that a spreadsheet would run is kept a text: %j',
    (text) => {
      const [line = ''] = csvText([], [[text]])
        .split('\r\n')
        .slice(1);
      expect(line.replace(/^"/, '').startsWith("'")).toBe(true);
      expect(csvText([], [[text]])).toContain(`'${text}`);
    },
  );
  it('has every column but the drawings, of all rows', () => {
    const column = { heading: 'N', key: 'n', value: (row: number) => row, show: String };
    const drawing = { ...column, key: 'd', heading: '', drawing: true } as const;
    expect(tableCsv([column, drawing, { ...column, heading: 'Half', csv: (row) => row / 2 }], [4, 2])).toBe(
      'N,Half\r\n4,2\r\n2,1\r\n',
    );
  });
  it('is sorted with the unknown last either way', () => {
    const rows = [null, 2, 1, null, 3];
    expect(sortedBy(rows, (row) => row, true)).toEqual([3, 2, 1, null, null]);
    expect(sortedBy(rows, (row) => row, false)).toEqual([1, 2, 3, null, null]);
  });
});

describe('sums of Gold', () => {
  it('money is added in hundredths, and exact beyond what a number holds as a fraction', () => {
    expect(['0.1', '12345678901234.56', '-3.5', 0.29, '7'].map(hundredths)).toEqual([
      10, 1_234_567_890_123_456, -350, 29, 700,
    ]);
  });
  it('the tries come back from the rate, and a day of none is named', () => {
    const row = (paid_orders: number, payment_success_rate: string | number | null) => ({
      metric_date: today,
      currency: 'LKR',
      total_orders: 9,
      paid_orders,
      cod_orders: 0,
      cancelled_orders: 1,
      orders_without_items: 0,
      payment_success_rate,
      total_revenue: '10.10',
      refunds_count: 0,
      refunded_amount: 0,
    });
    const rows = [row(2, '0.666667'), row(6, 0.857143), row(0, 0), row(0, null), row(12_345, '0.999919')];
    expect(ordersTotals(rows)).toEqual({
      revenue: 5_050,
      orders: 45,
      cancelled: 5,
      paid: 12_353,
      tried: 3 + 7 + 12_346,
      daysOfNone: 1,
    });
  });
  it('a day with over 8 times the median of dead letters is told', () => {
    const days = daysOf({ from: '2026-11-20', to: today });
    const letters = new Map([
      ['2026-11-20', 3],
      ['2026-11-21', 3],
      ['2026-11-22', 25],
      ['2026-11-23', 2],
    ]);
    expect([...conspicuousDays(days, letters)]).toEqual([['2026-11-22', 25]]);
    expect([...conspicuousDays(days, new Map([['2026-11-20', 8]]))]).toEqual([]);
  });
});

describe('the clock of Gold', () => {
  const at = (minute: number, second: number): string =>
    new Date(2026, 10, 24, 21, minute, second).toISOString();
  const runs = {
    now: at(47, 0),
    day: today,
    next_at: at(48, 2),
    gold_as_of: at(46, 2),
    gold_day: today,
    first_day: today,
    report: { time_zone: 'UTC', seeds: false, funnels: [] },
    runs: [],
  };
  it('says when Gold was made and when it will be', () => {
    expect(goldClock(runs, undefined, Date.parse(at(47, 12)))).toEqual({
      word: 'Gold',
      detail: 'of 21:46:02, next in 0m 50s',
      tone: 'live',
    });
    expect(goldClock({ ...runs, next_at: null }, undefined, Date.parse(at(47, 12))).detail).toBe(
      'of 21:46:02',
    );
    expect(goldClock({ ...runs, gold_as_of: null }, undefined, Date.parse(at(48, 0))).detail).toBe(
      'not made yet, next in 0m 02s',
    );
  });
  it('says what is the matter', () => {
    expect(goldClock(undefined, undefined, 0).word).toBe('Reading');
    expect(goldClock(undefined, 'The server does not answer.', 0).word).toBe('Away');
    expect(goldClock(runs, 'The server does not answer.', Date.parse(at(47, 12))).word).toBe('Old numbers');
  });
});

describe('a dead letter', () => {
  const detail = JSON.stringify({
    issues: [
      { path: 'session_id', code: 'invalid_type', message: 'is missing' },
      { path: 'page_url', code: 'x', message: 'is empty' },
    ],
  });
  it('says in one line what is wrong', () => {
    expect(detailText({ detail })).toBe('session_id: is missing, and 1 more');
    expect(detailText({ detail: 'no json' })).toBe('no json');
    expect(detailText({ detail: '{}' })).toBe('');
  });
  it('marks the field that an issue names, also one that is written almost so', () => {
    const lines = payloadLines('{"sessionid":"m-7","user":{"page_url":""}}', [
      { path: 'session_id', code: 'x', message: '' },
      { path: 'user.page_url', code: 'x', message: '' },
    ]);
    expect(lines.filter(({ faulty }) => faulty).map(({ text }) => text.trim())).toEqual([
      '"sessionid": "m-7",',
      '"page_url": ""',
    ]);
    expect(payloadLines('{"broken', []).map(({ text }) => text)).toEqual(['{"broken']);
  });
});
