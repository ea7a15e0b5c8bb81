import type { LoadResult } from './load.ts';
import type { Proof } from './proof.ts';

export interface LoadPlan {
  readonly url: string;
  readonly requestsPerSecond: number;
  readonly seconds: number;
  readonly batch: number;
  readonly connections: number;
}

const shares = [0.5, 0.75, 0.9, 0.95, 0.99, 0.999] as const;

/** ms by name: p50 … p99.9, and the longest; nearest rank. Empty without an answer. */
export function percentiles(ascending: Float64Array): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  if (ascending.length === 0) return found;
  for (const share of shares) {
    const rank = Math.max(0, Math.ceil(share * ascending.length) - 1);
    found.set(`p${Number((share * 100).toPrecision(4))}`, ascending[rank] ?? 0);
  }
  found.set('max', ascending.at(-1) ?? 0);
  return found;
}

export const isProven = ({ acknowledged, missingInAll, doubledInAll }: Proof): boolean =>
  acknowledged > 0 && missingInAll === 0 && doubledInAll === 0;

export function loadText(plan: LoadPlan, result: LoadResult, proof: Proof): string {
  const latencies = [...percentiles(result.latencies)].map(([name, ms]) => [name, milliseconds(ms)] as const);
  const width = (index: number): number =>
    Math.max(...(latencies[index] ?? ['', '']).map((text) => text.length));
  const row = (column: 0 | 1): string =>
    latencies.map((cells, index) => cells[column].padStart(width(index))).join('  ');
  return [
    `load on ${plan.url}/track: ${english(plan.requestsPerSecond)} requests a second of ${plan.batch} ${plan.batch === 1 ? 'event' : 'events'} for ${plan.seconds} s, ${plan.connections} connections`,
    '',
    `answers        ${told(result.answers)}${result.unanswered > 0 ? `, ${english(result.unanswered)} without an answer` : ''}`,
    `acknowledged   ${english(result.acknowledgedEvents)} events, ${english(Math.round(result.acknowledgedEvents / plan.seconds))} a second (${told(result.outcomes)})`,
    ...(latencies.length === 0 ? [] : ['', `ms to a 202    ${row(0)}`, `               ${row(1)}`]),
    '',
    ...proofLines(proof),
    '',
  ].join('\n');
}

function proofLines(proof: Proof): readonly string[] {
  const also =
    proof.storedUnacknowledged === 0
      ? ''
      : `; ${english(proof.storedUnacknowledged)} more came without an answer and are there once`;
  if (proof.acknowledged === 0) return ['proof          nothing was acknowledged: there is nothing to prove'];
  if (isProven(proof)) {
    return [
      `proof          each of the ${english(proof.acknowledged)} acknowledged events is in Bronze exactly once${also}`,
    ];
  }
  return [
    ...(proof.missingInAll === 0
      ? []
      : [
          `proof          FAILED: ${english(proof.missingInAll)} of ${english(proof.acknowledged)} acknowledged events are not in Bronze: ${proof.missing.join(', ')} …`,
        ]),
    ...(proof.doubledInAll === 0
      ? []
      : [
          `proof          FAILED: ${english(proof.doubledInAll)} events are in Bronze more than once: ${proof.doubled.join(', ')} …`,
        ]),
  ];
}

export const loadJson = (plan: LoadPlan, result: LoadResult, proof: Proof): object => ({
  ...plan,
  answers: Object.fromEntries(result.answers),
  unanswered: result.unanswered,
  outcomes: Object.fromEntries(result.outcomes),
  acknowledged: result.acknowledgedEvents,
  eventsPerSecond: result.acknowledgedEvents / plan.seconds,
  latencyMs: Object.fromEntries(percentiles(result.latencies)),
  proof: { ok: isProven(proof), ...proof },
});

const told = (counts: ReadonlyMap<string, number>): string =>
  counts.size === 0
    ? 'none'
    : [...counts]
        .sort(([, a], [, b]) => b - a)
        .map(([what, times]) => `${english(times)} × ${what}`)
        .join(', ');

const english = (value: number): string => value.toLocaleString('en');
const milliseconds = (ms: number): string => (ms < 100 ? ms.toFixed(1) : ms.toFixed(0));
