import { afterEach, expect, test } from 'vitest';
import { gate, hookCommit, openPath, type PathHarness } from './support/commit-path.ts';
import { pageView } from './support/events.ts';

/** commit-protocol.md 12: a flood of old ids holds its bounded places and nothing else. */
let harness: PathHarness | undefined;
afterEach(() => harness?.close());

test('a refused sender of old ids leaves nothing to look up behind, so the next ones are served', async () => {
  const held = gate();
  let lookedUp = 0;
  const path = await openPath({
    cacheSize: 1,
    maxMaybes: 5,
    wrap: (engine) =>
      hookCommit((batch, commit) => commit(batch), {
        lookUp: async (fingerprints) => {
          await held.opened;
          lookedUp += fingerprints.length;
          return engine.lookUp(fingerprints);
        },
      })(engine),
  });
  harness = path;
  const old = Array.from({ length: 40 }, () => pageView());
  await path.send(old).answer;
  await path.send([pageView()]).answer;

  const soon = Date.now() + 60_000;
  const first = path.send(old.slice(0, 3), soon);
  for (let n = 3; n + 9 <= old.length; n += 9) {
    const refused = path.send(old.slice(n, n + 9), soon);
    expect(await refused.answer).toEqual({ kind: 'unavailable', reason: 'overloaded' });
    expect(path.path.maybes()).toBe(3);
  }
  held.open();
  expect(await first.answer).toMatchObject({ kind: 'durable' });
  expect(lookedUp).toBe(3);
});
