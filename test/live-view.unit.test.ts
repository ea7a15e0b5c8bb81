import { Subject } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Frame, RatesFrame, ServerState, StepCounts } from '../live-dashboard/frames.ts';
import { applyFrame, type LiveState } from '../live-dashboard/web/state.ts';
import { loadFunnels } from '../pipeline/funnel/definitions.ts';
import { createFunnelFold } from '../pipeline/funnel/fold.ts';
import { createCommitLatency } from '../pipeline/live/commit-latency.ts';
import { createDeadLetterMinutes } from '../pipeline/live/dead-letter-minutes.ts';
import { createLiveView, type LiveView } from '../pipeline/live/live-view.ts';
import { createWindowRing } from '../pipeline/live/window-ring.ts';
import { letter, stored, storedEvent } from './support/live-events.ts';
import {
  browseFunnel,
  createScriptedFold,
  purchaseFunnel,
  type ScriptedFold,
} from './support/scripted-fold.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const start = Date.UTC(2026, 10, 24, 12, 0, 0);
const counts = (sessions: number, stillInTime = 0, dropped = 0): StepCounts => ({
  sessions,
  stillInTime,
  dropped,
  medianSeconds: 12,
  p90Seconds: 40,
});

describe('the live view', () => {
  let now: number;
  let state: ServerState;
  let queueDepth: number | null;
  let fold: ScriptedFold;
  let view: LiveView;
  let ticks: Subject<void>;
  let frames: Frame[];

  beforeEach(() => {
    now = start;
    state = { kind: 'live' };
    queueDepth = null;
    fold = createScriptedFold([purchaseFunnel, browseFunnel]);
    ticks = new Subject();
    frames = [];
    view = createLiveView({
      fold,
      funnels: [purchaseFunnel, browseFunnel],
      now: () => now,
      countersSince: start,
      horizonMs: 24 * HOUR,
      maxSessions: 1_000_000,
      included: { bots: false, seeds: false },
      state: () => state,
      sources: () => [{ source: 'tracking', state: 'listening', detail: 'on 127.0.0.1:9000', url: null }],
      warehouse: () => 'ready, DuckDB',
      queueDepth: () => queueDepth,
      ticks$: ticks,
    });
    view.frames$.subscribe((frame) => frames.push(frame));
  });

  /** One tick after `ms`; the frame it brought. */
  function tick(ms = 250): Frame | undefined {
    now += ms;
    const before = frames.length;
    ticks.next();
    expect(frames.length - before).toBeLessThanOrEqual(1);
    return frames[before];
  }

  it('begins with a snapshot and is then silent while nothing changes', () => {
    expect(tick()?.kind).toBe('snapshot');
    for (let i = 0; i < 100; i++) expect(tick()).toBeUndefined();
  });

  it('sends only the parts that changed, numbered without a hole', () => {
    tick();
    fold.setCounts('purchase', 15, [counts(3), counts(1, 2), counts(0), counts(0)]);
    const first = tick();
    expect(first).toMatchObject({ kind: 'delta', seq: 2, now });
    expect(Object.keys(first ?? {}).sort()).toEqual(['funnels', 'horizonStart', 'kind', 'now', 'seq']);
    expect(first?.funnels?.map((funnel) => funnel.name)).toEqual(['purchase']);

    queueDepth = 7;
    const second = tick();
    expect(second).toEqual({ kind: 'delta', seq: 3, now, horizonStart: start - 24 * HOUR, queueDepth: 7 });
  });

  it('sends only the touched cohort minutes', () => {
    fold.setCohort('purchase', { at: start - MINUTE, reached: [1, 0, 0, 0], stillInTime: [0, 1, 0, 0] });
    tick();
    fold.setCohort('purchase', { at: start, reached: [2, 0, 0, 0], stillInTime: [0, 2, 0, 0] });
    expect(tick()?.funnels?.[0]?.cohorts.map((cohort) => cohort.at)).toEqual([start]);
  });

  it('takes the closing of a cohort by time alone for a change', () => {
    tick();
    fold.onAdvance((at) => {
      if (at >= start + HOUR) {
        fold.onAdvance(() => undefined);
        fold.setCohort('purchase', { at: start, reached: [2, 0, 0, 0], stillInTime: [0, 0, 0, 0] });
      }
    });
    expect(tick()).toBeUndefined();
    expect(tick(HOUR)?.funnels?.[0]?.cohorts).toEqual([
      { at: start, reached: [2, 0, 0, 0], stillInTime: [0, 0, 0, 0] },
    ]);
  });

  it('counts every outcome once, by source and window', () => {
    tick();
    view.observe({
      at: now,
      commitMs: 4,
      settled: [
        stored({ event_timestamp: now - 500 }),
        stored({ event_timestamp: now - 30 * HOUR, received_at: now }, 'rabbitmq'),
        stored({ event_timestamp: now - 100, is_bot: 1 }),
        { via: 'tracking', outcome: 'duplicate' },
        letter('collector', 'event_id_conflict', now, 'order_paid'),
        letter('tracking', 'validation_error:click', now, 'click'),
        letter('tracking', 'validation_error:click', now, 'click'),
        // came again: its row is there already
        { via: 'rabbitmq', outcome: 'dead-lettered', reason: 'validation_error:click', concerns: 'click' },
        { via: 'tracking', outcome: 'rejected', reason: 'invalid_json' },
      ],
    });
    const quarter = tick()?.counters?.['15m'];
    expect(quarter).toMatchObject({ natural: 2, synthetic: 1, late: 1, deadLetters: 3, bots: 1 });
    expect(quarter?.deadLettersByReason).toEqual([
      { reason: 'validation_error:click', count: 2 },
      { reason: 'event_id_conflict', count: 1 },
    ]);
    expect(quarter?.bySource).toEqual([
      { source: 'tracking', events: 2, natural: 1, synthetic: 0, late: 0, deadLetters: 2 },
      { source: 'collector', events: 0, natural: 0, synthetic: 1, late: 0, deadLetters: 1 },
      { source: 'rabbitmq', events: 1, natural: 1, synthetic: 0, late: 1, deadLetters: 0 },
      { source: 'replay', events: 0, natural: 0, synthetic: 0, late: 0, deadLetters: 0 },
    ]);
  });

  it('lets counts leave a window at a whole minute, and tells it', () => {
    tick();
    view.observe({ at: now, commitMs: 1, settled: [{ via: 'tracking', outcome: 'duplicate' }] });
    tick();
    now = start + 15 * MINUTE + 59_749;
    expect(tick()?.counters).toBeUndefined();
    expect(view.snapshot().counters['15m'].natural).toBe(1);
    const after = tick();
    expect(after?.counters?.['15m'].natural).toBe(0);
    expect(after?.counters?.['1h'].natural).toBe(1);
    expect(view.snapshot().counters['24h'].natural).toBe(1);
    now += 24 * HOUR;
    expect(view.snapshot().counters['24h'].natural).toBe(0);
  });

  it('tells rates in whole groups of 5 s, and only groups in which something happened', () => {
    tick();
    view.observe({
      at: now,
      commitMs: 1,
      settled: [stored({ event_timestamp: now }), stored({ event_timestamp: now })],
    });
    expect(tick()?.rates).toBeUndefined();
    expect(tick(5_000)?.rates).toEqual({
      groupSeconds: 5,
      from: start,
      groups: 1,
      byType: { page_view: [0.4] },
      bySource: { tracking: [0.4] },
    });
    expect(view.snapshot().sources[0]?.perSecond).toBeCloseTo(2 / 60);
    expect(tick(5_000)).toBeUndefined();
    expect(view.snapshot().rates.byType.page_view?.at(-2)).toBe(0.4);
  });

  it.each([
    { seeds: false, bots: false, byType: { page_view: [0.2] } },
    { seeds: true, bots: false, byType: { page_view: [0.2], search: [0.2] } },
  ])('leaves bots out of the rates, and seeds unless they are in: %o', ({ seeds, bots, byType }) => {
    const other = createLiveView({
      fold,
      funnels: [purchaseFunnel],
      now: () => now,
      countersSince: start,
      horizonMs: 24 * HOUR,
      maxSessions: 1_000_000,
      included: { bots, seeds },
      state: () => state,
      sources: () => [{ source: 'tracking', state: 'listening', detail: null, url: null }],
      warehouse: () => 'ready, DuckDB',
      queueDepth: () => null,
      ticks$: ticks,
    });
    const at = now;
    other.observe({
      at,
      commitMs: 1,
      settled: [
        stored({ event_timestamp: at }),
        stored({ event_timestamp: at, canonical_type: 'click', is_bot: 1 }, 'collector'),
        stored({ event_timestamp: at, canonical_type: 'search', is_seed: 1 }),
        stored({ event_timestamp: at, canonical_type: 'scroll', is_bot: 1, is_seed: 1 }, 'replay'),
      ],
    });
    now += 5_000;
    const { rates, sources } = other.snapshot();
    const newest = (lines: Readonly<Record<string, readonly number[]>>) =>
      Object.fromEntries(Object.entries(lines).map(([name, values]) => [name, values.slice(-1)]));
    const tracked = seeds ? 2 : 1;
    expect(newest(rates.byType)).toEqual(byType);
    expect(newest(rates.bySource)).toEqual({ tracking: [tracked / 5] });
    expect(sources[0]?.perSecond).toBeCloseTo(tracked / 60);
  });

  it('adds what waited on its way to a group of 5 s that was told already', () => {
    tick();
    view.observe({ at: now, commitMs: 1, settled: [stored({ event_timestamp: now })] });
    tick(10_000);
    const waited = { event_timestamp: start, received_at: start + 1_000 };
    view.observe({ at: now, commitMs: 1, settled: [stored(waited), stored(waited, 'rabbitmq')] });
    expect(tick()?.rates).toEqual({
      groupSeconds: 5,
      from: start,
      groups: 2,
      byType: { page_view: [0.6, 0] },
      bySource: { tracking: [0.4, 0], rabbitmq: [0.2, 0] },
    });
    expect(tick()?.rates).toBeUndefined();
  });

  it('counts a row in the minute in which it was received, whenever it is committed', () => {
    tick();
    const received = now - 20 * MINUTE;
    view.observe({
      at: now,
      commitMs: 1,
      settled: [
        stored({ event_timestamp: received - 30 * HOUR, received_at: received, is_bot: 1 }),
        letter('rabbitmq', 'validation_error:click', received, 'click'),
        letter('rabbitmq', 'unknown_event_type', received, 'a name of its own'),
        letter('rabbitmq', 'unknown_event_type', received, 'another one'),
        letter('replay', 'invalid_json', now - 30 * HOUR),
      ],
    });
    const { counters, deadLetterMinutes } = view.snapshot();
    expect(counters['15m']).toMatchObject({ late: 0, bots: 0, deadLetters: 0, deadLettersByReason: [] });
    expect(counters['1h']).toMatchObject({ late: 1, bots: 1, deadLetters: 3 });
    expect(counters['24h']).toMatchObject({ late: 1, bots: 1, deadLetters: 3 });
    const at = Math.floor(received / MINUTE) * MINUTE;
    expect(deadLetterMinutes).toEqual([
      {
        at,
        reasons: [
          { reason: 'unknown_event_type', concerns: 'other', count: 2 },
          { reason: 'validation_error:click', concerns: 'click', count: 1 },
        ],
      },
    ]);
  });

  it('takes the source of the row for its clock: a replay moves it neither back nor past its arrival', () => {
    view.observe({ at: now, commitMs: 1, settled: [stored({ event_timestamp: now - 2 * MINUTE })] });
    const watermark = (): number | null | undefined => view.snapshot().sources[0]?.watermark;
    expect(watermark()).toBe(now - 2 * MINUTE);
    const old = { event_timestamp: now - 9 * HOUR, received_at: now - 9 * HOUR };
    view.observe({ at: now, commitMs: 1, settled: [stored(old, 'replay')] });
    expect(watermark()).toBe(now - 2 * MINUTE);
    // its clock was ahead when it first came
    const ahead = { event_timestamp: now - MINUTE + 9 * MINUTE, received_at: now - MINUTE };
    view.observe({ at: now, commitMs: 1, settled: [stored(ahead, 'replay')] });
    expect(watermark()).toBe(now - MINUTE);
    // of another source's row, whoever brought it
    view.observe({
      at: now,
      commitMs: 1,
      settled: [stored({ event_timestamp: now, source: 'rabbitmq' }, 'tracking')],
    });
    expect(watermark()).toBe(now - MINUTE);
    expect(view.snapshot().newestEvent).toBe(now);
  });

  it('keeps the last 50 events, newest first, and sends only new ones', () => {
    tick();
    const settled = Array.from({ length: 120 }, (_, i) =>
      stored({ event_timestamp: now, session_id: `s-${i}` }),
    );
    view.observe({ at: now, commitMs: 1, settled });
    const first = tick()?.recent ?? [];
    expect(first.map((event) => event.sessionId)).toEqual(
      Array.from({ length: 50 }, (_, i) => `s-${119 - i}`),
    );
    view.observe({
      at: now,
      commitMs: 1,
      settled: [letter('collector', 'invalid_json', now)],
    });
    expect(tick()?.recent).toEqual([
      {
        n: 121,
        at: now - 250,
        eventTime: null,
        source: 'collector',
        type: 'unknown',
        sessionId: null,
        outcome: 'dead-lettered',
        reason: 'invalid_json',
      },
    ]);
    expect(view.snapshot().recent).toHaveLength(50);
  });

  it('counts rows of a source that it does not know under no other', () => {
    const none = view.snapshot().counters;
    const other = 'kafka' as 'tracking';
    const row = { at: now, canonical_type: 'page_view', is_bot: 0, is_seed: 0, events: 7, late: 7 } as const;
    const letters = { at: now, source: other, reason: 'event_id_conflict', concerns: null, letters: 7 };
    view.restore(
      { events: [{ ...row, source: other }], deadLetters: [letters], rates: [], reached: [] },
      now,
    );
    expect(view.snapshot().counters).toEqual(none);
  });

  it('tells the newest event by its own time, and takes one from the future as of its arrival', () => {
    const reached = [{ source: 'tracking' as const, newest: start - HOUR }];
    view.restore({ events: [], deadLetters: [], rates: [], reached }, now);
    expect(view.snapshot().newestEvent).toBe(start - HOUR);
    view.observe({
      at: now,
      commitMs: 1,
      settled: [stored({ event_timestamp: now + 5 * MINUTE, received_at: now })],
    });
    expect(view.snapshot()).toMatchObject({
      newestEvent: now,
      sources: [{ source: 'tracking', watermark: now }],
    });
    expect(view.snapshot().counters['24h'].bySource[0]?.events).toBe(1);
  });

  it('shows no numbers while the state is rebuilt, then all of them at once', () => {
    state = { kind: 'rebuilding', done: 1, total: 10 };
    fold.setCounts('purchase', 15, [counts(3), counts(1, 2), counts(0), counts(0)]);
    fold.setCohort('purchase', { at: start, reached: [3, 1, 0, 0], stillInTime: [0, 2, 1, 0] });
    expect(tick()).toMatchObject({ kind: 'snapshot', funnels: [{ cohorts: [] }, { cohorts: [] }] });
    expect(frames[0]?.funnels?.[0]?.windows['15m'][0]?.sessions).toBe(0);
    state = { kind: 'rebuilding', done: 9, total: 10 };
    expect(tick()).toMatchObject({ kind: 'delta', state: { done: 9 } });
    state = { kind: 'live' };
    const whole = tick();
    expect(whole).toMatchObject({ kind: 'snapshot', seq: 3 });
    expect(whole?.funnels?.[0]?.windows['15m'][0]?.sessions).toBe(3);
    expect(tick()).toBeUndefined();
  });

  it('gives a page that follows the deltas what a snapshot of that moment says', () => {
    let page: LiveState | undefined;
    view.frames$.subscribe((frame) => {
      const applied = applyFrame(page, frame);
      expect(applied.kind).toBe('applied');
      if (applied.kind === 'applied') page = applied.state;
    });
    let random = 12345;
    const below = (limit: number): number => {
      random = (random * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((random / 2_147_483_648) * limit);
    };
    for (let i = 0; i < 600; i++) {
      const kind = below(6);
      if (kind === 0)
        fold.setCounts('purchase', [15, 60, 1440][below(3)] ?? 15, [
          counts(below(100)),
          counts(below(9)),
          counts(0),
          counts(0),
        ]);
      if (kind === 1)
        fold.setCohort('browse', {
          at: now - (now % MINUTE),
          reached: [below(50), 0],
          stillInTime: [0, below(5)],
        });
      if (kind === 2)
        view.observe({
          at: now,
          commitMs: 1 + below(50),
          settled: [
            stored({ event_timestamp: now, received_at: now - below(2) * below(900_000) }),
            stored({ event_timestamp: now, canonical_type: 'click' }, 'rabbitmq'),
          ],
        });
      if (kind === 3)
        view.observe({
          at: now,
          commitMs: 2,
          settled: [letter('replay', 'invalid_json', now - below(30) * MINUTE)],
        });
      if (kind === 4) queueDepth = below(3);
      tick(below(2) === 0 ? 250 : below(4) * MINUTE);
      const told = view.snapshot();
      expect(told.seq).toBe(page?.seq);
      if (page === undefined) continue;
      // time passes on the page too: what is compared is what does not depend on the moment of looking
      const { now: _a, horizonStart: _b, rates: _c, ...shown } = page;
      const { now: _d, horizonStart: _e, rates: _f, ...whole } = told;
      expect(shown.deadLetterMinutes.filter((minute) => minute.at >= told.horizonStart)).toEqual(
        whole.deadLetterMinutes,
      );
      expect({ ...shown, deadLetterMinutes: [] }).toEqual({ ...whole, deadLetterMinutes: [] });
      expect(ratesAt(page.rates, told.rates)).toEqual(ratesAt(told.rates, told.rates));
    }
  });
});

/** The values of every line in the groups of `grid`; a group that `rates` does not hold is 0. */
function ratesAt(rates: RatesFrame, grid: RatesFrame): Readonly<Record<string, readonly number[]>> {
  const lines = Object.entries({ ...rates.byType, ...rates.bySource }).map(([name, values]) => [
    name,
    Array.from({ length: grid.groups }, (_, i) => {
      const at = grid.from + i * grid.groupSeconds * 1_000;
      return values[(at - rates.from) / (rates.groupSeconds * 1_000)] ?? 0;
    }),
  ]);
  return Object.fromEntries(lines.filter(([, values]) => (values as number[]).some((value) => value > 0)));
}

describe('the window ring', () => {
  it('agrees with a plain recount however time moves', () => {
    let now = start;
    const ring = createWindowRing(2, [15, 60], now);
    const seen: { at: number; column: number }[] = [];
    for (let i = 0; i < 3_000; i++) {
      now += (i * 7919) % 97 === 0 ? 23 * MINUTE : (i * 131) % 40_000;
      ring.advance(now);
      if (i % 3 !== 0) {
        // most count now, some where they were on their way for long, a few by a clock that is ahead
        const at = i % 5 === 0 ? now - ((i * 7_919) % 90) * MINUTE : i % 7 === 0 ? now + 9 * MINUTE : now;
        ring.add(at, i % 2, 1);
        seen.push({ at, column: i % 2 });
      }
      for (const [window, minutes] of [15, 60].entries()) {
        const from = Math.floor((now - minutes * MINUTE) / MINUTE) * MINUTE;
        for (const column of [0, 1]) {
          expect(ring.total(window, column)).toBe(
            seen.filter((one) => one.column === column && Math.floor(one.at / MINUTE) * MINUTE >= from)
              .length,
          );
        }
      }
      if (seen.length > 400) seen.splice(0, seen.length, ...seen.filter((one) => one.at > now - 62 * MINUTE));
    }
  });
});

describe('the commit latency', () => {
  it('is at most 2 % above the exact 95th percentile of the last minute', () => {
    const latency = createCommitLatency();
    expect(latency.p95(start)).toBeNull();
    latency.add(start - 90_000, 5_000);
    const samples = Array.from({ length: 1_000 }, (_, i) => 1 + ((i * 37) % 1_000) / 10);
    for (const [i, ms] of samples.entries()) latency.add(start - 50_000 + i * 50, ms);
    const exact = [...samples].sort((a, b) => a - b)[949] ?? 0;
    const told = latency.p95(start) ?? 0;
    expect(told).toBeGreaterThanOrEqual(exact - 0.05);
    expect(told).toBeLessThanOrEqual(exact * 1.02 + 0.05);
    expect(latency.p95(start + 70_000)).toBeNull();
  });
});

describe('dead letters by minute', () => {
  it('stay bounded when a minute brings ever new concerns', () => {
    const minutes = createDeadLetterMinutes(60);
    for (let i = 0; i < 1_000; i++) minutes.add(start, 'unknown_event_type', `type-${i}`);
    const [minute] = minutes.minutes();
    expect(minute?.reasons.length).toBeLessThanOrEqual(65);
    expect(minute?.reasons.reduce((sum, kind) => sum + kind.count, 0)).toBe(1_000);
    minutes.advance(start + 61 * MINUTE);
    expect(minutes.minutes()).toEqual([]);
  });
});

describe('the live view over the real fold', () => {
  it('shows a session enter, and drop by time alone', async () => {
    const funnels = await loadFunnels(new URL('../pipeline/funnels.json', import.meta.url), {
      horizonHours: 24,
    });
    const fold = createFunnelFold({ funnels, horizonHours: 24, maxSessions: 1_000, showSeeds: false });
    let now = start + 10_000;
    const ticks = new Subject<void>();
    const view = createLiveView({
      fold,
      funnels: [purchaseFunnel],
      now: () => now,
      countersSince: start,
      horizonMs: 24 * HOUR,
      maxSessions: 1_000,
      included: { bots: false, seeds: false },
      state: () => ({ kind: 'live' }),
      sources: () => [],
      warehouse: () => 'ready, DuckDB',
      queueDepth: () => null,
      ticks$: ticks,
    });
    let page: LiveState | undefined;
    let frames = 0;
    view.frames$.subscribe((frame) => {
      const applied = applyFrame(page, frame);
      if (applied.kind === 'applied') page = applied.state;
      frames++;
    });
    const steps = () =>
      page?.funnels[0]?.windows['24h'].map((one) => [one.sessions, one.stillInTime, one.dropped]);
    ticks.next();
    expect(steps()?.[0]).toEqual([0, 0, 0]);

    fold.apply([storedEvent({ event_timestamp: now, page_path: '/products/cinnamon' })], {
      now,
      cause: 'live',
    });
    ticks.next();
    expect(steps()?.slice(0, 2)).toEqual([
      [1, 0, 0],
      [0, 1, 0],
    ]);
    expect(page?.funnels[0]?.cohorts).toMatchObject([
      { at: start, reached: [1, 0, 0, 0], stillInTime: [0, 1, 0, 0] },
    ]);

    const before = frames;
    ticks.next();
    expect(frames).toBe(before);
    now += HOUR;
    ticks.next();
    expect(steps()?.slice(0, 2)).toEqual([
      [1, 0, 0],
      [0, 0, 1],
    ]);
    expect(page?.funnels[0]?.cohorts[0]?.stillInTime).toEqual([0, 0, 0, 0]);
    expect(page?.funnels).toEqual(view.snapshot().funnels);
  });
});
