import type { EntryWindow, FunnelFrame } from '../frames.ts';
import { type FallenStep, fallenStep, type Part } from './broken-events.ts';
import { clock, integer, share } from './format.ts';
import { newestRevision, type Revision } from './revision.ts';
import type { LiveState } from './state.ts';

/** One line below the funnel. */
export interface DataNotice {
  readonly kind: 'broken' | 'fell' | 'incomplete' | 'revised';
  readonly word: string;
  readonly text: string;
  /** index of the step that carries the tag "fell" */
  readonly fallen: number | undefined;
  /** type of the dead letters that belong to it */
  readonly deadLetterType: string | undefined;
  /** entry time from which on it holds; ms since 1970 */
  readonly since: number | undefined;
}

/** What is wrong with the data or the shop, at most one: the worst. `now` is the server's, ms since 1970. */
export function dataNotice(
  state: LiveState,
  funnel: FunnelFrame,
  window: EntryWindow,
  now: number,
): DataNotice | undefined {
  const fallen = fallenStep({
    funnel,
    window,
    now,
    deadLetterMinutes: state.deadLetterMinutes,
    countedSince: state.horizonStart,
  });
  if (fallen?.deadLetters !== undefined) return fellNotice(funnel, fallen);
  if (state.evictedSessions > 0) {
    return {
      ...plain,
      kind: 'incomplete',
      word: 'Counts incomplete',
      text: `${sessions(state.evictedSessions)} let go at the limit of ${integer(state.maxSessions)}.`,
    };
  }
  if (fallen !== undefined) return fellNotice(funnel, fallen);
  const revision = newestRevision(funnel, window, now);
  return revision === undefined
    ? undefined
    : { ...plain, kind: 'revised', word: 'Revised', text: revisedText(funnel, revision) };
}

const plain = { fallen: undefined, deadLetterType: undefined, since: undefined };

const sessions = (count: number): string =>
  count === 1 ? '1 oldest session was' : `${integer(count)} oldest sessions were`;

const pairOf = (funnel: FunnelFrame, step: number): string =>
  `${funnel.steps[step - 1]?.label ?? ''} → ${funnel.steps[step]?.label ?? ''}`;

const rate = ({ part, whole }: Part): string => share(part, whole);
const minute = (at: number): string => clock(at, { seconds: false });

function fellNotice(funnel: FunnelFrame, fall: FallenStep): DataNotice {
  const { deadLetters } = fall;
  return {
    kind: deadLetters === undefined ? 'fell' : 'broken',
    // without dead letters nothing says that events are broken
    word: deadLetters === undefined ? 'Fell' : 'Broken events',
    text: fellText(funnel, fall),
    fallen: fall.step,
    deadLetterType: deadLetters?.type,
    since: fall.since,
  };
}

function fellText(funnel: FunnelFrame, { step, settled, recent, since, deadLetters }: FallenStep): string {
  const fell = `${pairOf(funnel, step)} fell from ${rate(settled)} to ${rate(recent)} for sessions that entered since ${minute(since)}.`;
  if (deadLetters === undefined) return fell;
  const { count, type } = deadLetters;
  const became =
    count === 1
      ? `1 ${type} event became a dead letter`
      : `${integer(count)} ${type} events became dead letters`;
  return `${fell} In that time ${became}. The loss may be in the data, not in the shop.`;
}

function revisedText(funnel: FunnelFrame, revision: Revision): string {
  const { at, why, from, to, step, before, after, others } = revision;
  const kind = why === 'replay' ? 'replayed' : 'late';
  // 0: the events are counted with another cohort that they changed too
  const many = revision.events === 0 ? '' : `${integer(revision.events)} `;
  const events = `${many}${kind} ${revision.events === 1 ? 'event' : 'events'}`;
  const change =
    step === 0
      ? `${integer(before.part)} had entered, now ${integer(after.part)}`
      : `${pairOf(funnel, step)} was ${rate(before)}, is now ${rate(after)}`;
  const more = others === 0 ? '' : ` ${integer(others)} more ${others === 1 ? 'cohort' : 'cohorts'} changed.`;
  return `${minute(at)}: ${events} changed the cohort of ${minute(from)} to ${minute(to)}: ${change}.${more}`;
}
