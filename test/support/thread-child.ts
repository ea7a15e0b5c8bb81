import pino from 'pino';
import { openDuckDbInThread } from '../../sinks/duckdb/thread/open.ts';

/** A process whose warehouse has a thread; it says `open`, asks whether it is there, and goes on for ever. */
const warehouse = await openDuckDbInThread({
  dataDir: process.argv[2] ?? '',
  log: pino({ level: 'silent' }),
});
process.stdout.write('open\n');
setInterval(() => undefined, 1_000);
await warehouse.ping();
