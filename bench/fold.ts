import { runToEnd } from './child.ts';
import { alone, type Bench } from './table.ts';

/** Rounds in one process: the fold is warm in all of them. */
export const fold: Bench = {
  name: 'fold',
  async run(options) {
    const lines = (await runToEnd('fold-child.ts', [String(options.rounds)])).trim().split('\n');
    const figures = lines.map((line) => line.split(' ').map(Number));
    const measured = await alone(options, async (round) => {
      const [rate = 0, cpuRate = 0] = figures[round] ?? [];
      return { ours: rate, details: { 'per second of CPU': cpuRate } };
    });
    return {
      name: this.name,
      what: 'web events of 100,000 sessions and their orders through the live fold, two funnels, batches of 1,000',
      unit: 'events/s',
      ...measured,
    };
  },
};

export const foldMillion: Bench = {
  name: 'fold, 1 million sessions',
  async run(options) {
    // What a session takes does not depend on how busy the machine is: once is enough.
    const measured = await alone({ ...options, rounds: 1 }, async () => {
      const { bytes = 0, ...details } = JSON.parse(
        await runToEnd('fold-million-child.ts', [], ['--expose-gc']),
      ) as Readonly<Record<string, number>>;
      return { ours: bytes, details };
    });
    return {
      name: this.name,
      what: 'memory of the fold, in the heap and outside it, by live session',
      unit: 'bytes/session',
      ...measured,
    };
  },
};
