import type sql from 'mssql';

/**
 * A Babelfish in SQL Server's place: it lacks MIN_ACTIVE_ROWVERSION, and refuses rowversion until it is told not to.
 * Its row versions are the numbers of transactions, and the lowest that is still open is the server's own to tell.
 * Nothing is done on SQL Server.
 */
export async function prepareBabelfish(pool: sql.ConnectionPool): Promise<void> {
  if (!(await isBabelfish(pool))) return;
  await pool
    .request()
    .batch("EXEC sp_babelfish_configure 'babelfishpg_tsql.escape_hatch_rowversion', 'ignore', 'server'");
}

/** `pool`: of the new database */
export async function prepareBabelfishDatabase(pool: sql.ConnectionPool): Promise<void> {
  if (!(await isBabelfish(pool))) return;
  await pool.request().batch(`
CREATE FUNCTION dbo.min_active_rowversion() RETURNS binary(8) AS
BEGIN
  RETURN (
    SELECT CAST(CAST(CAST(pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot()) AS varchar(20)) AS bigint)
      AS binary(8))
  );
END`);
}

export async function isBabelfish(pool: sql.ConnectionPool): Promise<boolean> {
  const { recordset } = await pool.request().query<{ version: string }>('SELECT @@VERSION AS version');
  return /Babelfish/.test(recordset[0]?.version ?? '');
}
