import { writeSync } from 'node:fs';
import type { Reporter, SerializedError, TestModule } from 'vitest/node';

/**
 * The last line of a run: `N passed, N failed`. It is written as the process ends, so that it stands after
 * vitest's own summary. A file that could not run, or an error outside all tests, counts as a failure. Before it,
 * a line for each reason for which tests were skipped: what a suite's title says after `skipped, `.
 */
export default function createTallyReporter(): Reporter {
  return {
    onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
      let passed = 0;
      let failed = unhandled.length;
      const skipped = new Map<string, number>();
      for (const module of modules) {
        let failedHere = 0;
        for (const test of module.children.allTests()) {
          const { state } = test.result();
          if (state === 'passed') passed += 1;
          if (state === 'failed') failedHere += 1;
          const [, why] = state === 'skipped' ? (/skipped, (.+?)(?: > |$)/.exec(test.fullName) ?? []) : [];
          if (why !== undefined) skipped.set(why, (skipped.get(why) ?? 0) + 1);
        }
        failed += failedHere === 0 && !module.ok() ? 1 : failedHere;
      }
      const lines = [
        ...[...skipped].map(([why, tests]) => `${tests} tests were skipped: ${why}`),
        `${passed} passed, ${failed} failed`,
      ];
      process.once('exit', () => writeSync(1, `${lines.join('\n')}\n`));
    },
  };
}
