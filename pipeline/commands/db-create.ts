import pino from 'pino';
import { createMssqlWarehouse } from '../../sinks/mssql/create.ts';
import { print, runCommand, tell, WrongUse } from './command.ts';

const help = `Makes the database on the SQL Server that DB_HOST names, its schemas and all tables.

  npm run db:create

  --help   this text

It can be run again at any time, and from two machines at once: what is there already stays. A database of the Python
system (DB_NAME) is upgraded in place. The embedded DuckDB needs none of this: npm start makes its file.
Exit codes: 0 done, 1 failed, 2 wrong use or configuration.
`;

await runCommand({
  name: 'db:create',
  help,
  options: {},
  async run({ positionals, config }) {
    if (positionals.length > 0) throw new WrongUse(`unexpected ${JSON.stringify(positionals[0])}`);
    const { warehouse } = config;
    if (warehouse.engine !== 'mssql') {
      throw new WrongUse('DB_HOST is unset: the embedded DuckDB is made by npm start');
    }
    const log = pino({ level: 'info' }, pino.destination({ fd: 2, sync: true }));
    const created = await createMssqlWarehouse({ ...warehouse, log });
    print(`${warehouse.database}: ${created.database ? 'made' : 'was there already'}`);
    print(
      created.applied.length === 0
        ? `tables: version ${created.version}, nothing to do`
        : `tables: ${created.applied.join(', ')} applied, now version ${created.version}`,
    );
    if (created.snapshotReads) return 0;
    tell(
      'READ_COMMITTED_SNAPSHOT could not be switched on while others are connected: stop them and run this again',
    );
    return 1;
  },
});
