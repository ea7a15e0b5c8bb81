import { defineConfig } from 'vitest/config';

/** `npm run test:month`: the month of trade at its full size, MONTH_EVENTS (default 2 million). Takes minutes. */
export default defineConfig({
  test: {
    include: ['test/month.int.test.ts'],
    env: { MONTH_EVENTS: process.env.MONTH_EVENTS ?? '2000000' },
    pool: 'forks',
    execArgv: ['--max-old-space-size=14000'],
  },
});
