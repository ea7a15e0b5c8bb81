import pino from 'pino';
import { createControlServer } from '../../pipeline/control/server.ts';

/** A process with an open control door, to be killed by test/control.int.test.ts. */
const dataDir = process.argv[2] ?? '';
const server = createControlServer({
  dataDir,
  log: pino({ level: 'silent' }),
  warehouse: {
    engine: 'duckdb',
    ping: () => Promise.resolve(true),
    query: () => Promise.resolve({ columns: [], rows: [] }),
  },
});
await server.listen();
process.stdout.write('listening\n');
