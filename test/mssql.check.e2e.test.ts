import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isBabelfish } from './support/babelfish.ts';
import {
  connectTo,
  createTestDatabase,
  dropDatabase,
  mssqlEnvironment,
  mssqlMissing,
} from './support/mssql.ts';
import { buildFirst, type CommandRun, runCommand } from './support/run-command.ts';

/** `npm run db:check` and `db:create` on SQL Server: each wrong case in one line that says what to do. */

beforeAll(buildFirst, 600_000);

/** The one line that says what is wrong. */
function wrong({ code, stdout }: CommandRun): string {
  expect(code).toBe(1);
  const lines = stdout.split('\n').filter((line) => line.includes('FAILED'));
  expect(lines).toHaveLength(1);
  return lines[0] ?? '';
}

const check = (env: Readonly<Record<string, string>>): Promise<CommandRun> =>
  runCommand('commands/db-check', [], env);
const nobody = { DB_USER: 'nobody', DB_PASSWORD: 'a-secret-of-nobody', DB_NAME: 'none' };

describe('without a server', { timeout: 240_000 }, () => {
  test('a port that nothing listens on', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const run = await check({ ...nobody, DB_HOST: '127.0.0.1', DB_PORT: String(port) });
    expect(wrong(run)).toMatch(
      new RegExp(`KADA_WAREHOUSE_UNREACHABLE: nothing answers at 127\\.0\\.0\\.1:${port}: .*DB_PORT.*TCP/IP`),
    );
    expect(run.stdout + run.stderr).not.toContain(nobody.DB_PASSWORD);
  });

  test('a name that no server has', async () => {
    const run = await check({ ...nobody, DB_HOST: 'no-such-host.invalid' });
    expect(wrong(run)).toMatch(
      /KADA_WAREHOUSE_UNREACHABLE: nothing answers at no-such-host\.invalid:1433: .*DB_HOST/,
    );
  });

  test('a port where something else listens', async () => {
    const server = createServer((socket) => socket.on('error', () => undefined).end('HTTP/1.1 400\r\n\r\n'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    try {
      expect(wrong(await check({ ...nobody, DB_HOST: '127.0.0.1', DB_PORT: String(port) }))).toContain(
        'KADA_WAREHOUSE_UNREACHABLE',
      );
    } finally {
      server.close();
    }
  });

  test('settings that do not fit are told before anything is tried', async () => {
    const run = await check({ DB_HOST: '127.0.0.1' });
    expect(run.code).toBe(2);
    expect(run.stderr).toContain('DB_USER is needed for SQL Server');
    expect(run.stderr).toContain('DB_PASSWORD is needed for SQL Server');
  });
});

describe.skipIf(mssqlMissing !== undefined)(
  mssqlMissing === undefined ? 'with a server' : `with a server: skipped, ${mssqlMissing}`,
  { timeout: 240_000 },
  () => {
    const login = `kada_login_${randomBytes(4).toString('hex')}`;
    const password = `Kada-${randomBytes(8).toString('hex')}`;
    let database = '';
    beforeAll(async () => {
      database = await createTestDatabase();
    }, 300_000);
    afterAll(async () => {
      if (database !== '') await dropDatabase(database);
      const master = await connectTo('master');
      await master
        .request()
        .batch(`DROP LOGIN ${login}`)
        .catch(() => undefined);
      await master.close();
    });

    test('all is well', async () => {
      const run = await check(mssqlEnvironment(database));
      expect(run.stdout).toMatch(/^warehouse +ok .* answers/m);
      expect(run.stdout).toMatch(/^schema +ok +version \d/m);
    });

    test('a wrong password', async () => {
      const run = await check({ ...mssqlEnvironment(database), DB_PASSWORD: 'not-the-password' });
      expect(wrong(run)).toMatch(/KADA_WAREHOUSE_LOGIN: .*DB_USER and DB_PASSWORD.*mixed mode/);
      expect(run.stdout + run.stderr).not.toContain('not-the-password');
    });

    test('a database that is not there', async () => {
      const run = await check({ ...mssqlEnvironment('kada_test_not_there') });
      expect(wrong(run)).toMatch(/KADA_WAREHOUSE_NO_DATABASE: .*kada_test_not_there.*npm run db:create/);
    });

    test('a certificate that no authority signed', async () => {
      const run = await check({ ...mssqlEnvironment(database), DB_TRUST_CERT: 'no' });
      expect(wrong(run)).toMatch(/KADA_WAREHOUSE_CERTIFICATE: .*DB_TRUST_CERT=yes/);
    });

    test('a login without the right to make tables, and to make a database', async () => {
      const master = await connectTo('master');
      const babelfish = await isBabelfish(master);
      await master.request().batch(`CREATE LOGIN ${login} WITH PASSWORD = '${password}'`);
      await master.close();
      const pool = await connectTo(database);
      await pool.request().batch(`CREATE USER ${login} FOR LOGIN ${login}`);
      await pool.close();
      const as = { DB_USER: login, DB_PASSWORD: password };
      const run = await check({ ...mssqlEnvironment(database), ...as });
      expect(run.code).toBe(1);
      expect(run.stdout).toMatch(/FAILED .*db_owner/);
      const create = await runCommand('commands/db-create', [], {
        ...mssqlEnvironment(`${database}_other`),
        ...as,
      });
      expect(create.code).toBe(1);
      // A Babelfish says it in other words and under another number than SQL Server's 262.
      expect(create.stderr).toMatch(
        babelfish
          ? /permission denied to create database/
          : /KADA_WAREHOUSE_PERMISSION.*db:create once as a user who has it/,
      );
    });

    test('db:create again finds nothing to do', async () => {
      const run = await runCommand('commands/db-create', [], mssqlEnvironment(database));
      expect(run.stdout).toMatch(new RegExp(`^${database}: was there already$`, 'm'));
      expect(run.stdout).toMatch(/^tables: version \d+, nothing to do$/m);
    });
  },
);
