/** Days of a time zone, by Intl alone: the product's table of offsets is one of the things under test. */
export interface Days {
  /** YYYY-MM-DD of the zone's wall clock at this moment (ms) */
  dateOf(time: number): string;
  /** the first moment (ms) that is no longer of this date */
  endOf(date: string): number;
}

const quarter = 900_000;
const day = 86_400_000;

export function createDays(timeZone: string): Days {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  });
  const known = new Map<number, string | undefined>();

  function ask(time: number): string {
    const parts = new Map(format.formatToParts(time).map(({ type, value }) => [type, value]));
    return `${parts.get('year')?.padStart(4, '0')}-${parts.get('month')}-${parts.get('day')}`;
  }

  /** A quarter of an hour that begins and ends on one date is of that date: dates never go back. */
  function dateOf(time: number): string {
    const from = Math.floor(time / quarter) * quarter;
    if (!known.has(from)) {
      const first = ask(from);
      known.set(from, first === ask(from + quarter - 1) ? first : undefined);
    }
    return known.get(from) ?? ask(time);
  }

  function endOf(date: string): number {
    let within = Date.parse(`${date}T00:00:00Z`) - 2 * day;
    let beyond = within + 5 * day;
    while (beyond - within > 1) {
      const middle = Math.floor((within + beyond) / 2);
      if (ask(middle) > date) beyond = middle;
      else within = middle;
    }
    return beyond;
  }

  return { dateOf, endOf };
}
