import { cpus, totalmem } from 'node:os';

/** One line of the performance table. Rates are per second; `ratio` is ours ÷ limit, the median over the rounds. */
export interface BenchRow {
  readonly name: string;
  /** what is measured, in a few words */
  readonly what: string;
  readonly unit: string;
  readonly ours: number;
  /** what the bare parts reach on the same machine in the same run */
  readonly limit: number;
  readonly limitIs: string;
  readonly ratio: number;
  readonly rounds: number;
  readonly details?: Readonly<Record<string, number>>;
}

export interface Bench {
  readonly name: string;
  run(options: BenchOptions): Promise<BenchRow>;
}

export interface BenchOptions {
  readonly rounds: number;
  readonly say: (line: string) => void;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

/** Ours and the limit in turn, round by round, so that a machine that slows down slows both. */
export async function sideBySide(
  options: BenchOptions,
  ours: (round: number) => Promise<number>,
  limit: (round: number) => Promise<number>,
): Promise<Pick<BenchRow, 'ours' | 'limit' | 'ratio' | 'rounds'>> {
  const oursRates: number[] = [];
  const limitRates: number[] = [];
  const ratios: number[] = [];
  for (let round = 0; round < options.rounds; round += 1) {
    const bare = await limit(round);
    const own = await ours(round);
    limitRates.push(bare);
    oursRates.push(own);
    ratios.push(own / bare);
    options.say(
      `round ${round + 1}: ours ${own.toFixed(0)}, limit ${bare.toFixed(0)}, ratio ${(own / bare).toFixed(3)}`,
    );
  }
  return {
    ours: Math.round(median(oursRates)),
    limit: Math.round(median(limitRates)),
    ratio: Number(median(ratios).toFixed(3)),
    rounds: options.rounds,
  };
}

export function machine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  const gigabytes = Math.round(totalmem() / 1024 ** 3);
  return `${cpus().length} × ${model}, ${gigabytes} GB, Node ${process.versions.node}, ${process.platform}`;
}

export function asTable(rows: readonly BenchRow[]): string {
  const head = '| what | ours | limit | ratio |\n|---|---|---|---|';
  const lines = rows.map(
    (row) =>
      `| ${row.name}: ${row.what} | ${row.ours.toLocaleString('en')} ${row.unit} | ` +
      `${row.limit.toLocaleString('en')} (${row.limitIs}) | ${row.ratio.toFixed(2)} |`,
  );
  return [head, ...lines].join('\n');
}
