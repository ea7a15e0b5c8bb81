import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { KadaError, messageOf } from '../../ingest/errors.ts';
import { asKadaError, classify } from './failures.ts';
import { asLockError, lockedBy } from './lock-file.ts';

/**
 * The one place that makes the instance and every connection to it (commit-protocol.md 5): after DuckDB's FATAL
 * all of them must be closed before the instance, or the old instance lives on and what a second one commits
 * beside it is gone.
 *
 *   closed ── first call ──► open ── broken ──► draining ── all calls back ──► closed
 *                              └──── close() ──► draining ──────────────────► ended
 *
 * A lane is one connection whose users take turns: commits, look-ups and readers each have their own, so that
 * none waits for another. A stream has a connection to itself as long as it is read.
 */
export type Lane = 'commit' | 'look-up' | 'read' | 'query' | 'cycle';

export interface Connections {
  /** Opens the file if need be. Rejects with KADA_WAREHOUSE_LOCKED or KADA_WAREHOUSE_UNREADABLE. */
  open(): Promise<void>;
  /** Runs `use` on the lane's connection, alone. Rejections are KadaErrors; a broken instance is closed. */
  run<T>(lane: Lane, use: (connection: DuckDBConnection) => Promise<T>): Promise<T>;
  /** The same with a connection of its own for as long as `use` yields. */
  stream<T>(use: (connection: DuckDBConnection) => AsyncIterable<T>): AsyncIterable<T>;
  /** Ends what a lane is running now: it fails with an error, and its transaction is rolled back by its user. */
  interrupt(lane: Lane): void;
  /** Called before connections are closed, for what must not outlive them. */
  beforeClose(release: () => void): void;
  /** How many connections are open. */
  readonly count: number;
  /** Waits for what is under way, then closes everything. Idempotent. */
  close(): Promise<void>;
}

export interface ConnectionOptions {
  readonly dataDir: string;
  /** DuckDB's memory_limit, default 1GB */
  readonly memoryLimit?: string | undefined;
  /** default 256MB */
  readonly checkpointThreshold?: string | undefined;
}

export const databasePath = (dataDir: string): string => join(resolve(dataDir), 'warehouse.duckdb');

/** A second instance of one file in one process opens, and its commits are gone: nobody may make one. */
const heldPaths = new Set<string>();

/**
 * Holds the folder's file among the openings of this thread; whoever opens it in another thread holds it here, too,
 * since each thread has a set of its own. Throws KADA_WAREHOUSE_LOCKED.
 * @returns lets go
 */
export function holdFile(dataDir: string): () => void {
  const path = databasePath(dataDir);
  if (heldPaths.has(path)) throw lockedBy(process.pid);
  heldPaths.add(path);
  return () => void heldPaths.delete(path);
}

/**
 * Commits are written to the log first. Folding the log into the file stalls commits for as long as it is
 * large, so it is let grow to this size (about a second and a half of replay after a crash), and folded earlier
 * whenever nothing is being committed (checkpoint.ts).
 */
const checkpointThreshold = '256MB';

/** A commit costs less CPU a row without helpers; scans on larger machines are worth a few. */
const threads = Math.max(1, Math.min(4, Math.floor(availableParallelism() / 2)));

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

async function openInstance(options: ConnectionOptions): Promise<DuckDBInstance> {
  const { dataDir } = options;
  await mkdir(dataDir, { recursive: true });
  const instance = await DuckDBInstance.create(databasePath(dataDir), {
    memory_limit: options.memoryLimit ?? '1GB',
    threads: String(threads),
    autoinstall_known_extensions: 'false',
    checkpoint_threshold: options.checkpointThreshold ?? checkpointThreshold,
  });
  const connection = await instance.connect();
  try {
    // In this order: the last forbids every setting after it.
    for (const statement of [
      'SET GLOBAL integer_division=true',
      "SET GLOBAL default_null_order='nulls_first_on_asc_last_on_desc'",
      `SET allowed_directories=[${quoted(join(resolve(dataDir), 'backup'))}]`,
      'SET enable_external_access=false',
      'PRAGMA disable_checkpoint_on_shutdown',
      'SET GLOBAL lock_configuration=true',
    ])
      await connection.run(statement);
  } finally {
    connection.closeSync();
  }
  return instance;
}

export function createConnections(options: ConnectionOptions): Connections {
  const path = databasePath(options.dataDir);
  const lanes = new Map<Lane, DuckDBConnection>();
  const turns = new Map<Lane, Promise<unknown>>();
  const streams = new Set<DuckDBConnection>();
  const releases: (() => void)[] = [];
  const underWay = new Set<Promise<unknown>>();
  let instance: DuckDBInstance | undefined;
  let opening: Promise<DuckDBInstance> | undefined;
  let draining: Promise<void> | undefined;
  let ended = false;
  let letGo: () => void = () => undefined;

  const openNow = async (): Promise<DuckDBInstance> => {
    letGo = holdFile(options.dataDir);
    try {
      instance = await openInstance(options);
      return instance;
    } catch (error) {
      letGo();
      const locked = await asLockError(error, options.dataDir);
      if (locked !== undefined) throw locked;
      throw new KadaError(
        'KADA_WAREHOUSE_UNREADABLE',
        `${path} could not be opened: ${messageOf(error)}. Nothing was changed; restore a backup ` +
          '(warehouse.duckdb, its .wal and warehouse.mark together) if this does not pass.',
        { cause: error },
      );
    }
  };

  /** Open, and nothing closing it: true until the caller next awaits. */
  const ready = async (): Promise<DuckDBInstance> => {
    for (;;) {
      if (draining !== undefined) await draining;
      else if (ended) throw new KadaError('KADA_WAREHOUSE_CLOSED', 'The warehouse is closed');
      else if (instance !== undefined) return instance;
      else {
        opening ??= openNow().finally(() => {
          opening = undefined;
        });
        await opening;
      }
    }
  };

  /** A call of DuckDB that must be back before anything is closed. */
  const tracked = <T>(call: Promise<T>): Promise<T> => {
    const settled = call.then(
      () => undefined,
      () => undefined,
    );
    underWay.add(settled);
    void settled.then(() => underWay.delete(settled));
    return call;
  };

  const drain = (interrupt: boolean): Promise<void> => {
    draining ??= (async () => {
      if (interrupt) for (const connection of [...lanes.values(), ...streams]) connection.interrupt();
      while (underWay.size > 0) await Promise.all(underWay);
      for (const release of releases) release();
      for (const connection of [...lanes.values(), ...streams]) connection.closeSync();
      lanes.clear();
      streams.clear();
      instance?.closeSync();
      if (instance !== undefined) letGo();
      instance = undefined;
    })().finally(() => {
      draining = undefined;
    });
    return draining;
  };

  const failed = async (error: unknown): Promise<KadaError> => {
    if (classify(error) === 'broken') await drain(true);
    return asKadaError(error);
  };

  const onLane = async <T>(
    lane: Lane,
    open: DuckDBInstance,
    use: (connection: DuckDBConnection) => Promise<T>,
  ): Promise<T> => {
    let connection = lanes.get(lane);
    if (connection === undefined) {
      connection = await open.connect();
      lanes.set(lane, connection);
    }
    return use(connection);
  };

  return {
    async open() {
      await ready();
    },

    run(lane, use) {
      const before = turns.get(lane);
      const turn = (async () => {
        await before;
        try {
          const open = await ready();
          return await tracked(onLane(lane, open, use));
        } catch (error) {
          throw await failed(error);
        }
      })();
      turns.set(
        lane,
        turn.then(
          () => undefined,
          () => undefined,
        ),
      );
      return turn;
    },

    async *stream(use) {
      const open = await ready();
      const connection = await tracked(
        open.connect().then((made) => {
          streams.add(made);
          return made;
        }),
      );
      try {
        const iterator = use(connection)[Symbol.asyncIterator]();
        for (;;) {
          if (!streams.has(connection))
            throw new KadaError('KADA_WAREHOUSE_AWAY', 'The warehouse was closed while it was being read');
          const step = await tracked(iterator.next());
          if (step.done === true) return;
          yield step.value;
        }
      } catch (error) {
        throw await failed(error);
      } finally {
        if (streams.delete(connection)) connection.closeSync();
      }
    },

    interrupt: (lane) => lanes.get(lane)?.interrupt(),
    beforeClose(release) {
      releases.push(release);
    },
    get count() {
      return lanes.size + streams.size;
    },

    async close() {
      if (ended) return draining;
      // Turns that already wait are given theirs; whatever asks later is refused.
      await Promise.all(turns.values());
      ended = true;
      await drain(false);
    },
  };
}
