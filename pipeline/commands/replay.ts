import { readIso } from '../../ingest/time.ts';
import type { LetterFilter } from '../../sinks/letter-query.ts';
import { runReplay } from '../replay/run-replay.ts';
import { print, runCommand, tell, WrongUse } from './command.ts';
import { drainDlq } from './drain-dlq.ts';
import { createLetterDesk } from './letter-desk.ts';
import { createProgress } from './progress.ts';
import { asTable } from './result-text.ts';
import { loadTransform } from './transform-file.ts';

const help = `Dead letters through the same pipeline again, judged as if they had been received then. Also while the pipeline
runs (then it does the work). Each event comes into Bronze once, and its letter becomes \`replayed\` with it; what fails
again stays pending, with its newest reason. Stopped at any point it is simply run again.

  npm run replay -- [--reason …] [--source …] [--since …] [--until …] [--id …] [--limit N]
                    [--transform ./fix.ts] [--dry-run] [--rate N]
  npm run replay -- --discard --why "…" [the same filters] [--dry-run]
  npm run replay -- --drain-dlq [--limit N] [--dry-run] [--rate N]

  --reason R        letters of this reason; validation_error means all of validation_error:…
  --source S        tracking, collector or rabbitmq
  --since T         that failed at T or later: a day, or a time as ISO 8601 (no zone: UTC)
  --until T         that failed before T
  --id ID           these letters alone (may be given several times)
  --limit N         the N oldest of them
  --transform FILE  a module whose default function gets a letter and gives its mended body, or undefined to leave it
  --dry-run         what each would become now, with what the transform changes; nothing is stored
  --rate N          at most N letters a second
  --discard         gives them up: they stay as rows, \`discarded\`, and are not replayed any more
  --why "…"         the reason of a discard
  --drain-dlq       empties the broker's own queue of dead letters (RABBITMQ_DLQ) instead: a message that has its letter
                    already is acked, another becomes its letter, and one that is valid by now is stored as an event.
                    None is acked before that is committed; a dry run gives them all back
  --help            this text

Exit codes: 0 done (also where letters are still dead), 1 failed, 2 wrong use or configuration.
`;

/** What a drain has no use for. */
const choosing = ['reason', 'source', 'since', 'until', 'id', 'transform', 'discard'] as const;

/** Differences that a dry run shows. */
const mostDiffs = 20;

await runCommand({
  name: 'replay',
  help,
  options: {
    reason: { type: 'string' },
    source: { type: 'string' },
    since: { type: 'string' },
    until: { type: 'string' },
    id: { type: 'string', multiple: true },
    limit: { type: 'string' },
    rate: { type: 'string' },
    transform: { type: 'string' },
    'dry-run': { type: 'boolean' },
    discard: { type: 'boolean' },
    why: { type: 'string' },
    'drain-dlq': { type: 'boolean' },
  },
  async run({ values, positionals, config }) {
    if (positionals.length > 0) throw new WrongUse(`${positionals[0]} is no flag`);
    const discard = values.discard === true ? (values.why ?? '').trim() : undefined;
    if (discard === '') throw new WrongUse('--discard needs --why "…"');
    if (discard === undefined && values.why !== undefined) throw new WrongUse('--why belongs to --discard');
    if (discard !== undefined && values.transform !== undefined)
      throw new WrongUse('choose one of --discard and --transform');
    const drain = values['drain-dlq'] === true;
    const chosen = choosing.find((name) => values[name] !== undefined);
    if (drain && chosen !== undefined)
      throw new WrongUse(`--${chosen} chooses letters of the table: --drain-dlq takes messages as they come`);
    const filter: LetterFilter = {
      reason: values.reason,
      source: sourceOf(values.source),
      from: timeOf('--since', values.since),
      to: timeOf('--until', values.until),
      ids: values.id?.map(idOf),
    };
    const plan = {
      filter,
      limit: wholeOf('--limit', values.limit),
      rate: wholeOf('--rate', values.rate),
      dryRun: values['dry-run'] === true,
      transform: values.transform === undefined ? undefined : await loadTransform(values.transform),
      discard,
    };
    let stopped = false;
    const stop = (): void => {
      stopped = true;
    };
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
    if (drain) return await drainDlq(config, plan, () => stopped);
    const desk = createLetterDesk(config);
    const progress = createProgress('letters');
    let diffs = 0;
    let failures = 0;
    try {
      const tally = await runReplay(desk.ask, plan, {
        onProgress: progress.show,
        onDiff(id, reason, lines) {
          diffs += 1;
          if (diffs > mostDiffs) return;
          print(`letter ${id}, ${reason}`);
          for (const line of lines) print(line);
        },
        onTransformFailed(id, why) {
          failures += 1;
          if (failures <= mostDiffs) tell(`letter ${id}: ${why}`);
        },
        stopped: () => stopped,
      });
      progress.end();
      if (diffs > mostDiffs) print(`(the differences of ${diffs - mostDiffs} more letters are not shown)`);
      if (tally.count() === 0) print('no pending letter is meant');
      else process.stdout.write(asTable(tally.table('letters')));
      if (plan.dryRun && tally.count() > 0) print('a dry run: nothing was changed');
      if (stopped) tell('stopped before the end: run it again for the rest');
      return failures > 0 ? 1 : 0;
    } finally {
      progress.end();
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
      await desk.close();
    }
  },
});

function wholeOf(flag: string, given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  if (!/^\d{1,9}$/.test(given) || Number(given) < 1)
    throw new WrongUse(`${flag} must be a whole number from 1 on`);
  return Number(given);
}

function timeOf(flag: string, given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const ms = readIso(given);
  if (ms === undefined) throw new WrongUse(`${flag} must be a day or a time as ISO 8601`);
  return ms;
}

function sourceOf(given: string | undefined): string | undefined {
  if (given === undefined || ['tracking', 'collector', 'rabbitmq'].includes(given)) return given;
  throw new WrongUse('--source must be tracking, collector or rabbitmq');
}

function idOf(given: string): string {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(given))
    throw new WrongUse(`--id: ${given} is no letter's id`);
  return given.toLowerCase();
}
