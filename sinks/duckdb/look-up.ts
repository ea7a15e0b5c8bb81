import type { DuckDBConnection } from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import { createFingerprintFilter, type FingerprintFilter } from '../fingerprint-filter.ts';
import type { StoredClaim } from '../warehouse.ts';
import { readTexts, readUuids } from './chunk-reader.ts';

/** At most so many prefixes in one scan; more are asked in turns. */
const prefixesAtOnce = 2_000;
/** So few are scanned for one after another: only an equality lets a scan skip what it does not match. */
const fewPrefixes = 8;

const isFingerprint = (text: string): boolean => /^[0-9a-f]{64}$/.test(text);
const prefixOf = (fingerprint: string): string =>
  String(BigInt.asIntN(64, BigInt(`0x${fingerprint.slice(0, 16)}`)));

const claimFields = 'SELECT fingerprint, content_hash, batch_id FROM ops.event_fingerprints';

async function readClaims(
  connection: DuckDBConnection,
  sql: string,
  each: (claim: StoredClaim) => void,
): Promise<void> {
  const result = await connection.stream(sql);
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return;
    const fingerprints = readTexts(chunk, 0);
    const hashes = readTexts(chunk, 1);
    const batches = readUuids(chunk, 2);
    for (const [row, fingerprint] of fingerprints.entries())
      if (fingerprint !== null)
        each({ fingerprint, contentHash: hashes[row] ?? null, batchId: batches[row] ?? null });
  }
}

const byPrefixes = (prefixes: readonly string[]): string =>
  prefixes.length <= fewPrefixes
    ? prefixes.map((prefix) => `${claimFields} WHERE prefix = ${prefix}`).join(' UNION ALL ')
    : `${claimFields} WHERE prefix IN (${prefixes.join(', ')})`;

/**
 * The exact claims of those fingerprints that have one. There is no index: a scan of the 64-bit prefixes finds
 * the few rows in milliseconds, and only those are compared as a whole.
 */
export async function lookUpClaims(
  connection: DuckDBConnection,
  fingerprints: readonly string[],
): Promise<ReadonlyMap<string, StoredClaim>> {
  const asked = new Set(fingerprints.filter(isFingerprint));
  const found = new Map<string, StoredClaim>();
  const prefixes = [...new Set([...asked].map(prefixOf))];
  for (let from = 0; from < prefixes.length; from += prefixesAtOnce) {
    await readClaims(connection, byPrefixes(prefixes.slice(from, from + prefixesAtOnce)), (claim) => {
      if (asked.has(claim.fingerprint)) found.set(claim.fingerprint, claim);
    });
  }
  return found;
}

/**
 * The newest claims, newest first; fewer than `limit` when some of the newest were removed. Rows are only ever
 * appended, so the row number is the order of the commits, and a range of it is read without sorting them all.
 */
export async function newestClaims(
  connection: DuckDBConnection,
  limit: number,
): Promise<readonly StoredClaim[]> {
  const claims: StoredClaim[] = [];
  const wanted = Math.max(0, Math.floor(limit));
  await readClaims(
    connection,
    `${claimFields} WHERE rowid > (SELECT max(rowid) FROM ops.event_fingerprints) - ${wanted}
     ORDER BY rowid`,
    (claim) => claims.push(claim),
  );
  return claims.reverse();
}

/** A filter over all claims of the table, read as raw prefixes in a stream. */
export async function buildFilter(
  connection: DuckDBConnection,
  onSegment?: (memory: SharedArrayBuffer) => void,
): Promise<FingerprintFilter> {
  const counted = await connection.run('SELECT count(*) FROM ops.event_fingerprints');
  const count = Number((await counted.getRows())[0]?.[0] ?? 0);
  // Some room to grow, so that the next segment is not needed at once.
  const filter = createFingerprintFilter(Math.ceil(count * 1.25), onSegment);
  const result = await connection.stream('SELECT prefix FROM ops.event_fingerprints');
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return filter;
    const rows = chunk.rowCount;
    const vector = duckdb.data_chunk_get_vector(chunk.chunk, 0);
    const data = duckdb.vector_get_data(vector, rows * 8);
    // Little-endian, as on every platform that DuckDB's binding is made for: low half first.
    const halves = new Uint32Array(data.buffer, data.byteOffset, rows * 2);
    for (let row = 0; row < rows; row++) filter.addBits(halves[row * 2 + 1] ?? 0, halves[row * 2] ?? 0);
  }
}
