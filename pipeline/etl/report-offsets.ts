import type { OffsetSpan } from '../../sinks/materialise/plan.ts';

const dayMs = 86_400_000;
/** Zones are asked from here to there; before and after, the first and last offsets stand. */
const asked = { from: Date.UTC(2000, 0, 1), to: Date.UTC(2060, 0, 1) } as const;
const ever = { from: Date.UTC(1900, 0, 1), to: Date.UTC(9999, 0, 1) } as const;

/**
 * The offsets of REPORT_TIMEZONE as spans without a gap. No zone changes twice within a day, so that days tell that
 * there was a change, and bisection tells the second.
 * @param zone an IANA name, known to be valid
 */
export function reportOffsets(zone: string): readonly OffsetSpan[] {
  const offsetAt = offsetReader(zone);
  const spans: OffsetSpan[] = [];
  let from: number = ever.from;
  let seconds = offsetAt(asked.from);
  for (let day = asked.from; day < asked.to; day += dayMs) {
    const next = offsetAt(day + dayMs);
    if (next === seconds) continue;
    const change = firstWith(offsetAt, next, day, day + dayMs);
    spans.push({ from, to: change, seconds });
    from = change;
    seconds = next;
  }
  return [...spans, { from, to: ever.to, seconds }];
}

/** Seconds east of UTC at a moment. */
function offsetReader(zone: string): (ms: number) => number {
  if (zone === 'UTC') return () => 0;
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
  return function offsetAt(ms) {
    const name = format.formatToParts(ms).find(({ type }) => type === 'timeZoneName')?.value ?? '';
    const [, sign, hours, minutes, seconds] = /([+-])(\d{2}):(\d{2})(?::(\d{2}))?/.exec(name) ?? [];
    if (sign === undefined) return 0;
    const size = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds ?? 0);
    return sign === '-' ? -size : size;
  };
}

/** The first second of (low, high] whose offset is `wanted`. */
function firstWith(offsetAt: (ms: number) => number, wanted: number, low: number, high: number): number {
  let before = low;
  let after = high;
  while (after - before > 1000) {
    const middle = before + Math.floor((after - before) / 2000) * 1000;
    if (offsetAt(middle) === wanted) after = middle;
    else before = middle;
  }
  return after;
}
