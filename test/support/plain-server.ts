import type { Connections, Dedicated } from '../../sinks/mssql/connections.ts';
import { text } from '../../sinks/mssql/parameters.ts';
import type { Cell, Rows, Session } from '../../sinks/mssql/session.ts';

/**
 * TDS servers other than SQL Server may lack statements that an upgrade in place needs: a column's new collation, several
 * columns added at once, a table's move to another schema, hexadecimal by CONVERT. On one of these a test does what they would do, below the product; on a SQL
 * Server nothing of this file is used.
 */

const bin2 = 'Latin1_General_100_BIN2';

const alterColumn =
  /^ALTER TABLE (?<table>\S+) ALTER COLUMN \[(?<column>\w+)\] (?<type>.+?)(?: COLLATE \S+)? (?:NOT )?NULL$/i;
const collation = /COLLATE (?<collation>\S+)/i;
const transfer = /^ALTER SCHEMA (?<to>\w+) TRANSFER \[(?<schema>\w+)\]\.\[(?<table>\w+)\]$/i;

/** The column again at the end of its table, of the new type, with its values. Whether NULL may stand in it: yes. */
async function replaceColumn(session: Session, table: string, column: string, type: string): Promise<void> {
  await session.batch(`ALTER TABLE ${table} ADD ${column}__new ${type} NULL`);
  await session.batch(`UPDATE ${table} SET ${column}__new = [${column}]`);
  await session.batch(`ALTER TABLE ${table} DROP COLUMN [${column}]`);
  await session.batch(`EXEC sp_rename '${table}.${column}__new', '${column}', 'COLUMN'`);
}

const addColumns = /^ALTER TABLE (?<table>\S+) ADD (?!CONSTRAINT)(?<columns>.+)$/is;
/** A comma that is not of a type, as in decimal(12,2). */
const betweenColumns = /,\s*(?![^(]*\))/;
const dropKey = /^ALTER TABLE (?<table>\S+) DROP CONSTRAINT \[(?<name>\w+)\]$/i;

/** The catalogue's name of an index may not be the one that it was given: the key is dropped by its own. */
async function dropConstraint(session: Session, table: string, statement: string): Promise<void> {
  const { rows } = await session.rows(
    `SELECT CONSTRAINT_NAME FROM INFORMATION_SCHEMA.TABLE_CONSTRAINTS
     WHERE CONSTRAINT_TYPE = 'PRIMARY KEY' AND CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) = @table`,
    { table: text(table, 300) },
  );
  const name = rows[0]?.[0];
  // A default goes with its column.
  if (/DROP CONSTRAINT \[DF_/i.test(statement)) return;
  await session.batch(`ALTER TABLE ${table} DROP CONSTRAINT [${String(name)}]`);
}

/** Bytes as hexadecimal text: a function where CONVERT knows no style for it. */
const hexByFunction = (statement: string): string =>
  statement
    .replaceAll('CONVERT(varchar(64), HASHBYTES(', 'pg_catalog.encode(CAST(HASHBYTES(')
    .replaceAll('AS varchar(64))), 2))', "AS varchar(64))) AS pg_catalog.bytea), 'hex'))");

const inSqlServersWords = (cell: Cell): Cell =>
  typeof cell === 'string' && /^bbf_unicode_bin2$/i.test(cell) ? bin2 : cell;

function emulating(session: Session): Session {
  return {
    ...session,
    async rows(statement, parameters): Promise<Rows> {
      const found = await session.rows(statement, parameters);
      return { ...found, rows: found.rows.map((row) => row.map(inSqlServersWords)) };
    },
    execute: (statement, parameters) => session.execute(hexByFunction(statement), parameters),
    async batch(statement) {
      const altered = alterColumn.exec(statement.trim())?.groups;
      if (altered !== undefined) {
        const { table = '', column = '', type = '' } = altered;
        const wanted = collation.exec(statement)?.groups?.collation;
        await replaceColumn(
          session,
          table,
          column,
          wanted === undefined ? type : `${type} COLLATE ${wanted}`,
        );
        return;
      }
      const added = addColumns.exec(statement.trim())?.groups;
      if (added !== undefined) {
        for (const column of (added.columns ?? '').split(betweenColumns))
          await session.batch(`ALTER TABLE ${added.table} ADD ${column}`);
        return;
      }
      const dropped = dropKey.exec(statement.trim())?.groups;
      if (dropped !== undefined) return dropConstraint(session, dropped.table ?? '', statement);
      const moved = transfer.exec(statement.trim())?.groups;
      if (moved === undefined) return session.batch(statement);
      const { to = '', schema = '', table = '' } = moved;
      await session.batch(`SELECT * INTO ${to}.${table} FROM ${schema}.${table}`);
      await session.batch(`DROP TABLE ${schema}.${table}`);
    },
  };
}

/** Can the server change a column's collation where it stands? */
export async function altersCollations(session: Session): Promise<boolean> {
  const name = `#alters_${process.pid}`;
  try {
    await session.batch(
      `CREATE TABLE ${name} (a varchar(8) NULL);
       ALTER TABLE ${name} ALTER COLUMN a nvarchar(8) COLLATE ${bin2} NULL;
       DROP TABLE ${name};`,
    );
    return true;
  } catch {
    return false;
  }
}

/** Connections whose locks come with a session that knows these statements, whatever the server knows. */
export async function knowingAll(connections: Connections): Promise<Connections> {
  if (await connections.run(altersCollations)) return connections;
  return {
    ...connections,
    async dedicated(): Promise<Dedicated> {
      const own = await connections.dedicated();
      return {
        ...own,
        session: emulating(own.session),
        transaction: (work) => own.transaction((session) => work(emulating(session))),
      };
    },
  };
}

/** A script for a server that is not one: without the indexes, whose names its catalogue would not give back. */
export const withoutIndexes = (script: string): string => script.replace(/^CREATE INDEX .*$/gm, '');
