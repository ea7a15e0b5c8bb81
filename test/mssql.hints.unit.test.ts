import sql from 'mssql';
import { expect, test } from 'vitest';
import { KadaError } from '../ingest/errors.ts';
import { asKadaError } from '../sinks/mssql/failures.ts';
import { hintOf } from '../sinks/mssql/hints.ts';

/** What the driver throws, as it throws it, and what is told of it. */
const connection = {
  host: 'db.shop.test',
  port: 1433,
  database: 'analytics',
  user: 'kada',
  password: 'a-secret',
  trustCertificate: false,
};

const ofServer = (number: number, message: string): Error => {
  const error = new sql.RequestError(message, 'EREQUEST');
  error.number = number;
  return error;
};
const ofWay = (message: string, code: sql.MSSQLError['code']): Error =>
  new sql.ConnectionError(new Error(message), code);

test.each([
  [
    'login',
    ofServer(18456, "Login failed for user 'kada'."),
    'KADA_WAREHOUSE_LOGIN',
    /DB_PASSWORD.*mixed mode/,
  ],
  [
    'login, told by the connection',
    ofWay("Login failed for user 'kada'.", 'ELOGIN'),
    'KADA_WAREHOUSE_LOGIN',
    /DB_PASSWORD.*mixed mode/,
  ],
  [
    'database',
    ofServer(4060, 'Cannot open database "analytics" requested by the login.'),
    'KADA_WAREHOUSE_NO_DATABASE',
    /npm run db:create/,
  ],
  [
    'right',
    ofServer(262, "CREATE TABLE permission denied in database 'analytics'."),
    'KADA_WAREHOUSE_PERMISSION',
    /db_owner/,
  ],
  [
    'certificate',
    ofWay('Failed to connect to db.shop.test:1433 - self-signed certificate', 'ESOCKET'),
    'KADA_WAREHOUSE_CERTIFICATE',
    /DB_TRUST_CERT=yes/,
  ],
  [
    'port',
    ofWay('Failed to connect to db.shop.test:1433 - connect ECONNREFUSED 10.0.0.1:1433', 'ESOCKET'),
    'KADA_WAREHOUSE_UNREACHABLE',
    /DB_PORT.*TCP\/IP/,
  ],
  [
    'name',
    ofWay('Failed to connect to db.shop.test:1433 - getaddrinfo ENOTFOUND db.shop.test', 'ESOCKET'),
    'KADA_WAREHOUSE_UNREACHABLE',
    /DB_HOST/,
  ],
] as const)('%s', (_name, error, code, todo) => {
  // Bare, and as a method of the warehouse rejects with it.
  for (const thrown of [error, asKadaError(error)]) {
    const hint = hintOf(thrown, connection);
    expect(hint?.code).toBe(code);
    expect(hint?.todo).toMatch(todo);
    expect(`${hint?.what}: ${hint?.todo}`).not.toMatch(/\n|a-secret/);
  }
});

test('what no setting would mend has no hint', () => {
  expect(hintOf(ofServer(547, 'The INSERT statement conflicted.'), connection)).toBeUndefined();
  expect(hintOf(new KadaError('KADA_WAREHOUSE_NEWER', 'newer'), connection)).toBeUndefined();
});
