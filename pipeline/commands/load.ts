import { KadaError, messageOf } from '../../ingest/errors.ts';
import { urlOf } from '../../ingest/http/url.ts';
import { isLoopback } from '../config/combinations.ts';
import { startLoad } from '../load/load.ts';
import { highestSeq, prove } from '../load/proof.ts';
import { isProven, type LoadPlan, loadJson, loadText } from '../load/report.ts';
import { createRunEvents } from '../load/run-events.ts';
import { print, runCommand, tell, WrongUse } from './command.ts';
import { createProgress } from './progress.ts';
import { withReader } from './with-reader.ts';

const help = `Load on /track of a running pipeline, and the proof that every acknowledged event is in Bronze exactly once.

  npm run load -- --rate 1000 --duration 30 [--batch 50]

  --rate N         events a second, 1 to 200000 (default 200), spread evenly over it
  --duration S     seconds, 1 to 3600 (default 10)
  --batch N        events a request, 1 to 500 (default 1); the rate is rounded to whole requests a second
  --connections N  1 to 1024 (default: one for each 10 requests a second, at most 256)
  --url U          where the tracking API listens (default: as the settings say)
  --anywhere       send to a --url beyond this machine: only to one that is yours
  --patience S     seconds that acknowledged events are waited for while none arrives, 1 to 600 (default 30)
  --json           the figures as JSON
  --help           this text

It sends page views of made-up sessions, which stay in the warehouse and count: give the pipeline a DATA_DIR of its own.
It ends by itself; Ctrl-C ends it early, with the proof of what was acknowledged until then.
Exit codes: 0 proven, 1 something acknowledged is missing or double, or nothing was acknowledged, 2 wrong use or configuration.
`;

function wholeIn(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most) {
    throw new WrongUse(`--${name} must be a whole number from ${least} to ${most}`);
  }
  return value;
}

function targetOf(given: string | undefined, bySettings: string, anywhere: boolean): string {
  let url: URL;
  try {
    url = new URL(given ?? bySettings);
  } catch {
    throw new WrongUse('--url must be an address like http://127.0.0.1:9000');
  }
  if (!['http:', 'https:'].includes(url.protocol) || url.pathname !== '/') {
    throw new WrongUse('--url must be an address like http://127.0.0.1:9000, without a path');
  }
  if (!anywhere && !isLoopback(url.hostname)) {
    throw new WrongUse(`${url.hostname} is not this machine: --anywhere says that it is meant`);
  }
  return url.origin;
}

/** Autocannon would try a closed door for the whole duration. */
async function expectOpen(url: string): Promise<void> {
  try {
    await fetch(`${url}/health`, { signal: AbortSignal.timeout(5_000) });
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    throw new KadaError('KADA_LOAD_NO_TARGET', `nothing answers at ${url}: ${messageOf(cause)}`);
  }
}

await runCommand({
  name: 'load',
  help,
  options: {
    rate: { type: 'string' },
    duration: { type: 'string' },
    batch: { type: 'string' },
    connections: { type: 'string' },
    url: { type: 'string' },
    anywhere: { type: 'boolean' },
    patience: { type: 'string' },
    json: { type: 'boolean' },
  },
  async run({ values, positionals, config }) {
    if (positionals.length > 0) throw new WrongUse(`unexpected ${JSON.stringify(positionals[0])}`);
    const rate = wholeIn('rate', values.rate ?? '200', 1, 200_000);
    const batch = wholeIn('batch', values.batch ?? '1', 1, 500);
    const requestsPerSecond = Math.max(1, Math.round(rate / batch));
    const usual = String(Math.min(256, Math.ceil(requestsPerSecond / 10)));
    const plan: LoadPlan = {
      url: targetOf(values.url, urlOf(config.tracking), values.anywhere === true),
      requestsPerSecond,
      seconds: wholeIn('duration', values.duration ?? '10', 1, 3_600),
      batch,
      connections: Math.min(requestsPerSecond, wholeIn('connections', values.connections ?? usual, 1, 1_024)),
    };
    const patienceMs = wholeIn('patience', values.patience ?? '30', 1, 600) * 1_000;
    await expectOpen(plan.url);
    const afterSeq = await withReader(config, highestSeq);

    const events = createRunEvents();
    const progress = createProgress('events acknowledged');
    const expected = requestsPerSecond * batch * plan.seconds;
    let shownAt = 0;
    const load = startLoad({
      ...plan,
      events,
      onAnswer(acknowledged) {
        if (Date.now() - shownAt < 200) return;
        shownAt = Date.now();
        progress.show(acknowledged, expected);
      },
    });
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, load.stop);
    const result = await load.finished;
    progress.end();

    const proof = await withReader(config, (reader) =>
      prove(reader, events, result.acknowledged, { afterSeq, patienceMs }),
    );
    print(
      values.json === true
        ? JSON.stringify(loadJson(plan, result, proof), null, 2)
        : loadText(plan, result, proof),
    );
    if (isProven(proof)) return 0;
    tell('KADA_LOAD_NOT_PROVEN: not every acknowledged event is in Bronze exactly once');
    return 1;
  },
});
