import { age, clock } from '../format.ts';
import type { Run, Runs } from './api.ts';
import { shortDay } from './days.ts';

export interface GoldClock {
  /** "Gold" or what is the matter, with its tone */
  readonly word: string;
  readonly detail: string;
  readonly tone: 'live' | 'wait' | 'degraded';
}

const two = (value: number): string => String(value).padStart(2, '0');

/**
 * The right of the bar: when Gold was made and when it will be again.
 * @param runs as they were last read; undefined: never
 * @param failed why they could not be read now
 * @param now ms on the server's clock
 */
export function goldClock(runs: Runs | undefined, failed: string | undefined, now: number): GoldClock {
  if (runs === undefined)
    return failed === undefined
      ? { word: 'Reading', detail: '', tone: 'wait' }
      : { word: 'Away', detail: failed, tone: 'degraded' };
  const of = runs.gold_as_of === null ? 'not made yet' : `of ${moment(Date.parse(runs.gold_as_of), now)}`;
  if (failed !== undefined) return { word: 'Old numbers', detail: `Gold ${of}`, tone: 'degraded' };
  const newest = newestRun(runs);
  if (newest?.status === 'running') return { word: 'Gold', detail: `${of}, a cycle runs`, tone: 'live' };
  const next = runs.next_at === null ? '' : `, next in ${left(Date.parse(runs.next_at) - now)}`;
  if (newest?.status === 'failed')
    return { word: 'Cycle failed', detail: `Gold ${of}${next}`, tone: 'degraded' };
  return { word: 'Gold', detail: `${of}${next}`, tone: runs.gold_as_of === null ? 'wait' : 'live' };
}

/** The newest run that did anything: one that found the lock held says nothing of Gold. */
const newestRun = (runs: Runs): Run | undefined => runs.runs.find(({ status }) => status !== 'skipped');

/**
 * The same in one line, for a page that shows no Gold: how old it is, and what the last run was.
 * @returns undefined while nothing is known
 */
export function goldLine(
  runs: Runs | undefined,
  failed: string | undefined,
  now: number,
): { readonly text: string; readonly tone: 'plain' | 'loss' } | undefined {
  if (runs === undefined) return undefined;
  const ago = (text: string): string => `${age(now - Date.parse(text))} ago`;
  const gold =
    runs.gold_as_of === null
      ? 'Gold not made yet'
      : `Gold as of ${moment(Date.parse(runs.gold_as_of), now)}, ${ago(runs.gold_as_of)}`;
  if (failed !== undefined) return { text: `${gold}, runs not read`, tone: 'plain' };
  const newest = newestRun(runs);
  if (newest?.status === 'running') return { text: `${gold}, a cycle runs`, tone: 'plain' };
  const next = runs.next_at === null ? '' : `, next in ${left(Date.parse(runs.next_at) - now)}`;
  if (newest?.status !== 'failed') return { text: `${gold}${next}`, tone: 'plain' };
  return {
    text: `Last cycle failed ${ago(newest.finished_at ?? newest.started_at)} · ${gold}${next}`,
    tone: 'loss',
  };
}

/** 21:46:02, with its day where that is another one */
function moment(at: number, now: number): string {
  const sameDay = new Date(at).toDateString() === new Date(now).toDateString();
  if (sameDay) return clock(at);
  const date = new Date(at);
  return `${shortDay(`${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`)} ${clock(at)}`;
}

/** 0m 50s */
function left(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return seconds < 3600
    ? `${Math.floor(seconds / 60)}m ${two(seconds % 60)}s`
    : `${Math.floor(seconds / 3600)}h ${two(Math.floor((seconds % 3600) / 60))}m`;
}
