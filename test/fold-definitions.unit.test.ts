import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkFunnels, loadFunnels, stepEventTypes, stepRule } from '../pipeline/funnel/definitions.ts';
import { matchesPath, pathPatternsOverlap } from '../pipeline/funnel/path-pattern.ts';

const shipped = new URL('../pipeline/funnels.json', import.meta.url);
const options = { horizonHours: 24 };
type Step = { label?: string; type?: string; pagePath?: string };
const step = (type: string, pagePath?: string): Step => ({
  label: type,
  type,
  ...(pagePath === undefined ? {} : { pagePath }),
});
const funnel = (changes: Record<string, unknown> = {}) => ({
  name: 'purchase',
  title: 'Purchase',
  windowSeconds: 3600,
  steps: [step('page_view'), step('purchase')],
  ...changes,
});
const codes = (...funnels: unknown[]) => checkFunnels(funnels, options).refusals.map(({ code }) => code);

describe('the types whose dead letters are missing in a step', () => {
  const typesOf = (type: string): readonly string[] => {
    const { funnels } = checkFunnels([funnel({ steps: [step('page_view'), step(type)] })], options);
    const last = funnels[0]?.steps[1];
    return last === undefined ? [] : stepEventTypes(last);
  };

  it('are the step’s own, and of a purchase every name that an order or its payment comes by', () => {
    expect(typesOf('click')).toEqual(['click']);
    expect([...typesOf('purchase')].sort()).toEqual(
      [
        'order_created',
        'order.created',
        'order_paid',
        'order.paid',
        'payment.completed',
        'payment_completed',
        'payment.succeeded',
        'payment_succeeded',
        'payment_success',
      ].sort(),
    );
  });
});

describe('the funnels that are shipped', () => {
  it('are purchase and browse, 1 h each', async () => {
    const funnels = await loadFunnels(shipped, options);
    expect(funnels.map((one) => [one.name, one.windowSeconds, one.steps.map(stepRule)] as const)).toEqual([
      ['purchase', 3600, ['page_view', 'add_to_cart', 'begin_checkout', 'paid or COD']],
      [
        'browse',
        3600,
        [
          'page_view /',
          'page_view /products',
          'page_view /products/*',
          'add_to_cart',
          'begin_checkout',
          'paid or COD',
        ],
      ],
    ]);
  });
});

describe('refusals', () => {
  it.each([
    ['KADA_FUNNEL_PURCHASE_MISSING', [funnel({ name: 'browse' })]],
    ['KADA_FUNNEL_NAME_TWICE', [funnel(), funnel()]],
    ['KADA_FUNNEL_WINDOW_TOO_LONG', [funnel({ windowSeconds: 43_201 })]],
    ['KADA_FUNNEL_BEGINS_WITH_PURCHASE', [funnel({ steps: [step('purchase'), step('page_view')] })]],
    ['KADA_FUNNEL_PURCHASE_HAS_PATH', [funnel({ steps: [step('page_view'), step('purchase', '/x')] })]],
    ['KADA_FUNNEL_STEPS_OVERLAP', [funnel({ steps: [step('page_view'), step('page_view', '/x')] })]],
    [
      'KADA_FUNNEL_STEPS_OVERLAP',
      [funnel({ steps: [step('page_view', '/x/*'), step('page_view', '/x/y')] })],
    ],
    [
      'KADA_FUNNEL_STEPS_OVERLAP',
      [funnel({ steps: [step('page_view'), step('purchase'), step('purchase')] })],
    ],
    ['KADA_FUNNELS_INVALID', [funnel({ steps: [step('page_view')] })]],
    ['KADA_FUNNELS_INVALID', [funnel({ steps: new Array(9).fill(step('click')) })]],
    ['KADA_FUNNELS_INVALID', [funnel({ steps: [step('page_view'), step('order_created')] })]],
    ['KADA_FUNNELS_INVALID', [funnel({ steps: [step('page_view', 'x'), step('purchase')] })]],
    ['KADA_FUNNELS_INVALID', [funnel({ steps: [step('page_view', '/a*'), step('purchase')] })]],
    ['KADA_FUNNELS_INVALID', [funnel({ steps: [step('page_view', '/a/*/b'), step('purchase')] })]],
    ['KADA_FUNNELS_INVALID', [funnel({ steps: [step('page_view', '/a/'), step('purchase')] })]],
    ['KADA_FUNNELS_INVALID', [funnel({ windowSeconds: 0 })]],
    ['KADA_FUNNELS_INVALID', [funnel({ extra: 1 })]],
    ['KADA_FUNNELS_INVALID', []],
  ])('%s: %j', (code, funnels) => {
    expect(codes(...funnels)).toEqual([code]);
    expect(checkFunnels(funnels, options).funnels).toEqual([]);
  });

  it('accepts a window of exactly half the horizon, and paths that no page can share', () => {
    expect(codes(funnel({ windowSeconds: 43_200 }))).toEqual([]);
    expect(
      codes(funnel({ steps: [step('page_view', '/x'), step('page_view', '/x/*'), step('click', '/x')] })),
    ).toEqual([]);
  });
});

describe('the file', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'funnels-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each([
    ['is not there', undefined, 'KADA_FUNNELS_UNREADABLE'],
    ['is no JSON', '[', 'KADA_FUNNELS_UNREADABLE'],
    ['is refused', '[]', 'KADA_FUNNELS_INVALID'],
  ])('%s', async (title, content, code) => {
    const path = join(folder, `${title}.json`);
    if (content !== undefined) await writeFile(path, content);
    await expect(loadFunnels(path, options)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(path),
    });
  });
});

describe('path patterns', () => {
  it.each([
    ['/products/*', '/products/p1', true],
    ['/products/*', '/products/', false],
    ['/products/*', '/products', false],
    ['/products/*', '/productsx', false],
    ['/*', '/', false],
    ['/*', '/a', true],
    ['/products', '/products', true],
    ['/products', '/products/p1', false],
    ['/products', null, false],
    [null, null, true],
  ])('%s on %s: %s', (pattern, path, expected) => {
    expect(matchesPath(pattern, path)).toBe(expected);
  });

  it.each([
    [null, '/a', true],
    ['/a', '/a', true],
    ['/a', '/b', false],
    ['/a/*', '/a', false],
    ['/a/*', '/a/', false],
    ['/a/*', '/a/b', true],
    ['/a/b', '/a/*', true],
    ['/a/*', '/a/b/*', true],
    ['/a/*', '/b/*', false],
    ['/a/*', '/ab/*', false],
    ['/*', '/a/*', true],
  ])('%s and %s can meet: %s', (a, b, expected) => {
    expect(pathPatternsOverlap(a, b)).toBe(expected);
    expect(pathPatternsOverlap(b, a)).toBe(expected);
  });
});
