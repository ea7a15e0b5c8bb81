import { constants, existsSync } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import pino from 'pino';
import { KadaError, messageOf } from '../../ingest/errors.ts';
import { checkMssql } from '../../sinks/mssql/check.ts';
import type { Config, MssqlConfig } from '../config.ts';
import { print, runCommand, tell, WrongUse } from './command.ts';
import { withReader } from './with-reader.ts';

const help = `Tests the connection to the warehouse and says what to do where something is wrong.

  npm run db:check [-- --json]

  --json   the findings as JSON
  --help   this text

It works while the pipeline runs (on DuckDB through it) and while it does not (by opening the file). Of a SQL Server
(DB_HOST) it tells a refused login, a port that does not answer, a missing database, a certificate that is not trusted
and a missing right apart.
Exit codes: 0 the warehouse answers, 1 it does not, 2 wrong use or configuration.
`;

interface Finding {
  readonly check: string;
  readonly ok: boolean;
  readonly says: string;
}
const fine = (check: string, says: string): Finding => ({ check, ok: true, says });
const bad = (check: string, says: string): Finding => ({ check, ok: false, says });

const mebibyte = 1024 * 1024;

async function folder({ dataDir }: Config): Promise<Finding> {
  if (!existsSync(dataDir)) return fine('folder', `${dataDir} does not exist yet: npm start makes it`);
  try {
    await access(dataDir, constants.R_OK | constants.W_OK);
    return fine('folder', `${dataDir} can be read and written`);
  } catch (error) {
    return bad('folder', `${messageOf(error)}: give this user the right to read and write DATA_DIR`);
  }
}

async function disk({ dataDir, minFreeDiskBytes }: Config): Promise<Finding> {
  if (!existsSync(dataDir)) return fine('disk', 'not known before the folder exists');
  const { bavail, bsize } = await statfs(dataDir);
  const free = `${Math.floor((bavail * bsize) / mebibyte)} MB free`;
  return bavail * bsize >= minFreeDiskBytes
    ? fine('disk', free)
    : bad(
        'disk',
        `${free}, less than MIN_FREE_DISK_MB (${minFreeDiskBytes / mebibyte}): every entrance would answer 503`,
      );
}

async function warehouse(config: Config, file: string): Promise<readonly Finding[]> {
  try {
    return await withReader(config, async (reader) => {
      const status = await reader.status();
      const { rows } = await reader.query('select count(*), max(version) from ops.schema_migrations');
      const [migrations, version] = rows[0] ?? [];
      const who =
        reader.through === undefined ? 'opened by this command' : `through process ${reader.through}`;
      return [
        status.warehouse === 'ok'
          ? fine('warehouse', `${file} answers (${who})`)
          : bad('warehouse', `${file} does not answer (${who}); its log says why`),
        fine('schema', `version ${version}, ${migrations} migrations applied`),
      ];
    });
  } catch (error) {
    if (error instanceof KadaError && error.code === 'KADA_NO_WAREHOUSE') {
      return [fine('warehouse', error.message)];
    }
    return [
      bad('warehouse', error instanceof KadaError ? `${error.code}: ${error.message}` : messageOf(error)),
    ];
  }
}

/** What a SQL Server's database has, and what it lacks. */
async function server(config: MssqlConfig): Promise<readonly Finding[]> {
  const { host, port, database, user } = config;
  try {
    const facts = await checkMssql({ ...config, log: pino({ level: 'silent' }) });
    const { version, snapshotReads, compatibilityLevel, mayCreateTables, schemaVersion } = facts;
    return [
      fine('warehouse', `${database} on ${host}:${port} answers ${user} (version ${version})`),
      snapshotReads
        ? fine('snapshots', 'READ_COMMITTED_SNAPSHOT is on')
        : bad(
            'snapshots',
            'READ_COMMITTED_SNAPSHOT is off: readers and commits wait for each other; npm run db:create switches it on',
          ),
      compatibilityLevel >= 130
        ? fine('level', `compatibility level ${compatibilityLevel}`)
        : bad(
            'level',
            `compatibility level ${compatibilityLevel} has no OPENJSON: ALTER DATABASE … SET COMPATIBILITY_LEVEL = 150`,
          ),
      mayCreateTables
        ? fine('rights', `${user} may make tables`)
        : bad(
            'rights',
            `${user} may not make tables: give it db_owner in ${database} (ALTER ROLE db_owner ADD MEMBER …)`,
          ),
      schemaVersion > 0
        ? fine('schema', `version ${schemaVersion}`)
        : fine('schema', 'no tables yet: npm run db:create or npm start makes them'),
    ];
  } catch (error) {
    return [
      bad('warehouse', error instanceof KadaError ? `${error.code}: ${error.message}` : messageOf(error)),
    ];
  }
}

const findingsOf = async (config: Config): Promise<readonly Finding[]> =>
  config.warehouse.engine === 'mssql'
    ? await server(config.warehouse)
    : [await folder(config), await disk(config), ...(await warehouse(config, config.warehouse.file))];

await runCommand({
  name: 'db:check',
  help,
  options: { json: { type: 'boolean' } },
  async run({ values, positionals, config }) {
    if (positionals.length > 0) throw new WrongUse(`unexpected ${JSON.stringify(positionals[0])}`);
    const findings = await findingsOf(config);
    const ok = findings.every((finding) => finding.ok);
    if (values.json === true)
      print(JSON.stringify({ engine: config.warehouse.engine, ok, findings }, null, 2));
    else {
      print(`engine    ${config.warehouse.engine}`);
      for (const { check, ok: good, says } of findings) {
        print(`${check.padEnd(9)} ${good ? 'ok    ' : 'FAILED'}  ${says}`);
      }
    }
    if (!ok) tell('db:check: something is wrong, see above');
    return ok ? 0 : 1;
  },
});
