import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DuckDBInstance, DuckDBTimestampValue, DuckDBUUIDValue } from '@duckdb/node-api';
import pino from 'pino';
import { openDuckDbWarehouse } from '../sinks/duckdb/open.ts';
import type { Batch, Warehouse } from '../sinks/warehouse.ts';
import { pageView } from '../test/support/events.ts';
import { inFolder } from './folder.ts';
import { type Bench, sideBySide } from './table.ts';

/** of a round, in batches of any size; the warm-up is a sixth of it */
const rowsARound = 120_000;
/** a round of small batches would be mostly waiting for the disk */
const mostBatches = 400;
const batchesOf = (batchRows: number): number => Math.min(mostBatches, rowsARound / batchRows);
const warmUpOf = (batchRows: number): number => Math.ceil(batchesOf(batchRows) / 6);
const log = pino({ level: 'silent' });

const commitOf = (batchRows: number): Bench => ({
  name: `commit ${batchRows}`,
  async run(options) {
    return inFolder(async (folder) => {
      const warehouse = await openDuckDbWarehouse({ dataDir: join(folder, 'ours'), log });
      const raw = await openRaw(join(folder, 'raw.duckdb'), batchRows);
      const batches = batchesOf(batchRows);
      try {
        await commitRate(warehouse, batchRows, warmUpOf(batchRows));
        await raw.rate(warmUpOf(batchRows));
        const measured = await sideBySide(
          options,
          () => commitRate(warehouse, batchRows, batches),
          () => raw.rate(batches),
        );
        return {
          name: this.name,
          what: `claim and Bronze row of ${batchRows.toLocaleString('en')} page views in one durable transaction`,
          unit: 'rows/s',
          limitIs: "DuckDB's appender, row by row, the same columns of both tables in one transaction",
          ...measured,
        };
      } finally {
        await warehouse.close();
        raw.close();
      }
    });
  },
});

const besideMany = (batchRows: number, millions: number): Bench => ({
  name: `commit ${batchRows}, ${millions} million fingerprints`,
  async run(options) {
    return inFolder(async (folder) => {
      const few = await openDuckDbWarehouse({ dataDir: join(folder, 'few'), log });
      const full = await openFull(join(folder, 'full'), millions * 1_000_000);
      const batches = batchesOf(batchRows);
      try {
        await commitRate(few, batchRows, warmUpOf(batchRows));
        await commitRate(full, batchRows, warmUpOf(batchRows));
        const measured = await sideBySide(
          options,
          () => commitRate(full, batchRows, batches),
          () => commitRate(few, batchRows, batches),
        );
        return {
          name: this.name,
          what: `the same beside ${millions} million stored fingerprints`,
          unit: 'rows/s',
          limitIs: 'the same beside none',
          ...measured,
          details: { filterMegabytes: Math.round(full.filterBytes / 1_048_576) },
        };
      } finally {
        await few.close();
        await full.close();
      }
    });
  },
});

const sizes = [100, 1_000, 5_000] as const;

export const commitBenches: readonly Bench[] = [
  ...sizes.map(commitOf),
  ...sizes.map((batchRows) => besideMany(batchRows, 5)),
];
export const largeCommitBenches: readonly Bench[] = sizes.map((batchRows) => besideMany(batchRows, 20));

let seq = 1_000_000_000;

/** Rows per second of commits alone: the batches are made outside the clock. */
export async function commitRate(warehouse: Warehouse, batchRows: number, batches: number): Promise<number> {
  let ms = 0;
  for (let i = 0; i < batches; i += 1) {
    const batch: Batch = {
      id: randomUUID(),
      events: Array.from({ length: batchRows }, () => {
        seq += 1;
        return { event: pageView(), ingestSeq: seq };
      }),
      deadLetters: [],
      seenAgain: [],
      at: Date.now(),
    };
    const began = performance.now();
    const result = await warehouse.commit(batch);
    ms += performance.now() - began;
    if (result.kind !== 'committed') throw new Error(result.message);
  }
  return (batches * batchRows) / (ms / 1_000);
}

/** A warehouse that already holds many claims, made by SQL in one go. */
async function openFull(dataDir: string, many: number): Promise<Warehouse> {
  await (await openDuckDbWarehouse({ dataDir, log })).close();
  const instance = await DuckDBInstance.create(join(dataDir, 'warehouse.duckdb'));
  const connection = await instance.connect();
  await connection.run(`
    INSERT INTO ops.event_fingerprints (fingerprint, prefix, content_hash, event_id, first_seen_at, source, batch_id)
    SELECT hash, CAST(CAST(('0x' || left(hash, 16)) AS UBIGINT)::BIT AS BIGINT), hash, uuid(), now()::TIMESTAMP, 'tracking', uuid()
    FROM (SELECT sha256(i::VARCHAR) AS hash FROM range(${many}) AS numbers(i))`);
  connection.closeSync();
  instance.closeSync();
  return openDuckDbWarehouse({ dataDir, log });
}

interface Raw {
  rate(batches: number): Promise<number>;
  close(): void;
}

/** The limit: what the library itself does with the same columns, row by row. */
async function openRaw(file: string, batchRows: number): Promise<Raw> {
  const instance = await DuckDBInstance.create(file, { threads: '1' });
  const connection = await instance.connect();
  await connection.run("SET checkpoint_threshold = '256MB'");
  const texts = Array.from({ length: 18 }, (_, i) => `text_${i} VARCHAR`).join(', ');
  const numbers = Array.from({ length: 8 }, (_, i) => `number_${i} INTEGER`).join(', ');
  await connection.run(
    `CREATE TABLE events (event_id UUID, event_at TIMESTAMP, client_at TIMESTAMP, received_at TIMESTAMP, payload VARCHAR, meta VARCHAR, seq BIGINT, ${texts}, ${numbers})`,
  );
  await connection.run(
    'CREATE TABLE claims (fingerprint VARCHAR, prefix BIGINT, content_hash VARCHAR, event_id UUID, first_seen_at TIMESTAMP, source VARCHAR, batch_id UUID)',
  );

  async function rate(batches: number): Promise<number> {
    let ms = 0;
    for (let i = 0; i < batches; i += 1) {
      const events = Array.from({ length: batchRows }, () => pageView());
      const began = performance.now();
      await connection.run('BEGIN TRANSACTION');
      const rows = await connection.createAppender('events');
      const claims = await connection.createAppender('claims');
      const batchId = uuid(randomUUID());
      for (const { row, fingerprint, contentHash } of events) {
        const id = uuid(row.event_id);
        const at = new DuckDBTimestampValue(BigInt(row.event_timestamp) * 1_000n);
        rows.appendUUID(id);
        rows.appendTimestamp(at);
        rows.appendNull();
        rows.appendTimestamp(at);
        rows.appendVarchar(row.payload);
        rows.appendVarchar(row.meta);
        seq += 1;
        rows.appendBigInt(BigInt(seq));
        rows.appendVarchar(row.session_id ?? '');
        rows.appendVarchar(row.source);
        rows.appendVarchar(row.canonical_type);
        rows.appendVarchar('http://localhost:3000/products');
        rows.appendVarchar('/products');
        for (let column = 5; column < 18; column += 1) rows.appendNull();
        for (let column = 0; column < 3; column += 1) rows.appendInteger(0);
        for (let column = 3; column < 8; column += 1) rows.appendNull();
        rows.endRow();
        claims.appendVarchar(fingerprint);
        claims.appendBigInt(0n);
        claims.appendVarchar(contentHash);
        claims.appendUUID(id);
        claims.appendTimestamp(at);
        claims.appendVarchar(row.source);
        claims.appendUUID(batchId);
        claims.endRow();
      }
      rows.closeSync();
      claims.closeSync();
      await connection.run('COMMIT');
      ms += performance.now() - began;
    }
    return (batches * batchRows) / (ms / 1_000);
  }

  return {
    rate,
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

const uuid = (text: string): DuckDBUUIDValue =>
  DuckDBUUIDValue.fromUint128(BigInt(`0x${text.replaceAll('-', '')}`));
