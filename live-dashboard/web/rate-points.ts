import { type RatesFrame, rateGroupSeconds, rateGroups } from '../frames.ts';

const GROUP = rateGroupSeconds * 1000;
/** Points stand at whole 10 s, so that a line keeps its shape while it slides. */
const POINT = 10_000;
const SPAN = rateGroups * GROUP;
/** A group is drawn when its frame had the time to come; else each line would end in a short fall. */
const SETTLE_MS = 1_000;

export interface RatePoints {
  /** ms since 1970: the 15 minutes that are drawn */
  readonly from: number;
  readonly to: number;
  /** starts of the points, ms since 1970; oldest first */
  readonly at: readonly number[];
  /** events per second, one value a point */
  values(line: readonly number[] | undefined): readonly number[];
}

/** The last 15 minutes at `now` of the server as means of 10 s; the oldest point only if all of it is held. */
export function ratePoints(rates: RatesFrame, now: number): RatePoints {
  const to = Math.floor((now - SETTLE_MS) / POINT) * POINT;
  const from = to - SPAN;
  const first = Math.max(from, Math.ceil(rates.from / POINT) * POINT);
  const at = Array.from({ length: Math.max(0, (to - first) / POINT) }, (_, i) => first + i * POINT);
  return {
    from,
    to,
    at,
    values: (line) =>
      at.map((start) => {
        const i = (start - rates.from) / GROUP;
        return ((line?.[i] ?? 0) + (line?.[i + 1] ?? 0)) / 2;
      }),
  };
}
