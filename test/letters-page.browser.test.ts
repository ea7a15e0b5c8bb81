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

  // A cycle draws the page anew: what was chosen, what became of letters and the focus stay.
  await opened.page.check(`${row(2)} input`);
  await opened.page.focus(`${row(2)} input`);
  const chosen = await opened.page.getAttribute(row(2), 'data-letter');
  const drawn = () => opened.page.evaluate<string>('document.body.dataset.drawn');
  const before = await drawn();
  const cycle = await fetch(`${running.dashboardUrl}/api/etl/run`, {
    method: 'POST',
    headers: { 'x-admin-key': adminKey, 'content-type': 'application/json' },
    body: '{}',
  });
  expect(cycle.ok).toBe(true);
  await eventually(
    async () => {
      await opened.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
      expect(await drawn()).not.toBe(before);
    },
    { timeoutMs: 60_000 },
  );
  await opened.shows('#letters-told', '1 letter');
  expect(await opened.text(`${row(1)} [data-value="status"]`)).toBe('discarded');
  expect(await opened.page.isChecked(`[data-letter="${chosen}"] input`)).toBe(true);
  expect(await opened.text('[data-action="replay"]')).toBe('Replay 1');
  expect(await opened.page.evaluate('document.activeElement.id')).toBe(`choose-${chosen}`);

  // Other filters ask for other letters: nothing of before is chosen there.
  await opened.page.selectOption('#letters-status', '');
  await opened.shows('#letters-told', '2 letters');
  expect(await opened.text('[data-action="replay"]')).toBe('Replay');
  expect(opened.foreign).toEqual([]);
  expect(opened.complaints.filter((one) => !one.includes('401'))).toEqual([]);
  await opened.close();
});

it('shows a letter in two lines on a narrow page, which does not scroll sideways', async () => {
  const narrow = await bench.open(
    { url: running.dashboardUrl },
    { path: 'operations?status=', viewport: { width: 390, height: 844 } },
  );
  const line = '#letters-table tbody tr:first-child';
  await narrow.page.waitForSelector(line);
  const wide = await narrow.page.$$eval('.lst, html', (all) =>
    all.filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth).map(({ tagName }) => tagName),
  );
  expect(wide).toEqual([]);
  const tops = await narrow.page.$$eval(`${line} > *`, (cells) =>
    cells.filter((cell) => cell.getClientRects().length > 0).map((cell) => cell.getBoundingClientRect().top),
  );
  expect(tops).toHaveLength(4);
  expect(new Set(tops.map(Math.round)).size).toBeLessThanOrEqual(3);
  const height = await narrow.page.$eval(line, (one) => one.getBoundingClientRect().height);
  expect(height).toBeLessThan(64);
  for (const name of ['status', 'reason'])
    expect(await narrow.page.isVisible(`${line} [data-value="${name}"]`)).toBe(true);
  await narrow.page.click(`${line} button`);
  await narrow.page.waitForSelector('#letter');
  const below = await narrow.page.$eval('#letter', (one) => one.getBoundingClientRect().top);
  expect(below).toBeGreaterThan(
    await narrow.page.$eval('.lst', (one) => one.getBoundingClientRect().bottom - 1),
  );
  await narrow.close();
});

it('shows more from where the list has come to, also when some of it was resolved here', async () => {
  const ids = Array.from({ length: 60 }, (_, n) => `more-${n}`);
  for (const session_id of ids) {
    await fetch(`${running.trackingUrl}/track/add_to_cart`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ session_id, page_url: 'http://localhost:3000/cart' }),
    });
  }
  const pending = "SELECT event_id FROM ops.dead_letter_events WHERE status = 'pending'";
  await eventually(async () =>
    expect((await running.sql(pending)).length).toBeGreaterThanOrEqual(ids.length),
  );
  const before = (await running.sql(pending)).map(([letter]) => String(letter));
  const opened = await bench.open({ url: running.dashboardUrl }, { path: 'operations' });
  const answers = ['of a test', adminKey];
  opened.page.on('dialog', (dialog) => void dialog.accept(answers.shift() ?? ''));
  await opened.page.waitForSelector('#letters-table tbody tr:nth-child(50)');
  for (const nth of [1, 2, 3]) await opened.page.check(`#letters-table tbody tr:nth-child(${nth}) input`);
  await opened.page.click('[data-action="discard"]');
  await opened.shows('#letters-table tbody tr:nth-child(3) [data-value="status"]', 'discarded');
  await opened.page.click('#letters-more');
  await opened.page.waitForSelector(`#letters-table tbody tr:nth-child(${before.length})`);
  const shown = await opened.page.$$eval('[data-letter]', (all) =>
    all.map((one) => one.getAttribute('data-letter') ?? ''),
  );
  expect(shown.toSorted()).toEqual(before.toSorted());
  await opened.close();
});
