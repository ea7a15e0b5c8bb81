import { type EntryWindow, entryWindows, type FunnelFrame, type StepCounts } from '../frames.ts';

/** The numbers above the matrix and in its rows, from the counts of one window. */
export interface FunnelFigures {
  readonly entered: number;
  readonly converted: number;
  /** sessions that can still reach a further step */
  readonly stillInTime: number;
  /** undefined: nobody dropped yet */
  readonly biggestLoss: { readonly step: number; readonly dropped: number } | undefined;
  readonly rows: readonly FunnelRow[];
}

export interface FunnelRow {
  readonly label: string;
  readonly rule: string;
  readonly counts: StepCounts;
  /** sessions of the step before; of the first step its own */
  readonly before: number;
}

const none: StepCounts = { sessions: 0, stillInTime: 0, dropped: 0, medianSeconds: null, p90Seconds: null };

export function funnelFigures(funnel: FunnelFrame, window: EntryWindow): FunnelFigures {
  const counts = funnel.steps.map((_, index) => funnel.windows[window][index] ?? none);
  const rows = funnel.steps.map((step, index): FunnelRow => {
    const own = counts[index] ?? none;
    return { ...step, counts: own, before: (counts[index - 1] ?? own).sessions };
  });
  let biggestLoss: FunnelFigures['biggestLoss'];
  for (const [step, { dropped }] of counts.entries()) {
    if (step > 0 && dropped > (biggestLoss?.dropped ?? 0)) biggestLoss = { step, dropped };
  }
  return {
    entered: counts[0]?.sessions ?? 0,
    converted: counts.at(-1)?.sessions ?? 0,
    stillInTime: counts.reduce((sum, step) => sum + step.stillInTime, 0),
    biggestLoss,
    rows,
  };
}

const MINUTE = 60_000;

/** No session in the window has had its whole time to convert; `now` is the server's, ms since 1970. */
export function everyoneIsYounger(funnel: FunnelFrame, window: EntryWindow, now: number): boolean {
  const start = Math.floor((now - entryWindows[window] * MINUTE) / MINUTE) * MINUTE;
  return funnel.cohorts.every(
    ({ at, reached }) =>
      at < start || (reached[0] ?? 0) === 0 || at + MINUTE + funnel.windowSeconds * 1000 > now,
  );
}
