import { KadaError, messageOf } from '../../ingest/errors.ts';
import { numberOf } from './failures.ts';
import type { MssqlConnection } from './options.ts';

/** What is wrong with the way to a database, and what to do about it, in a line. */
export interface Hint {
  readonly code: `KADA_${string}`;
  readonly what: string;
  readonly todo: string;
}

const rootOf = (error: unknown): unknown =>
  error instanceof KadaError && error.cause !== undefined ? rootOf(error.cause) : error;

/** The texts of an error and of those below it: the driver wraps what the socket said. */
const textsOf = (error: unknown): string => {
  if (!(error instanceof Error)) return messageOf(error);
  const inner = 'originalError' in error ? error.originalError : error.cause;
  return inner === undefined ? error.message : `${error.message}\n${textsOf(inner)}`;
};

const certificate = /certificate|self.signed|CERT_|altname|SSL routines|wrong version number/i;
const unreachable =
  /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|ECONNRESET|Failed to connect|socket hang up|connection lost|Could not connect/i;

const permissionNumbers: ReadonlySet<number> = new Set([229, 230, 262, 297, 300, 916, 15247]);

/** undefined: nothing that a setting or a right would mend. */
export function hintOf(error: unknown, { host, port, database, user }: MssqlConnection): Hint | undefined {
  const root = rootOf(error);
  const number = numberOf(root);
  const texts = textsOf(root);
  const server = `${host}:${port}`;
  if (number === 18456 || number === 18452 || /Login failed|password authentication failed/i.test(texts))
    return {
      code: 'KADA_WAREHOUSE_LOGIN',
      what: `SQL Server at ${server} refuses the login of ${user}`,
      todo: 'check DB_USER and DB_PASSWORD, and that the server allows SQL logins (mixed mode authentication)',
    };
  if (number === 4060 || number === 911 || /Cannot open database|database .* does not exist/i.test(texts))
    return {
      code: 'KADA_WAREHOUSE_NO_DATABASE',
      what: `SQL Server at ${server} has no database ${database} that ${user} may open`,
      todo: 'run npm run db:create, or set DB_NAME',
    };
  if (number !== undefined && permissionNumbers.has(number))
    return {
      code: 'KADA_WAREHOUSE_PERMISSION',
      what: `${user} lacks a right in ${database}: ${messageOf(root)}`,
      todo: `give it db_owner there (ALTER ROLE db_owner ADD MEMBER [${user}]), or run npm run db:create once as a user who has it`,
    };
  if (certificate.test(texts))
    return {
      code: 'KADA_WAREHOUSE_CERTIFICATE',
      what: `the certificate of SQL Server at ${server} is not trusted`,
      todo: 'install one that an authority signed for this name, or set DB_TRUST_CERT=yes where the network is your own',
    };
  if (unreachable.test(texts))
    return {
      code: 'KADA_WAREHOUSE_UNREACHABLE',
      what: `nothing answers at ${server}`,
      todo: 'check DB_HOST and DB_PORT, that the server runs, that TCP/IP is enabled (SQL Server Configuration Manager), and the firewall',
    };
  return undefined;
}

/** The error with what to do about it, where that is known. */
export function withHint(error: unknown, connection: MssqlConnection): unknown {
  const hint = hintOf(error, connection);
  return hint === undefined
    ? error
    : new KadaError(hint.code, `${hint.what}: ${hint.todo}`, { cause: error });
}
