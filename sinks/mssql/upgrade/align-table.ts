import type { BronzeColumn } from '../../bronze-columns.ts';
import { text } from '../parameters.ts';
import type { Session } from '../session.ts';
import { sqlType } from '../sql-types.ts';

/**
 * Brings a table of the Python system to the columns of today, in place. Nothing is removed but what an altered column
 * would not let through: its indexes and defaults are made again, a key on event_id becomes none (claims make events unique now).
 * Run twice, the second finds nothing to do. In one transaction of the caller's.
 */
export interface TargetTable {
  /** with its schema */
  readonly name: string;
  readonly columns: readonly BronzeColumn<never>[];
  /** rowversion and ingest_seq, as Bronze tables have them */
  readonly numbered: boolean;
  /** the primary key stays: it is one of today's too */
  readonly keepsKey: boolean;
  /** indexes that today's table has, by what stands in CREATE INDEX … ON table (…) */
  readonly indexes: readonly { readonly name: string; readonly on: string; readonly clustered?: boolean }[];
}

interface ExistingColumn {
  readonly name: string;
  readonly type: string;
  /** characters of a text; -1: max */
  readonly length: number;
  readonly nullable: boolean;
  readonly collation: string | null;
  readonly scale: number;
}

const bin2 = 'Latin1_General_100_BIN2';

async function columnsOf(session: Session, table: string): Promise<readonly ExistingColumn[]> {
  const { rows } = await session.rows(
    `SELECT c.name, t.name, c.max_length, c.is_nullable, c.collation_name, c.scale
     FROM sys.columns AS c INNER JOIN sys.types AS t ON t.user_type_id = c.user_type_id
     WHERE c.object_id = OBJECT_ID(@table) ORDER BY c.column_id`,
    { table: text(table, 300) },
  );
  return rows.map(([name, type, bytes, nullable, collation, scale]) => {
    const size = Number(bytes);
    return {
      name: String(name),
      type: String(type),
      length: size > 0 && String(type).startsWith('n') ? size / 2 : size,
      nullable: Boolean(nullable),
      collation: collation === null || collation === undefined ? null : String(collation),
      scale: Number(scale),
    };
  });
}

/** What an existing column becomes; undefined: it is that already. */
function alteredType(existing: ExistingColumn, target: BronzeColumn<never>): string | undefined {
  switch (target.type) {
    case 'text':
    case 'id': {
      if (target.length === undefined)
        return existing.type === 'nvarchar' && existing.length === -1 ? undefined : 'nvarchar(max)';
      const hash = target.name === 'fingerprint' || target.name === 'content_hash';
      const type = hash ? 'varchar' : 'nvarchar';
      const length = existing.length === -1 ? target.length : Math.max(existing.length, target.length);
      if (existing.type === type && existing.length === length && existing.collation === bin2)
        return undefined;
      return `${type}(${length}) COLLATE ${bin2}`;
    }
    case 'uuid':
      return undefined;
    case 'timestamp':
      return existing.type === 'datetime2' && existing.scale === 3 ? undefined : 'datetime2(3)';
    default: {
      const wanted = sqlType(target);
      return wanted.startsWith(existing.type) ? undefined : wanted;
    }
  }
}

interface ExistingIndex {
  readonly name: string;
  readonly primaryKey: boolean;
  readonly unique: boolean;
  readonly filter: string | null;
  readonly columns: readonly string[];
}

async function indexesOf(session: Session, table: string): Promise<readonly ExistingIndex[]> {
  const { rows } = await session.rows(
    `SELECT i.name, i.is_primary_key, i.is_unique, i.filter_definition, c.name
     FROM sys.indexes AS i
     INNER JOIN sys.index_columns AS ic ON ic.object_id = i.object_id AND ic.index_id = i.index_id
     INNER JOIN sys.columns AS c ON c.object_id = ic.object_id AND c.column_id = ic.column_id
     WHERE i.object_id = OBJECT_ID(@table) AND i.name IS NOT NULL
     ORDER BY i.index_id, ic.key_ordinal`,
    { table: text(table, 300) },
  );
  const found = new Map<string, ExistingIndex & { readonly columns: string[] }>();
  for (const [name, primaryKey, unique, filter, column] of rows) {
    const key = String(name);
    const index = found.get(key) ?? {
      name: key,
      primaryKey: Boolean(primaryKey),
      unique: Boolean(unique),
      filter: filter === null || filter === undefined ? null : String(filter),
      columns: [],
    };
    index.columns.push(String(column));
    found.set(key, index);
  }
  return [...found.values()];
}

const createIndex = (table: string, { name, unique, filter, columns }: ExistingIndex): string =>
  `CREATE ${unique ? 'UNIQUE ' : ''}INDEX [${name}] ON ${table} (${columns.map((c) => `[${c}]`).join(', ')})${
    filter === null ? '' : ` WHERE ${filter}`
  }`;

interface ExistingDefault {
  readonly name: string;
  readonly column: string;
  readonly definition: string;
}

async function defaultsOf(session: Session, table: string): Promise<readonly ExistingDefault[]> {
  const { rows } = await session.rows(
    `SELECT d.name, c.name, d.definition
     FROM sys.default_constraints AS d
     INNER JOIN sys.columns AS c ON c.object_id = d.parent_object_id AND c.column_id = d.parent_column_id
     WHERE d.parent_object_id = OBJECT_ID(@table)`,
    { table: text(table, 300) },
  );
  return rows.map(([name, column, definition]) => ({
    name: String(name),
    column: String(column),
    definition: String(definition),
  }));
}

/** Below a millisecond is cut, never rounded: a row must not move to the next day. */
export const cutToMs = (column: string): string =>
  `DATEADD(nanosecond, -(DATEPART(nanosecond, [${column}]) % 1000000), [${column}])`;

const cutTimes = (table: string, column: string): string =>
  `UPDATE ${table} SET [${column}] = ${cutToMs(column)}
   WHERE DATEPART(nanosecond, [${column}]) % 1000000 <> 0`;

interface Change {
  readonly column: string;
  readonly type: string;
  readonly nullable: boolean;
}

function changesOf(existing: readonly ExistingColumn[], target: TargetTable): readonly Change[] {
  return existing.flatMap((column): readonly Change[] => {
    const wanted = target.columns.find(({ name }) => name === column.name);
    // A column of the old table alone: it may stay, but must not ask for a value that nobody gives.
    if (wanted === undefined)
      return column.nullable || column.name === 'row_version' || column.name === 'ingest_seq'
        ? []
        : [{ column: column.name, type: declaration(column), nullable: true }];
    const type = alteredType(column, wanted);
    // event_id and the times of the row itself are what every reader stands on.
    const nullable = column.nullable || !(wanted.required && alwaysGiven.has(column.name));
    if (type === undefined && nullable === column.nullable) return [];
    return [{ column: column.name, type: type ?? declaration(column), nullable }];
  });
}

/** Given in every row, old or new; whatever else an old table asks for is relaxed. */
const alwaysGiven: ReadonlySet<string> = new Set([
  'event_id',
  'event_timestamp',
  'fingerprint',
  'first_seen_at',
  'failed_at',
  'run_id',
  'started_at',
]);

/** `decimal(12,2)` is of the type `decimal`. */
const isOfType = (declared: string, type: string): boolean => /^\w+/.exec(declared)?.[0] === type;

const declaration = ({ type, length, scale, collation }: ExistingColumn): string => {
  if (type === 'datetime2') return `datetime2(${scale})`;
  if (collation === null) return type;
  return `${type}(${length === -1 ? 'max' : length}) COLLATE ${collation}`;
};

export async function alignTable(session: Session, target: TargetTable): Promise<void> {
  const { name } = target;
  const existing = await columnsOf(session, name);
  const changes = changesOf(existing, target);
  const missing = target.columns.filter((column) => !existing.some((has) => has.name === column.name));
  const indexes = await indexesOf(session, name);
  const touched = new Set(changes.map(({ column }) => column));
  // A column that has a default may become longer, but not of another type.
  const retyped = new Set(
    changes
      .filter(({ column, type }) => !existing.some((has) => has.name === column && isOfType(type, has.type)))
      .map(({ column }) => column),
  );
  const defaults = (await defaultsOf(session, name)).filter(({ column }) => retyped.has(column));
  const key = indexes.find(({ primaryKey }) => primaryKey);
  const keyMoves = key?.columns.some((column) => touched.has(column));
  const again = indexes.filter(
    (index) => !index.primaryKey && index.columns.some((column) => touched.has(column)),
  );

  for (const index of again) await session.batch(`DROP INDEX [${index.name}] ON ${name}`);
  if (key !== undefined && (!target.keepsKey || keyMoves))
    await session.batch(`ALTER TABLE ${name} DROP CONSTRAINT [${key.name}]`);
  for (const one of defaults) await session.batch(`ALTER TABLE ${name} DROP CONSTRAINT [${one.name}]`);
  for (const { column, type, nullable } of changes) {
    if (type === 'datetime2(3)') await session.batch(cutTimes(name, column));
    await session.batch(
      `ALTER TABLE ${name} ALTER COLUMN [${column}] ${type} ${nullable ? 'NULL' : 'NOT NULL'}`,
    );
  }
  for (const { name: constraint, column, definition } of defaults)
    await session.batch(
      `ALTER TABLE ${name} ADD CONSTRAINT [${constraint}] DEFAULT ${definition} FOR [${column}]`,
    );
  if (missing.length > 0)
    await session.batch(
      `ALTER TABLE ${name} ADD ${missing
        .map((column) => `${column.name} ${columnType(column)} NULL`)
        .join(', ')}`,
    );
  if (target.numbered && !existing.some((has) => has.name === 'row_version')) {
    await session.batch(`ALTER TABLE ${name} ADD row_version rowversion NOT NULL`);
    await session.batch(`ALTER TABLE ${name} ADD ingest_seq AS CAST(row_version AS bigint)`);
  }
  if (key !== undefined && target.keepsKey && keyMoves)
    await session.batch(
      `ALTER TABLE ${name} ADD CONSTRAINT [${key.name}] PRIMARY KEY (${key.columns.map((c) => `[${c}]`).join(', ')})`,
    );
  for (const index of again) await session.batch(createIndex(name, index));
  for (const index of target.indexes) {
    // A filtered one of this name serves too. One on the column is enough, whatever its name: not every server keeps
    // the name as it was given.
    const serves = ({ name: its, filter, columns }: ExistingIndex): boolean =>
      its === index.name || (filter === null && columns.join(', ') === index.on);
    if (indexes.some(serves)) continue;
    const kind = index.clustered === true ? 'CLUSTERED ' : '';
    await session.batch(`CREATE ${kind}INDEX ${index.name} ON ${name} (${index.on})`);
  }
}

const columnType = (column: BronzeColumn<never>): string => {
  if (column.type !== 'text' && column.type !== 'id') return sqlType(column);
  if (column.length === undefined) return 'nvarchar(max)';
  const hash = column.name === 'fingerprint' || column.name === 'content_hash';
  return `${hash ? 'varchar' : 'nvarchar'}(${column.length}) COLLATE ${bin2}`;
};
