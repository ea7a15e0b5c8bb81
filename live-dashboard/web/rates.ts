import { type RatesFrame, rateGroupSeconds, rateGroups } from '../frames.ts';

const GROUP = rateGroupSeconds * 1000;
const MINUTE_GROUPS = 60 / rateGroupSeconds;

type Lines = Readonly<Record<string, readonly number[]>>;

/** Lays new groups over those held; always the last 15 minutes of the two. */
export function mergeRates(held: RatesFrame, added: RatesFrame): RatesFrame {
  const end = Math.max(endOf(held), endOf(added));
  const from = end - rateGroups * GROUP;
  const lay = (below: Lines, above: Lines): Lines => {
    const names = new Set([...Object.keys(below), ...Object.keys(above)]);
    const lines = [...names].map((name): [string, number[]] => {
      const values = Array.from({ length: rateGroups }, (_, i) => {
        const at = from + i * GROUP;
        return at >= added.from && at < endOf(added)
          ? valueAt(added, above, name, at)
          : valueAt(held, below, name, at);
      });
      return [name, values];
    });
    return Object.fromEntries(lines.filter(([, values]) => values.some((value) => value > 0)));
  };
  return {
    groupSeconds: rateGroupSeconds,
    from,
    groups: rateGroups,
    byType: lay(held.byType, added.byType),
    bySource: lay(held.bySource, added.bySource),
  };
}

/** Mean events per second over the last whole minute of groups before `now` of the server; ms. */
export function lastMinuteRate(rates: RatesFrame, lines: Lines, name: string, now: number): number {
  const end = Math.floor(now / GROUP) * GROUP;
  let sum = 0;
  for (let i = 1; i <= MINUTE_GROUPS; i++) sum += valueAt(rates, lines, name, end - i * GROUP);
  return sum / MINUTE_GROUPS;
}

/** Names with an event in the last 15 minutes before `now` of the server. */
export function activeNames(rates: RatesFrame, lines: Lines, now: number): readonly string[] {
  const from = Math.floor(now / GROUP) * GROUP - rateGroups * GROUP;
  return Object.keys(lines).filter((name) =>
    (lines[name] ?? []).some((value, i) => value > 0 && rates.from + i * GROUP >= from),
  );
}

const endOf = (rates: RatesFrame): number => rates.from + rates.groups * GROUP;

function valueAt(rates: RatesFrame, lines: Lines, name: string, at: number): number {
  return lines[name]?.[(at - rates.from) / GROUP] ?? 0;
}
