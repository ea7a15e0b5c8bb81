import { cpus, totalmem } from 'node:os';

/** One line of the performance table. Rates are per second; `ratio` is ours ÷ limit, the median over the rounds. */
export interface BenchRow {
  readonly name: string;
  /** what is measured, in a few words */
  readonly what: string;
  readonly unit: string;
  readonly ours: number;
  /** what the bare parts reach on the same machine in the same run; null: there is nothing to stand beside it */
  readonly limit: number | null;
  readonly limitIs: string | null;
  readonly ratio: number | null;
  readonly rounds: number;
  readonly details?: Readonly<Record<string, number>>;
}

export interface Bench {
  readonly name: string;
  /** why it cannot be measured here, and what makes it run; undefined: it can */
  readonly missing?: string | undefined;
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

/** Round by round, where there is no limit to measure beside it; the median of each figure of a round. */
export async function alone<Details extends Record<string, number>>(
  options: BenchOptions,
  measure: (round: number) => Promise<{ readonly ours: number; readonly details: Details }>,
): Promise<Pick<BenchRow, 'ours' | 'limit' | 'limitIs' | 'ratio' | 'rounds' | 'details'>> {
  const figures = new Map<string, number[]>();
  for (let round = 0; round < options.rounds; round += 1) {
    const { ours, details } = await measure(round);
    const all = Object.entries({ ours, ...details });
    for (const [name, value] of all) figures.set(name, [...(figures.get(name) ?? []), value]);
    options.say(
      `round ${round + 1}: ${all.map(([name, value]) => `${name} ${inFigures(value)}`).join(', ')}`,
    );
  }
  const { ours = 0, ...details } = Object.fromEntries(
    [...figures].map(([name, values]) => [name, inFigures(median(values))]),
  );
  return { ours, details, limit: null, limitIs: null, ratio: null, rounds: options.rounds };
}

/** Whole from 1,000 on; below it as many decimals as three figures have. */
const inFigures = (value: number): number =>
  Math.abs(value) >= 1_000 ? Math.round(value) : Number(value.toPrecision(3));

/** Nearest rank. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? 0;
}

export function machine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  const gigabytes = Math.round(totalmem() / 1024 ** 3);
  return `${cpus().length} × ${model}, ${gigabytes} GB, Node ${process.versions.node}, ${process.platform}`;
}

export function asTable(rows: readonly BenchRow[]): string {
  const head = '| what | ours | limit | ratio |\n|---|---|---|---|';
  const lines = rows.map((row) => {
    const details = Object.entries(row.details ?? {}).map(([name, value]) => `${name} ${english(value)}`);
    const ours = `${english(row.ours)} ${row.unit}${details.length > 0 ? ` (${details.join(', ')})` : ''}`;
    const limit = row.limit === null ? none : `${english(row.limit)} (${row.limitIs})`;
    return `| ${row.name}: ${row.what} | ${ours} | ${limit} | ${row.ratio?.toFixed(2) ?? none} |`;
  });
  return [head, ...lines].join('\n');
}

const none = '–';
const english = (value: number): string => value.toLocaleString('en');
