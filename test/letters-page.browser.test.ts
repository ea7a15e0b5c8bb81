import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from './support/eventually.ts';
import { createPageBench, type PageBench } from './support/live-page.ts';
import { cleanUp, type PipelineProcess, startPipeline } from './support/pipeline-process.ts';

/* Dead letters of a real pipeline, tried and discarded on the Operations page with the admin key. */

const adminKey = 'test-admin-key-0123456789';
let bench: PageBench;
let running: PipelineProcess;

beforeAll(async () => {
  bench = await createPageBench();
  running = await startPipeline({ env: { ADMIN_API_KEY: adminKey } });
});
afterAll(async () => {
  await bench.close();
  await cleanUp();
});

it('says in each row what would become of a letter, and what became of it', async () => {
  for (const session_id of ['a', 'b']) {
    const refused = await fetch(`${running.trackingUrl}/track/add_to_cart`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ session_id, page_url: 'http://localhost:3000/cart' }),
    });
    expect(refused.status).toBe(422);
  }
  await eventually(async () =>
    expect(await running.sql('SELECT count(*) FROM ops.dead_letter_events')).toEqual([[2]]),
  );
  const opened = await bench.open({ url: running.dashboardUrl }, { path: 'operations' });
  const answers: string[] = [];
  opened.page.on('dialog', (dialog) => void dialog.accept(answers.shift() ?? ''));
  const row = (nth: number) => `#letters-table tbody tr:nth-child(${nth})`;
  await opened.page.waitForSelector(row(2));
  expect(await opened.page.isDisabled('[data-action="dry-run"]')).toBe(true);

  await opened.page.check(`${row(1)} input`);
  answers.push('a wrong key, long enough');
  await opened.page.click('[data-action="dry-run"]');
  await opened.shows('[data-value="actions"]', /ADMIN_API_KEY/);
  answers.push(adminKey);
  await opened.page.click('[data-action="dry-run"]');
  await opened.shows(`${row(1)} [data-value="status"]`, 'would be still dead: validation_error:add_to_cart');
  expect(await running.sql("SELECT count(*) FROM ops.dead_letter_events WHERE status = 'pending'")).toEqual([
    [2],
  ]);

  answers.push('of a test');
  await opened.page.click('[data-action="discard"]');
  await opened.shows(`${row(1)} [data-value="status"]`, 'discarded');
  expect(await opened.page.isDisabled(`${row(1)} input`)).toBe(true);
  expect(await running.sql('SELECT status, resolution FROM ops.dead_letter_events ORDER BY status')).toEqual([
    ['discarded', expect.stringContaining('of a test')],
    ['pending', null],
  ]);
  expect(opened.foreign).toEqual([]);
  await opened.close();
});
