import type { QueryResult } from '../../sinks/warehouse.ts';

/** How many letters of which reason became what; the summary of a command. */
export interface Tally {
  add(reason: string, outcome: string): void;
  /** as a table: reason, outcome, and how many of `what`; most first within a reason */
  table(what: 'letters' | 'messages'): QueryResult;
  count(): number;
}

export function createTally(): Tally {
  const counts = new Map<string, Map<string, number>>();
  let all = 0;
  return {
    add(reason, outcome) {
      all += 1;
      const outcomes = counts.get(reason) ?? new Map<string, number>();
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      counts.set(reason, outcomes);
    },
    table(what) {
      const rows = [...counts]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .flatMap(([reason, outcomes]) =>
          [...outcomes]
            .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
            .map(([outcome, n]) => [reason, outcome, n]),
        );
      return { columns: ['reason', 'outcome', what], rows };
    },
    count: () => all,
  };
}
