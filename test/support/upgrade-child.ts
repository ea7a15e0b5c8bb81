import pino from 'pino';
import { createConnections } from '../../sinks/mssql/connections.ts';
import { migrateMssql } from '../../sinks/mssql/migrate.ts';
import type { Session } from '../../sinks/mssql/session.ts';
import { mssqlOptions } from './mssql-server.ts';
import { knowingAll } from './plain-server.ts';

/**
 * What db:create does in a database that is there, in a process of its own: `node upgrade-child.ts DATABASE [N]`. With
 * N it stops for ever before its Nth change and says `stopped`, so that it can be killed there.
 */
const [database = '', stopAt] = process.argv.slice(2);
const log = pino({ level: 'silent' });
const options = { ...mssqlOptions(database), log, requestTimeoutMs: 120_000 };
let changes = 0;

async function counted(): Promise<void> {
  changes += 1;
  if (changes !== Number(stopAt)) return;
  process.stdout.write('stopped\n');
  // A timer keeps the process there until it is killed.
  await new Promise(() => setInterval(() => undefined, 60_000));
}
const counting = (session: Session): Session => ({
  ...session,
  async execute(text, parameters) {
    await counted();
    return session.execute(text, parameters);
  },
  async batch(text) {
    await counted();
    await session.batch(text);
  },
});

const connections = createConnections(options);
await connections.open();
const able = await knowingAll(connections);
const result = await migrateMssql(
  {
    ...able,
    async dedicated() {
      const own = await able.dedicated();
      return {
        ...own,
        session: counting(own.session),
        transaction: (work) => own.transaction((session) => work(counting(session))),
      };
    },
  },
  log,
);
process.stdout.write(`${JSON.stringify({ ...result, changes })}\n`);
await connections.close();
