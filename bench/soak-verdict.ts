import { median } from './table.ts';

/** What is looked at, minute by minute, while the load goes on. */
export interface Sample {
  /** stored since the start */
  readonly events: number;
  /** bytes of heap and external memory, after a forced collection */
  readonly memory: number;
  readonly rss: number;
  readonly handles: number;
  /** upper bound, s → commits up to it, since the start */
  readonly commits: readonly (readonly [number, number])[];
  /** ms, since the sample before */
  readonly commitP95: number;
  readonly walBytes: number;
}

export interface Flatness {
  readonly what: string;
  readonly first: string;
  readonly last: string;
  readonly flat: boolean;
}

/**
 * The live view keeps what it needs of every event of its horizon, and the filter some bits of every fingerprint: that
 * much may grow with what was stored, and no more.
 */
const bytesAnEvent = 300;
const megabyte = 1_048_576;
/** the WAL is checkpointed long before; toolbox.md and sinks/duckdb/checkpoint.ts */
const mostWalBytes = 512 * megabyte;

/** The second quarter (the first warms up) against the last. */
export function judgeSamples(samples: readonly Sample[]): readonly Flatness[] {
  const quarter = Math.max(1, Math.floor(samples.length / 4));
  const early = samples.slice(quarter, 2 * quarter);
  const late = samples.slice(-quarter);
  const of = (part: readonly Sample[], value: (sample: Sample) => number): number => median(part.map(value));
  const memory = [early, late].map((part) => of(part, (sample) => sample.memory));
  const events = [early, late].map((part) => of(part, (sample) => sample.events));
  const [memoryBefore = 0, memoryAfter = 0] = memory;
  const grownEvents = (events[1] ?? 0) - (events[0] ?? 0);
  const handles = [early, late].map((part) => of(part, (sample) => sample.handles));
  const p95 = [early, late].map((part) => of(part, (sample) => sample.commitP95));
  const wal = Math.max(0, ...samples.map((sample) => sample.walBytes));
  const each = grownEvents === 0 ? 0 : Math.round((memoryAfter - memoryBefore) / grownEvents);
  return [
    {
      what: 'memory after a collection',
      first: `${inMegabytes(memoryBefore)} MB`,
      last: `${inMegabytes(memoryAfter)} MB (${each} bytes an event)`,
      flat: memoryAfter <= 1.1 * memoryBefore + bytesAnEvent * grownEvents,
    },
    {
      what: 'file handles',
      first: String(handles[0]),
      last: String(handles[1]),
      // connections of senders come and go
      flat: (handles[1] ?? 0) <= (handles[0] ?? 0) + 8,
    },
    {
      what: 'commit p95 at most',
      first: `${p95[0]} ms`,
      last: `${p95[1]} ms`,
      // a bucket of the histogram is twice the one before: two of them may be the machine
      flat: (p95[1] ?? 0) <= 4 * (p95[0] ?? 0),
    },
    { what: 'largest WAL', first: '', last: `${inMegabytes(wal)} MB`, flat: wal <= mostWalBytes },
  ];
}

export const isFlat = (verdicts: readonly Flatness[]): boolean =>
  verdicts.length > 0 && verdicts.every(({ flat }) => flat);

const inMegabytes = (bytes: number): string => (bytes / megabyte).toFixed(1);
