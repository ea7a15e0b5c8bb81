import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    // vitest leaves one core free by itself; here files wait for processes of their own more than they work
    maxWorkers: Math.max(2, availableParallelism()),
    reporters: ['default', './test/support/tally-reporter.ts'],
  },
});
