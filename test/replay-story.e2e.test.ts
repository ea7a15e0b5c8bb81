import { type ChildProcess, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { SnapshotFrame } from '../live-dashboard/frames.ts';
import { goldTables } from '../sinks/gold-tables.ts';
import { type Broker, startBroker } from './support/broker.ts';
import { eventually } from './support/eventually.ts';
import { brokerNames, drained } from './support/faulty-setup.ts';
import { expectLiveEqualsRecount } from './support/live-equality.ts';
import { cleanUp, createDataDir, type PipelineProcess, startPipeline } from './support/pipeline-process.ts';
import { bareEnvironment, type CommandRun, runCommand } from './support/run-command.ts';

/**
 * A producer ships a broken schema for a while; its events are dead letters, counted by reason; a transform mends them,
 * first dry, then for real, through a kill -9. In the end all is as if it had never been broken.
 */
let broker: Broker;
beforeAll(async () => {
  broker = await startBroker();
});
afterEach(cleanUp);
afterAll(() => broker.dispose());

interface Message {
  readonly key: string;
  readonly good: string;
  /** as the broken producer wrote it; the same where it was not */
  readonly sent: string;
  readonly appId: string | undefined;
}

const sessions = 60;
const isBroken = (n: number): boolean => n >= 15 && n < 45;
const uuid = (kind: number, n: number): string =>
  `${String(kind).padStart(8, '0')}-0000-4000-8000-${String(n).padStart(12, '0')}`;

/** Sessions of three hours ago: their windows are over. */
function messagesAt(base: number): readonly Message[] {
  return Array.from({ length: sessions }, (_, n) => {
    const at = base + n * 20_000;
    const ui = (
      kind: number,
      type: string,
      offsetMs: number,
      fields: object,
      broken: (body: Record<string, unknown>) => string,
    ): Message => {
      const body: Record<string, unknown> = {
        event_id: uuid(kind, n),
        event_timestamp: new Date(at + offsetMs).toISOString(),
        received_at: new Date(at + offsetMs + 400).toISOString(),
        event_type: type,
        session_id: `s-${n}`,
        user_id: `u-${n}`,
        page_url: `/products/p-${n % 7}`,
        ...fields,
        properties: {},
      };
      const good = JSON.stringify(body);
      const sent = isBroken(n) ? broken(body) : good;
      return { key: `ui.${type}`, good, sent, appId: 'kada-tracking' };
    };
    const order = {
      eventId: uuid(4, n),
      eventType: 'order.created',
      occurredAt: new Date(at + 90_000).toISOString(),
      data: { orderId: `o-${n}`, userId: `u-${n}`, subtotal: 100 + n, currency: 'LKR', paymentMethod: 'COD' },
    };
    const { orderId, ...data } = order.data;
    return [
      ui(1, 'page_view', 0, {}, (body) => `${JSON.stringify(body).slice(0, -1)},}`),
      ui(2, 'add_to_cart', 30_000, { product_id: `p-${n % 7}`, quantity: 1 }, ({ product_id, ...body }) =>
        JSON.stringify({ ...body, item: { ref: product_id } }),
      ),
      ui(3, 'begin_checkout', 60_000, {}, (body) =>
        JSON.stringify({ ...body, event_type: 'checkout_begun' }),
      ),
      {
        key: 'order.created',
        good: JSON.stringify(order),
        sent: JSON.stringify(isBroken(n) ? { ...order, data: { ...data, nr: orderId } } : order),
        appId: undefined,
      },
    ];
  }).flat();
}

const transform = `
interface Letter { reason: string; payload: string; body: any }
export default function fix({ reason, payload, body }: Letter): unknown {
  if (reason === 'invalid_json') return JSON.parse(payload.replace(/,}$/, '}'));
  if (reason === 'unknown_event_type') return { ...body, event_type: 'begin_checkout' };
  if (reason === 'validation_error:add_to_cart') {
    const { item, ...rest } = body;
    return { ...rest, product_id: item.ref };
  }
  if (reason === 'validation_error:order.created') {
    const { nr, ...data } = body.data;
    return { ...body, data: { ...data, orderId: nr } };
  }
  return undefined;
}
`;
const reasons = [
  'invalid_json',
  'unknown_event_type',
  'validation_error:add_to_cart',
  'validation_error:order.created',
];

async function publish(
  exchange: string,
  messages: readonly Message[],
  which: 'good' | 'sent',
): Promise<void> {
  await broker.withChannel(async (channel) => {
    for (const message of messages)
      channel.publish(exchange, message.key, Buffer.from(message[which]), {
        persistent: true,
        contentType: 'application/json',
        ...(message.appId === undefined ? {} : { appId: message.appId }),
      });
    await channel.close();
  });
}

const command = (running: PipelineProcess, entry: string, ...args: string[]): Promise<CommandRun> =>
  runCommand(`commands/${entry}`, args, { DATA_DIR: running.dataDir });

function startReplay(dataDir: string, args: readonly string[]): ChildProcess & { text: () => string } {
  const child = spawn(
    process.execPath,
    [resolve(import.meta.dirname, '../pipeline/launch.mjs'), 'commands/replay', ...args],
    { env: { ...bareEnvironment(), DATA_DIR: dataDir }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let written = '';
  const keep = (chunk: Buffer): void => {
    written += chunk.toString();
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  return Object.assign(child, { text: () => written });
}

const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((done) => {
    if (child.exitCode !== null || child.signalCode !== null) done(child.exitCode);
    else child.once('exit', done);
  });

const replayed = async (running: PipelineProcess): Promise<number> =>
  Number(
    (await running.sql("SELECT count(*) FROM ops.dead_letter_events WHERE status = 'replayed'"))[0]?.[0],
  );

const bronze = [
  'page_view_events',
  'click_events',
  'cart_events',
  'checkout_events',
  'scroll_events',
  'form_events',
  'search_events',
  'business_events',
  'business_event_items',
];
/** What two runs cannot have in common: their numbers, and when each took a message from its own queue. */
const own: Readonly<Record<string, string>> = {
  business_events: 'EXCLUDE (ingest_seq, payload, meta, received_at)',
  business_event_items: '',
};

async function everything(running: PipelineProcess): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const table of bronze) {
    const less = own[table] ?? 'EXCLUDE (ingest_seq, payload, meta)';
    found[table] = await running.sql(`SELECT * ${less} FROM bronze.${table} ORDER BY ALL`);
  }
  for (const table of ['web_events', 'sessions', 'session_products', 'orders', 'payments', 'purchases'])
    found[table] = await running.sql(`SELECT * FROM silver.${table} ORDER BY ALL`);
  for (const table of Object.keys(goldTables)) {
    // The letters stay counted on their day, in a row of their own where nothing else is told of their source.
    const less =
      table === 'system_health_daily'
        ? 'EXCLUDE (dlq_count, event_lag_ms) FROM gold.system_health_daily WHERE event_lag_ms IS NOT NULL'
        : `FROM gold.${table}`;
    found[table] = await running.sql(`SELECT * ${less} ORDER BY ALL`);
  }
  return found;
}

const live = async (running: PipelineProcess): Promise<SnapshotFrame> =>
  (await (await fetch(`${running.dashboardUrl}/api/live`)).json()) as SnapshotFrame;

test('a broken schema, mended: as if it had never been', async () => {
  const base = Math.floor((Date.now() - 3 * 3_600_000) / 60_000) * 60_000;
  const messages = messagesAt(base);
  const broken = messages.filter(({ good, sent }) => good !== sent).length;
  const dataDir = await createDataDir();
  const names = { mended: await brokerNames(broker, 'mended'), whole: await brokerNames(broker, 'whole') };
  const noCycles = { ETL_INTERVAL_SECONDS: '86400' };
  let mended = await startPipeline({ dataDir, env: { ...names.mended.env, ...noCycles } });
  const whole = await startPipeline({ env: { ...names.whole.env, ...noCycles } });
  await publish(names.mended.exchange, messages, 'sent');
  await publish(names.whole.exchange, messages, 'good');
  await drained(mended, broker, names.mended.queue);
  await drained(whole, broker, names.whole.queue);

  const counted = await mended.sql(
    'SELECT reason, count(*) FROM ops.dead_letter_events GROUP BY reason ORDER BY reason',
  );
  expect(counted).toEqual(reasons.map((reason) => [reason, broken / reasons.length]));
  const { deadLettersByReason } = (await live(mended)).counters['24h'];
  expect(deadLettersByReason.map(({ reason, count }) => [reason, count]).sort()).toEqual(counted);
  // Gold is made of what there is, and must be corrected.
  expect(await command(mended, 'etl', '--once')).toMatchObject({ code: 0 });

  const fix = join(dataDir, 'fix.ts');
  await writeFile(fix, transform);
  const dry = await command(mended, 'replay', '--transform', fix, '--dry-run');
  expect(dry).toMatchObject({ code: 0 });
  for (const reason of reasons) expect(dry.stdout).toMatch(new RegExp(`${reason} +stored +30\n`));
  expect(dry.stdout).toMatch(/^\+ .*"product_id": "p-/m);
  expect(dry.stdout).toMatch(/^- .*"item": \{/m);
  expect(await replayed(mended)).toBe(0);

  const replay = startReplay(dataDir, ['--transform', fix, '--rate', '10']);
  await eventually(async () => expect(await replayed(mended)).toBeGreaterThanOrEqual(20), {
    timeoutMs: 60_000,
  });
  mended.kill('SIGKILL');
  await mended.exited;
  mended = await startPipeline({ dataDir, env: { ...names.mended.env, ...noCycles } });
  await eventually(async () => expect(await replayed(mended)).toBeGreaterThanOrEqual(40), {
    timeoutMs: 60_000,
  });
  expect(await replayed(mended)).toBeLessThan(broken);
  replay.kill('SIGKILL');
  await ended(replay);
  const rest = await command(mended, 'replay', '--transform', fix);
  expect(rest, rest.stderr).toMatchObject({ code: 0 });
  expect(await replayed(mended)).toBe(broken);
  expect((await command(mended, 'replay')).stdout).toContain('no pending letter');

  await expectLiveEqualsRecount(mended);
  for (const one of [mended, whole]) expect(await command(one, 'etl', '--once')).toMatchObject({ code: 0 });
  expect(await everything(mended)).toEqual(await everything(whole));
  const [ours, theirs] = [await live(mended), await live(whole)];
  expect(ours.funnels.map(({ windows }) => windows['24h'])).toEqual(
    theirs.funnels.map(({ windows }) => windows['24h']),
  );
  const reached = ({ funnels }: SnapshotFrame) =>
    funnels.map(({ cohorts }) => cohorts.map((cohort) => [cohort.at, cohort.reached]));
  expect(reached(ours)).toEqual(reached(theirs));
  expect(ours.orders['24h']).toEqual(theirs.orders['24h']);
  // The cohorts of three hours ago say that a replay has changed them.
  const revised = ours.funnels[0]?.cohorts.filter((cohort) => cohort.revised?.why === 'replay') ?? [];
  expect(revised.length).toBeGreaterThan(0);
  expect(
    await mended.sql(
      `SELECT count(*) FROM bronze.business_events AS e INNER JOIN ops.dead_letter_events AS l
         ON l.resolution = 'stored ' || e.event_id || ', mended' AND l.received_at = e.received_at`,
    ),
  ).toEqual([[30]]);
}, 300_000);
