import type { EngineLog } from '../warehouse.ts';

/** How a SQL Server is reached: the DB_* settings. */
export interface MssqlConnection {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** never logged */
  readonly password: string;
  /** a certificate that no authority signed is accepted; the connection is encrypted either way */
  readonly trustCertificate: boolean;
}

export interface MssqlOptions extends MssqlConnection {
  readonly log: EngineLog;
  /** connections at most; default 8 */
  readonly poolSize?: number;
  /** ms for one statement, a commit too; default 30,000 */
  readonly requestTimeoutMs?: number;
  /** ms for a connection; default 15,000 */
  readonly connectTimeoutMs?: number;
}
