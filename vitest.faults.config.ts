import { defineConfig } from 'vitest/config';

/**
 * `npm run test:faults`: every fault at its full size, one file after the other, since each loads the machine by
 * itself. Takes the better part of an hour. FAULTS_KILLS, FAULTS_POISON and TEST_SEED choose otherwise.
 */
export default defineConfig({
  test: {
    include: ['test/faults-*.e2e.test.ts'],
    env: {
      FAULTS_KILLS: process.env.FAULTS_KILLS ?? '100',
      FAULTS_POISON: process.env.FAULTS_POISON ?? '100000',
    },
    testTimeout: 300_000,
    hookTimeout: 600_000,
    pool: 'forks',
    fileParallelism: false,
    reporters: ['verbose', './test/support/tally-reporter.ts'],
  },
});
