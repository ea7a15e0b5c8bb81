import { type Answer, getJson, type Runs } from './history/api.ts';

/** How often the runs are asked for, ms; sooner when a cycle is due. */
const LOOK_EVERY = 15_000;

export interface RunsWatch {
  /** Asks now, and goes on from there. */
  look(): Promise<void>;
  /** as they were last read; undefined: never */
  runs(): Runs | undefined;
  /** why they could not be read the last time, as a sentence */
  failure(): string | undefined;
  /** ms on the server's clock; the viewer's may be wrong */
  serverNow(): number;
}

/**
 * The runs of Silver and Gold, asked for again and again: not in a hidden tab, which catches up as soon as it is
 * looked at.
 * @param limit how many of the newest
 * @param onAnswer with what was known before; the next question waits for it
 * @param wanted is there anybody who would see the answer; default: the tab is not hidden
 */
export function watchRuns({
  limit,
  onAnswer,
  wanted = () => !document.hidden,
}: {
  readonly limit: number;
  readonly onAnswer: (answer: Answer<Runs>, before: Runs | undefined) => Promise<void> | void;
  readonly wanted?: () => boolean;
}): RunsWatch {
  let runs: Runs | undefined;
  let failure: string | undefined;
  let clockOffset = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asked = 0;
  const serverNow = (): number => Date.now() + clockOffset;

  async function look(): Promise<void> {
    clearTimeout(timer);
    asked += 1;
    const mine = asked;
    const answer = await getJson<Runs>(`/api/runs?limit=${limit}`);
    // a later question was quicker
    if (mine !== asked) return;
    const before = runs;
    if (answer.kind === 'ok') {
      runs = answer.value;
      failure = undefined;
      clockOffset = Date.parse(runs.now) - Date.now();
    } else failure = answer.message;
    await onAnswer(answer, before);
    if (mine === asked) wait();
  }

  function wait(): void {
    clearTimeout(timer);
    const next = runs?.next_at ?? null;
    const due = next === null ? Number.POSITIVE_INFINITY : Date.parse(next) - serverNow();
    timer = setTimeout(
      () => {
        if (wanted()) void look();
        else if (!document.hidden) wait();
      },
      Math.max(1_000, Math.min(LOOK_EVERY, due + 500)),
    );
  }

  document.addEventListener('visibilitychange', () => {
    if (document.hidden || asked === 0) return;
    if (wanted()) void look();
    else wait();
  });
  return { look, runs: () => runs, failure: () => failure, serverNow };
}
