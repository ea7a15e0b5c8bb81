import { describe, expect, it } from 'vitest';
import { createProcessState } from '../pipeline/state.ts';

/** # What a process that follows the warehouse says of itself */
describe('a process whose page follows the warehouse', () => {
  const start = Date.UTC(2026, 10, 24, 12);
  function setup() {
    const at = { now: start, asOf: start as number | undefined, away: undefined as number | undefined };
    const state = createProcessState({
      away: () => (at.away === undefined ? undefined : { since: at.away, code: 'X', message: 'x' }),
      diskLow: () => false,
      engine: () => 'mssql',
      consumer: () => undefined,
      liveAsOf: () => at.asOf,
      now: () => at.now,
    });
    state.enter({ kind: 'running', at: start });
    return { at, state };
  }

  it('is live while it is at most five seconds behind', () => {
    const { at, state } = setup();
    at.now += 5_000;
    expect(state.shown()).toEqual({ kind: 'live' });
    expect(state.readiness()).toEqual({ ready: true, degraded: false, missing: [] });
  });

  it('is degraded, and still ready, when it is further behind, and says of when its numbers are', () => {
    const { at, state } = setup();
    at.now += 5_001;
    expect(state.shown()).toMatchObject({ kind: 'degraded', since: start, dataAsOf: start });
    expect(state.readiness()).toEqual({ ready: true, degraded: true, missing: ['live_view'] });
    at.asOf = at.now;
    expect(state.shown()).toEqual({ kind: 'live' });
  });

  it('names the moment of its numbers while the warehouse is away, and is not ready', () => {
    const { at, state } = setup();
    at.now += 2_000;
    at.away = start + 1_500;
    expect(state.shown()).toMatchObject({ kind: 'degraded', since: start + 1_500, dataAsOf: start });
    expect(state.readiness()).toMatchObject({ ready: false, missing: ['warehouse'] });
  });

  it('says nothing of its age when it is fed by its own commits', () => {
    const { at, state } = setup();
    at.asOf = undefined;
    at.now += 60_000;
    expect(state.shown()).toEqual({ kind: 'live' });
    at.away = start;
    expect(state.shown()).not.toHaveProperty('dataAsOf');
  });
});
