import { once } from 'node:events';
import { openMssqlWarehouse } from '../../sinks/mssql/open.ts';
import { bytesOf, openDeliveredPath } from './delivered-path.ts';
import { receivedAt, trackOrigin } from './ingesting.ts';
import { mssqlOptions } from './mssql-server.ts';

/**
 * One of several processes over one SQL Server: `node claims-child.ts DATABASE`. Says `ready`; reads bodies, a JSON
 * array of texts; delivers each and writes what became of them and what it folded.
 */
const [database = ''] = process.argv.slice(2);
const warehouse = await openMssqlWarehouse(mssqlOptions(database));
const path = await openDeliveredPath(warehouse, { limits: { events: 20, bytes: 1_000_000 } });
process.stdout.write('ready\n');
let input = '';
process.stdin.setEncoding('utf8').on('data', (text: string) => {
  input += text;
});
await once(process.stdin, 'end');
const bodies = JSON.parse(input) as readonly string[];
const settlements = await Promise.all(
  bodies.map((body) => path.deliver({ origin: trackOrigin(), messages: [bytesOf(body)], receivedAt })),
);
process.stdout.write(
  `${JSON.stringify({ settlements, folded: path.folded().map(({ row }) => row.event_id) })}\n`,
);
await warehouse.close();
