import { createConnections } from './connections.ts';
import { withHint } from './hints.ts';
import type { MssqlOptions } from './options.ts';

/** What a connection to the database finds there. */
export interface MssqlFacts {
  readonly version: string;
  /** READ_COMMITTED_SNAPSHOT: without it a reader waits for the commits, and they for it */
  readonly snapshotReads: boolean;
  /** below 130 the server has no OPENJSON */
  readonly compatibilityLevel: number;
  readonly mayCreateTables: boolean;
  /** 0: no migration was applied */
  readonly schemaVersion: number;
}

/** Looks at the database without changing anything. Rejects with a KadaError that says what to do. */
export async function checkMssql(options: MssqlOptions): Promise<MssqlFacts> {
  const connections = createConnections({ ...options, poolSize: 1 });
  try {
    await connections.open();
    return await connections.run(async (session) => {
      const { rows } = await session.rows(
        `SELECT CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128)), d.is_read_committed_snapshot_on,
           d.compatibility_level, HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'CREATE TABLE'),
           CASE WHEN OBJECT_ID(N'ops.schema_migrations') IS NULL THEN 0 ELSE 1 END
         FROM sys.databases AS d WHERE d.name = DB_NAME()`,
      );
      const [version, snapshotReads, level, may, migrated] = rows[0] ?? [];
      const schema =
        migrated === 1 ? await session.rows('SELECT MAX(version) FROM ops.schema_migrations') : undefined;
      return {
        version: String(version ?? 'unknown'),
        snapshotReads: Boolean(snapshotReads),
        compatibilityLevel: Number(level ?? 0),
        mayCreateTables: Number(may ?? 0) === 1,
        schemaVersion: Number(schema?.rows[0]?.[0] ?? 0),
      };
    });
  } catch (error) {
    throw withHint(error, options);
  } finally {
    await connections.close();
  }
}
