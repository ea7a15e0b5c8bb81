import { afterEach, expect, test } from 'vitest';
import type { SnapshotFrame } from '../live-dashboard/frames.ts';
import { eventually } from './support/eventually.ts';
import { freePort } from './support/free-port.ts';
import { cleanUp, createDataDir, startPipeline } from './support/pipeline-process.ts';

afterEach(cleanUp);

const sessions = 20_000;

test('rule 13: the sources open only after the rebuild, and /readyz after them; nothing is half-true before', async () => {
  const dataDir = await createDataDir();
  const first = await startPipeline({ dataDir });
  for (let from = 0; from < sessions; from += 500) {
    const batch = Array.from({ length: 500 }, (_, i) => ({
      event_type: 'page_view',
      session_id: `s-${from + i}`,
      page_url: '/',
    }));
    const answer = await fetch(`${first.trackingUrl}/track`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(batch),
    });
    expect(answer.status).toBe(202);
  }
  await first.stop();

  const [trackingPort, dashboardPort] = [await freePort(), await freePort()];
  const again = await startPipeline({
    dataDir,
    env: { TRACKING_API_PORT: String(trackingPort), DASHBOARD_PORT: String(dashboardPort) },
    until: 'started',
  });
  const dashboard = `http://127.0.0.1:${dashboardPort}`;
  const entered = async (): Promise<number> => {
    const frame = (await (await fetch(`${dashboard}/api/live`)).json()) as SnapshotFrame;
    return frame.funnels.find(({ name }) => name === 'purchase')?.windows['24h'][0]?.sessions ?? 0;
  };
  const phases = new Set<string>();
  await eventually(
    async () => {
      const ready = (await fetch(`${dashboard}/readyz`)).status === 200;
      const seen = await entered();
      phases.add(
        `${ready ? 'ready' : 'not ready'}, ${seen === 0 ? 'nothing' : seen === sessions ? 'all' : 'a part'}`,
      );
      const door = await fetch(`http://127.0.0.1:${trackingPort}/health`).then(
        () => 'open',
        () => 'closed',
      );
      // Whoever gets in finds everything there.
      if (door === 'open') expect(await entered()).toBe(sessions);
      expect(ready).toBe(true);
    },
    { everyMs: 1 },
  );
  expect(phases).toContain('ready, all');
  expect([...phases].filter((phase) => phase.endsWith('a part') || phase === 'ready, nothing')).toEqual([]);
  await again.stop();
});
