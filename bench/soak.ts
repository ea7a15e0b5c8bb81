import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startBroker } from '../test/support/broker.ts';
import { eventually } from '../test/support/eventually.ts';
import { inspect } from '../test/support/inspector.ts';
import { createLedger } from '../test/support/ledger.ts';
import { startAmqpLoad } from '../test/support/load-amqp.ts';
import { startHttpLoad } from '../test/support/load-http.ts';
import { cleanUp, type PipelineProcess, startPipeline } from '../test/support/pipeline-process.ts';
import { createRandom } from '../test/support/random.ts';
import { judge } from '../test/support/verdict.ts';
import { isFlat, judgeSamples, type Sample } from './soak-verdict.ts';
import { machine } from './table.ts';

const help = `A long, even load over HTTP and RabbitMQ: are memory, file handles, commits and the WAL flat, and every promise kept?

  npm run soak -- [--minutes N] [--seed N]

  --minutes N   1 to 10080 (default 10)
  --seed N      the same load again (default 1)
  --help        this text

Exit codes: 0 flat and every promise kept, 1 not, 2 wrong use.
`;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed);

const print = (line: string): boolean => process.stdout.write(`${line}\n`);

async function soak(): Promise<number> {
  print(machine());
  const broker = await startBroker();
  try {
    const [exchange, queue] = ['soak.events', 'soak.analytics'];
    await broker.declareExchange(exchange);
    const running = await startPipeline({
      env: {
        RABBITMQ_URL: broker.url,
        RABBITMQ_EXCHANGE: exchange,
        RABBITMQ_QUEUE: queue,
        // full within the warm-up: what grows afterwards is no cache
        FINGERPRINT_CACHE_SIZE: '2000',
      },
      nodeOptions: '--inspect=127.0.0.1:0',
    });
    const inspector = await inspect(running);
    const ledger = createLedger();
    const random = createRandom(seed);
    const target = () => running;
    const http = startHttpLoad({ random: random.fork(), ledger, target, restMs: 40 });
    const amqp = startAmqpLoad({ random: random.fork(), ledger, url: broker.url, exchange, restMs: 10 });

    const samples: Sample[] = [];
    const everyMs = Math.min(60_000, (minutes * 60_000) / 12);
    const until = Date.now() + minutes * 60_000;
    print(`minute  ${Object.keys(shown(noSample)).join('  ')}`);
    for (let n = 1; Date.now() < until; n += 1) {
      await delay(Math.min(everyMs, Math.max(0, until - Date.now())));
      const { heapUsed, external } = await inspector.memory();
      const sample = await take(running, heapUsed + external, samples.at(-1));
      samples.push(sample);
      const cells = Object.entries(shown(sample)).map(([name, value]) => value.padStart(name.length));
      print(`${((n * everyMs) / 60_000).toFixed(1).padStart(6)}  ${cells.join('  ')}`);
    }

    await Promise.all([http.stop(), amqp.stop()]);
    inspector.close();
    await eventually(
      async () => {
        const waiting = (await broker.queue(queue))?.messages;
        const inFlight = (await running.metrics()).value('kada_inflight_events');
        if (waiting !== 0 || inFlight !== 0)
          throw new Error(`${waiting} messages wait, ${inFlight} events in flight`);
      },
      { timeoutMs: 120_000, everyMs: 200 },
    );
    const exit = await running.stop();
    const { problems, rows, letters } = await judge(running.dataDir, ledger);
    const verdicts = judgeSamples(samples);
    for (const { what, first, last, flat } of verdicts)
      print(`${flat ? 'flat    ' : 'NOT FLAT'}  ${what}: ${first} → ${last}`);
    print(`answers   ${[...ledger.answers].map(([what, times]) => `${times} × ${what}`).join(', ')}`);
    print(
      problems.length === 0
        ? `kept      every promise: ${rows} rows, ${letters} dead letters, ${ledger.promisedRows()} promised rows`
        : `BROKEN    ${problems.length} promises:\n${problems.join('\n')}`,
    );
    if (exit.code !== 0) {
      print(`NOT STOPPED IN ORDER: ${JSON.stringify(exit)}\n${running.output().slice(-4_000)}`);
    }
    return isFlat(verdicts) && problems.length === 0 && exit.code === 0 ? 0 : 1;
  } finally {
    await cleanUp();
    await broker.dispose();
  }
}

const noSample: Sample = { events: 0, memory: 0, rss: 0, handles: 0, commits: [], commitP95: 0, walBytes: 0 };

async function take(running: PipelineProcess, memory: number, before: Sample | undefined): Promise<Sample> {
  const metrics = await running.metrics();
  const commits = bucketsOf(await (await fetch(`${running.dashboardUrl}/metrics`)).text());
  const wal = await stat(join(running.dataDir, 'warehouse.duckdb.wal')).catch(() => undefined);
  return {
    events: metrics.value('kada_events_stored_total'),
    memory,
    rss: metrics.value('process_resident_memory_bytes'),
    handles: metrics.value('process_open_fds'),
    commits,
    commitP95: p95Since(commits, before?.commits ?? []),
    walBytes: wal?.size ?? 0,
  };
}

const bucket = /^kada_batch_commit_seconds_bucket\{.*?le="([^"]+)".*?\} (\d+)$/gm;

/** upper bound, s → commits up to it, since the start */
const bucketsOf = (text: string): Sample['commits'] =>
  [...text.matchAll(bucket)].map(([, bound, count]) => [
    bound === '+Inf' ? Infinity : Number(bound),
    Number(count),
  ]);

/** ms: the bound under which 95 of 100 commits between two samples stayed. */
function p95Since(now: Sample['commits'], before: Sample['commits']): number {
  const grown = now.map(([bound, count], index) => [bound, count - (before[index]?.[1] ?? 0)] as const);
  const all = grown.at(-1)?.[1] ?? 0;
  return (grown.find(([, count]) => count >= 0.95 * all)?.[0] ?? 0) * 1_000;
}

const megabytes = (bytes: number): string => (bytes / 1_048_576).toFixed(1);

const shown = (sample: Sample): Readonly<Record<string, string>> => ({
  '   events': String(sample.events),
  'memory MB': megabytes(sample.memory),
  'RSS MB': megabytes(sample.rss),
  handles: String(sample.handles),
  'commit p95 ms ≤': String(sample.commitP95),
  'WAL MB': megabytes(sample.walBytes),
});

// last, when all that it needs is there
if (values.help) process.stdout.write(help);
else if (!(minutes >= 1 && minutes <= 10_080) || !Number.isInteger(seed)) {
  process.stderr.write(help);
  process.exitCode = 2;
} else process.exitCode = await soak();
