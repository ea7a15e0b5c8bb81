import { describe, expect, it } from 'vitest';
import { etlDefinitions } from '../pipeline/etl/definitions.ts';
import { createDues } from '../pipeline/etl/periodically.ts';
import { reportOffsets } from '../pipeline/etl/report-offsets.ts';
import { goldQuery } from '../sinks/gold-tables.ts';
import { rewriteParameters, splitStatements } from '../sinks/materialise/statements.ts';

const hour = 3_600_000;

describe('reportOffsets', () => {
  it('is one span for UTC', () => {
    expect(reportOffsets('UTC')).toEqual([
      { from: Date.UTC(1900, 0, 1), to: Date.UTC(9999, 0, 1), seconds: 0 },
    ]);
  });

  it('changes to the second with the clocks of a zone', () => {
    const spans = reportOffsets('Europe/Berlin');
    const summer = spans.find(({ from }) => from === Date.UTC(2026, 2, 29, 1));
    expect(summer).toEqual({ from: Date.UTC(2026, 2, 29, 1), to: Date.UTC(2026, 9, 25, 1), seconds: 7_200 });
  });

  it('has no gap, half hours and negative offsets too', () => {
    for (const [zone, now] of [
      ['Asia/Colombo', 19_800],
      ['America/New_York', -18_000],
      ['Australia/Lord_Howe', 39_600],
    ] as const) {
      const spans = reportOffsets(zone);
      for (const [index, span] of spans.entries()) expect(span.to).toBe(spans[index + 1]?.from ?? span.to);
      const january = Date.UTC(2026, 0, 15);
      expect(spans.find(({ from, to }) => january >= from && january < to)?.seconds).toBe(now);
    }
  });
});

describe('etlDefinitions', () => {
  it('tells a prefix by the texts that it stands between', () => {
    const steps = [
      { label: 'Home', type: 'page_view', pagePath: '/' },
      { label: 'Product', type: 'page_view', pagePath: '/products/*' },
      { label: 'Cart', type: 'add_to_cart', pagePath: null },
    ] as const;
    const { funnels } = etlDefinitions(
      [{ name: 'browse', title: 'Browse', windowSeconds: 60, steps }],
      'UTC',
      false,
    );
    expect(funnels.map(({ pagePath, pathUntil }) => [pagePath, pathUntil])).toEqual([
      ['/', null],
      ['/products/', '/products0'],
      [null, null],
    ]);
    const isProduct = (path: string): boolean => path > '/products/' && path < '/products0';
    expect(['/products/1', '/products/ක', '/products/~'].every(isProduct)).toBe(true);
    expect(['/products', '/products/', '/products0', '/productsx', '/product'].some(isProduct)).toBe(false);
  });
});

describe('splitStatements', () => {
  it('cuts at semicolons outside of texts and comments, and names the parameters', () => {
    const text = "-- a; @no\nSELECT 'x;@no''s', @a, @b; /* ; @no */ DELETE FROM t WHERE c = @a;\n\n";
    expect(splitStatements(text)).toEqual([
      { sql: "SELECT 'x;@no''s', @a, @b", parameters: ['a', 'b'] },
      { sql: 'DELETE FROM t WHERE c = @a', parameters: ['a'] },
    ]);
  });

  it('leaves texts alone when parameters are rewritten', () => {
    expect(rewriteParameters("SELECT '@a', @a, @ab", (name) => `$${name}`)).toBe("SELECT '@a', $a, $ab");
  });
});

describe('when the next cycle is due', () => {
  const period = { intervalMs: hour, graceMs: 60_000, coalesce: true };

  it('keeps its beat whatever a cycle took', () => {
    const nextDue = createDues(0, period);
    expect(nextDue(1_000)).toBe(hour);
    expect(nextDue(hour + 5_000)).toBe(2 * hour);
  });

  it('catches up what came due a moment ago, and lets go what is long past', () => {
    expect(createDues(0, period)(hour + 30_000)).toBe(hour);
    expect(createDues(0, period)(hour + 90_000)).toBe(2 * hour);
  });

  it('catches up by one cycle, or by one each', () => {
    const short = { intervalMs: 1_000, graceMs: 3_500, coalesce: true };
    expect(createDues(0, short)(5_200)).toBe(5_000);
    const each = createDues(0, { ...short, coalesce: false });
    expect([each(5_200), each(5_200), each(5_200), each(5_200), each(5_200)]).toEqual([
      2_000, 3_000, 4_000, 5_000, 6_000,
    ]);
  });
});

describe('goldQuery', () => {
  it('pages a table, newest date first, in one order', () => {
    const page = { from: '2026-01-01', to: '2026-01-31', offset: 20, limit: 10 };
    expect(goldQuery({ table: 'conversion_funnel', ...page })).toBe(
      "SELECT g.* FROM gold.conversion_funnel AS g WHERE g.funnel_date >= CAST('2026-01-01' AS DATE) AND " +
        "g.funnel_date <= CAST('2026-01-31' AS DATE) ORDER BY g.funnel_date DESC, g.funnel_name, g.step_order " +
        'OFFSET 20 ROWS FETCH NEXT 10 ROWS ONLY',
    );
  });
});
