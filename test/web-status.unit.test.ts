import { describe, expect, it } from 'vitest';
import { clock } from '../live-dashboard/web/format.ts';
import { commandOf, type KeyPress } from '../live-dashboard/web/keys.ts';
import { trendChoice, trendEnds } from '../live-dashboard/web/state.ts';
import { isOld, type Link, linkNotice, statusOf } from '../live-dashboard/web/status.ts';
import { emptySnapshot } from './support/frames.ts';

const heard = Date.UTC(2026, 10, 24, 16, 17, 12);
const link = (fields: Partial<Link> = {}): Link => ({
  now: heard,
  lastHeard: heard,
  nextTry: undefined,
  serverHeard: heard,
  ...fields,
});

describe('the connection', () => {
  it.each([
    [3_000, 'Live'],
    [3_001, 'Reconnecting'],
  ])('after %d ms of silence is %s', (silence, word) => {
    const after = link({ now: heard + silence });
    expect(statusOf(emptySnapshot(), after, false).word).toBe(word);
    expect(isOld(after)).toBe(word !== 'Live');
  });

  it('says since when the numbers are old, how old, and when it tries again', () => {
    const after = link({ now: heard + 102_000, nextTry: heard + 104_100 });
    expect(statusOf(emptySnapshot(), after, false).detail).toBe('last frame 1m 42s ago');
    expect(linkNotice(emptySnapshot(), after, undefined)).toEqual({
      word: 'Old numbers',
      text: `The connection was lost at ${clock(heard)}. Everything below is as of then, 1m 42s ago. Trying again in 3s.`,
      mayTry: true,
    });
    expect(linkNotice(emptySnapshot(), { ...after, nextTry: undefined }, undefined)?.text).toMatch(
      / Trying again now\.$/,
    );
  });

  it('keeps the numbers of before while a server that came back rebuilds', () => {
    const state = emptySnapshot({ state: { kind: 'rebuilding', done: 1, total: 2 } });
    expect(linkNotice(state, link(), undefined)).toBeUndefined();
    expect(linkNotice(state, link(), heard - 5_000)?.text).toBe(
      `Rebuilding from stored events: 50.0%, 1 of 2. Everything below is as of ${clock(heard - 5_000)}.`,
    );
  });

  it('puts the time into the reason of a degraded server', () => {
    const since = heard - 60_000;
    const at = clock(since, { seconds: false });
    const told = (reason: string) =>
      linkNotice(emptySnapshot({ state: { kind: 'degraded', reason, since } }), link(), undefined)?.text;
    expect(told('warehouse away, events wait, none is lost')).toBe(
      `warehouse away since ${at}, events wait, none is lost.`,
    );
    expect(told('RabbitMQ cannot be reached')).toBe(`RabbitMQ cannot be reached since ${at}.`);
  });

  it('names the moment whose numbers it shows when they are not of now', () => {
    const [since, dataAsOf] = [heard - 60_000, heard - 61_500];
    const state = emptySnapshot({
      state: { kind: 'degraded', reason: 'behind the warehouse', since, dataAsOf },
    });
    expect(statusOf(state, link(), false)).toMatchObject({
      word: 'Degraded',
      detail: `as of ${clock(dataAsOf)}`,
    });
    expect(linkNotice(state, link(), undefined)?.text).toBe(
      `behind the warehouse since ${clock(since, { seconds: false })}. Data as of ${clock(dataAsOf)}.`,
    );
  });

  it('stays Live while nothing comes', () => {
    const quiet = emptySnapshot({ newestEvent: heard - 720_000 });
    expect(statusOf(quiet, link(), false)).toEqual({
      word: 'Live',
      detail: `as of ${clock(heard)}`,
      tone: 'live',
    });
    expect(linkNotice(quiet, link(), undefined)).toBeUndefined();
  });
});

describe('keys', () => {
  const press = (key: string, fields: Partial<KeyPress> = {}): KeyPress => ({
    key,
    ctrl: false,
    alt: false,
    meta: false,
    shift: false,
    typing: false,
    onStep: false,
    ...fields,
  });

  it.each([
    [press('f'), 'next-funnel'],
    [press('F'), 'next-funnel'],
    [press('2'), 'window'],
    [press('4'), undefined],
    [press('j'), 'step'],
    [press('k'), 'step'],
    [press('ArrowDown'), undefined],
    [press('ArrowDown', { onStep: true }), 'step'],
    [press('t'), 'theme'],
    [press('?', { shift: true }), 'keys'],
    [press('Escape'), 'close'],
    [press('f', { ctrl: true }), undefined],
    [press('f', { meta: true }), undefined],
    [press('f', { alt: true }), undefined],
    [press('F', { shift: true }), undefined],
    [press('1', { typing: true }), undefined],
    [press('?', { typing: true }), undefined],
    [press('constructor'), undefined],
  ])('%o', (pressed, kind) => {
    expect(commandOf(pressed)?.kind).toBe(kind);
  });
});

describe('the trend of an address', () => {
  it.each([
    ['all', 4, 'all'],
    ['1', 4, 1],
    ['3', 4, 3],
    ['4', 4, undefined],
    ['0', 4, undefined],
    ['1.5', 4, undefined],
    ['', 4, undefined],
    [null, 4, undefined],
  ])('%s of %d steps', (text, steps, choice) => {
    expect(trendChoice(text, steps)).toBe(choice);
  });

  it('is between two steps', () => {
    expect(trendEnds('all', 4)).toEqual({ from: 0, to: 3 });
    expect(trendEnds(2, 4)).toEqual({ from: 1, to: 2 });
  });
});
