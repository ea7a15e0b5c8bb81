import pino from 'pino';
import { createControlServer } from '../../pipeline/control/server.ts';
import { openDuckDbWarehouse } from '../../sinks/duckdb/open.ts';

/** A process that holds a warehouse: `node warehouse-child.ts DATA_DIR [no-door]`; stops when its input ends. */
const [dataDir = '', mode] = process.argv.slice(2);
const log = pino({ level: 'silent' });
const warehouse = await openDuckDbWarehouse({ dataDir, log });
const control = createControlServer({ dataDir, warehouse, log });
if (mode !== 'no-door') await control.listen();
process.stdout.write('ready\n');
process.stdin.resume().on('end', async () => {
  await control.close();
  await warehouse.close();
  process.exit(0);
});
