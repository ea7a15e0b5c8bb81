import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Whole processes, often under load: beside others one may stand still for as long as its own time-outs. */
const alone = ['test/*.e2e.test.ts', 'test/rabbitmq-faults.int.test.ts'];

export default defineConfig({
  test: {
    reporters: ['default', './test/support/tally-reporter.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'tests',
          include: ['test/**/*.test.ts'],
          exclude: alone,
          // vitest leaves one core free by itself; here files wait for processes of their own more than they work
          maxWorkers: Math.max(2, availableParallelism()),
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: 'alone', include: alone, maxWorkers: 1, sequence: { groupOrder: 1 } },
      },
    ],
    // only for what never ends: a test's own claim does not depend on how fast the machine is
    testTimeout: 240_000,
    hookTimeout: 240_000,
    pool: 'forks',
  },
});
