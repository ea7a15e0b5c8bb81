import { describe, expect, it } from 'vitest';
import { createDays } from './support/recount-days.ts';
import { average, millionths, moneyText, percentile, rate, secondsText } from './support/recount-numbers.ts';
import { differences, ownRows, queriedRows } from './support/recount-rows.ts';

/* The recount's own arithmetic and days, against numbers worked out by hand. */

describe('numbers of the recount', () => {
  it('rounds a rate to 6 decimals, half away from zero, caps it at 1 and has none over 0', () => {
    expect([rate(1, 3), rate(2, 3), rate(0, 5), rate(5, 5), rate(5, 4), rate(1, 0)]).toEqual([
      '0.333333',
      '0.666667',
      '0.000000',
      '1.000000',
      '1.000000',
      null,
    ]);
    // 1/128 = 0.0078125 and 3/640 = 0.0046875
    expect([rate(1, 128), rate(3, 640)]).toEqual(['0.007813', '0.004688']);
  });

  it('interpolates percentiles at p·(n−1)', () => {
    const of = (...values: number[]) => values.map(millionths);
    expect(percentile(of(4, 1, 3, 2), 50)).toBe('2.500000');
    expect(percentile(of(1, 2, 3, 4), 90)).toBe('3.700000');
    expect(percentile(of(1, 2, 3, 4, 5), 95)).toBe('4.800000');
    expect(percentile(of(10), 95)).toBe('10.000000');
    expect(percentile(of(-3, 0), 50)).toBe('-1.500000');
    expect(percentile([], 50)).toBeNull();
  });

  it('tells means, money and seconds as exact decimals', () => {
    expect(average([1, 2, 2].map(millionths))).toBe('1.666667');
    expect(average([])).toBeNull();
    expect([moneyText(0), moneyText(5), moneyText(199_999), moneyText(-150)]).toEqual([
      '0.00',
      '0.05',
      '1999.99',
      '-1.50',
    ]);
    expect(secondsText(61_001)).toBe('61.001');
  });
});

describe('days of the recount', () => {
  const end = (zone: string, date: string) => new Date(createDays(zone).endOf(date)).toISOString();
  const dateOf = (zone: string, time: string) => createDays(zone).dateOf(Date.parse(time));

  it('begin at the zone’s midnight', () => {
    expect(dateOf('UTC', '2026-06-15T23:59:59.999Z')).toBe('2026-06-15');
    expect(dateOf('Asia/Colombo', '2026-06-15T18:29:59.999Z')).toBe('2026-06-15');
    expect(dateOf('Asia/Colombo', '2026-06-15T18:30:00.000Z')).toBe('2026-06-16');
    expect(dateOf('Asia/Kathmandu', '2026-06-15T18:14:59.999Z')).toBe('2026-06-15');
    expect(dateOf('Asia/Kathmandu', '2026-06-15T18:15:00.000Z')).toBe('2026-06-16');
    expect(dateOf('America/New_York', '2026-06-15T03:59:59.999Z')).toBe('2026-06-14');
  });

  it('are 23 or 25 hours long when the clocks change', () => {
    expect(end('Europe/Berlin', '2026-03-28')).toBe('2026-03-28T23:00:00.000Z');
    expect(end('Europe/Berlin', '2026-03-29')).toBe('2026-03-29T22:00:00.000Z');
    expect(end('Europe/Berlin', '2026-10-24')).toBe('2026-10-24T22:00:00.000Z');
    expect(end('Europe/Berlin', '2026-10-25')).toBe('2026-10-25T23:00:00.000Z');
    // by half an hour
    expect(end('Australia/Lord_Howe', '2026-04-04')).toBe('2026-04-04T13:00:00.000Z');
    expect(end('Australia/Lord_Howe', '2026-04-05')).toBe('2026-04-05T13:30:00.000Z');
    // at midnight itself
    expect(end('America/Santiago', '2026-04-04')).toBe('2026-04-05T04:00:00.000Z');
    expect(end('America/Santiago', '2026-09-05')).toBe('2026-09-06T04:00:00.000Z');
  });
});

describe('rows of the recount and of a query', () => {
  const own = ownRows('silver.order_items', [
    { order_id: 'o', line_number: 10, product_id: null, quantity: 1, unit_price: 250, line_total: null },
    { order_id: 'o', line_number: 2, product_id: 'p', quantity: 3, unit_price: null, line_total: 0 },
  ]);
  const names = ['line_number', 'order_id', 'product_id', 'quantity', 'unit_price', 'line_total'];

  it('meet in one form, sorted by key', () => {
    const queried = queriedRows('silver.order_items', names, [
      [2, 'o', 'p', 3, null, 0],
      [10, 'o', null, 1, '2.5', null],
    ]);
    expect(queried).toEqual(own);
    expect(differences('silver.order_items', own, queried)).toEqual([]);
  });

  it('differ by a cell, by a row that is missing or too many, and by a key that comes twice', () => {
    const [first, second] = own;
    const changed = { ...second!, unit_price: '2.51' };
    expect(differences('silver.order_items', own, [first!, changed])).toMatchObject([
      { columns: ['unit_price'], expected: second, actual: changed },
    ]);
    expect(differences('silver.order_items', own, [first!])).toHaveLength(1);
    expect(differences('silver.order_items', [first!], own)).toHaveLength(1);
    expect(differences('silver.order_items', own, [...own, second!])).toHaveLength(1);
  });

  it('keeps digits that no place is for, so that they show', () => {
    const [row] = queriedRows('silver.order_items', names, [[1, 'o', 'p', 1, 2.505, '1e2']]);
    expect([row?.unit_price, row?.line_total]).toEqual(['2.505', '100.00']);
  });
});
