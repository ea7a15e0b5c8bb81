import { randomBytes } from 'node:crypto';
import pino from 'pino';
import { openDuckDbWarehouse } from '../../sinks/duckdb/open.ts';
import { batchOf, businessEvent, deadLetter, webEvent, webRow } from './bronze-rows.ts';

/**
 * A process that owns a warehouse, for tests that kill it. Arguments: folder, and `hold` (opens and waits),
 * `commit` (commits batches of 1 to 60 events for ever) or `checkpoint` (the same, with a log that is folded into
 * the file after every megabyte, within a COMMIT). Each line it prints is true when it is printed: `open`,
 * `acknowledged <batch id> <claims> <highest number>`, `failed <class> <batch id> <message>` and then, once the
 * look-up has answered, `absent <batch id>` or `found <batch id> <claims>`; `refused <code> <message>`.
 */
const [folder = '', mode = 'hold'] = process.argv.slice(2);
const say = (line: string) => process.stdout.write(`${line}\n`);

try {
  const warehouse = await openDuckDbWarehouse({
    dataDir: folder,
    log: pino({ level: 'silent' }),
    ...(mode === 'checkpoint' ? { checkpointThreshold: '1MB' } : {}),
  });
  say('open');
  if (mode === 'hold') setInterval(() => undefined, 1_000);
  let seq = warehouse.highestSeq + 1;
  for (let round = 0; mode !== 'hold'; round++) {
    const events = Array.from({ length: 1 + (round % 60) }, (_, index) =>
      index % 5 === 4 ? businessEvent() : webEvent(webRow({ payload: randomBytes(1_000).toString('hex') })),
    );
    const batch = batchOf(events, seq, round % 7 === 0 ? { deadLetters: [deadLetter()] } : {});
    seq += events.length;
    const result = await warehouse.commit(batch);
    if (result.kind === 'committed')
      say(`acknowledged ${batch.id} ${events.length + batch.deadLetters.length} ${seq - 1}`);
    else say(`failed ${result.failure} ${batch.id} ${result.message.replaceAll('\n', ' ')}`);
    if (result.kind === 'failed') {
      const prints = [...batch.events.map(({ event }) => event), ...batch.deadLetters];
      const found = await warehouse.lookUp(prints.map(({ fingerprint }) => fingerprint));
      say(found.size === 0 ? `absent ${batch.id}` : `found ${batch.id} ${found.size}`);
    }
  }
} catch (error) {
  say(`refused ${error instanceof Error && 'code' in error ? String(error.code) : ''} ${String(error)}`);
  process.exitCode = 1;
}
