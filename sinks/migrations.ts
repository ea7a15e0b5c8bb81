import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KadaError } from '../ingest/errors.ts';

/** One numbered SQL file, `NNN-name.sql`. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
  /** hex SHA-256 of the text with `\n` line ends, so that a checkout on Windows agrees */
  readonly checksum: string;
}

export interface AppliedMigration {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
}

/** What an engine does for the runner. */
export interface MigrationStore {
  /** Oldest first; empty for a database that was never migrated. */
  applied(): Promise<readonly AppliedMigration[]>;
  /** Runs the file and records it, in one transaction. */
  apply(migration: Migration): Promise<void>;
}

export interface MigrationsResult {
  readonly applied: readonly string[];
  readonly version: number;
}

/** The folder of an engine's migrations, from source and from a build alike. */
export function migrationFolder(engine: 'duckdb' | 'mssql'): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const candidate = join(folder, 'sql', engine);
    if (existsSync(candidate)) return candidate;
    if (folder === dirname(folder))
      throw new KadaError('KADA_MIGRATIONS_MISSING', `No folder sql/${engine} beside the program`);
  }
}

/** Reads a folder of migrations, in order. Two files of one number, or a gap, are refused. */
export async function readMigrations(folder: string): Promise<readonly Migration[]> {
  const names = (await readdir(folder)).filter((name) => /^\d{3}-.+\.sql$/.test(name)).sort();
  return Promise.all(
    names.map(async (file, index) => {
      const version = Number(file.slice(0, 3));
      if (version !== index + 1)
        throw new KadaError('KADA_MIGRATIONS_MISSING', `${file}: number ${index + 1} was expected`);
      const sql = (await readFile(join(folder, file), 'utf8')).replaceAll('\r\n', '\n');
      const checksum = createHash('sha256').update(sql).digest('hex');
      return { version, name: file.slice(4, -4), sql, checksum };
    }),
  );
}

/**
 * Applies what is missing, forward only. Throws KADA_WAREHOUSE_NEWER when the database knows more than the code,
 * and KADA_MIGRATION_CHANGED when a file that was applied reads differently now; both before anything is done.
 */
export async function runMigrations(
  store: MigrationStore,
  migrations: readonly Migration[],
): Promise<MigrationsResult> {
  const before = await store.applied();
  const codeVersion = migrations.at(-1)?.version ?? 0;
  const databaseVersion = before.at(-1)?.version ?? 0;
  if (databaseVersion > codeVersion)
    throw new KadaError(
      'KADA_WAREHOUSE_NEWER',
      `The warehouse is at version ${databaseVersion} and this program knows version ${codeVersion}. ` +
        'Nothing was changed; run the newer program.',
    );
  for (const { version, name, checksum } of before) {
    if (migrations.find((migration) => migration.version === version)?.checksum !== checksum)
      throw new KadaError(
        'KADA_MIGRATION_CHANGED',
        `Migration ${version} (${name}) was applied to this warehouse with another text. ` +
          'Nothing was changed; restore the file as it was and put the change into a new one.',
      );
  }
  const applied: string[] = [];
  for (const migration of migrations.slice(before.length)) {
    await store.apply(migration);
    applied.push(migration.name);
  }
  return { applied, version: codeVersion };
}
