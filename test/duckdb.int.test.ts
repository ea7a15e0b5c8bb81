import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type DuckDbOptions, type DuckDbWarehouse, openDuckDbWarehouse } from '../sinks/duckdb/open.ts';
import { openDuckDbInThread } from '../sinks/duckdb/thread/open.ts';
import { batchOf, deadLetter, webEvent } from './support/bronze-rows.ts';
import { eventually } from './support/eventually.ts';

/** What only the embedded engine promises: one owner, a mark, and a file that survives its process. */

const child = fileURLToPath(new URL('support/duckdb-child.ts', import.meta.url));

let folder = '';
let opened: DuckDbWarehouse[] = [];
let children: ChildProcess[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kada-duckdb-'));
});
afterEach(async () => {
  for (const process of children)
    if (process.exitCode === null && process.signalCode === null) {
      process.kill('SIGKILL');
      await once(process, 'exit');
    }
  for (const warehouse of opened) await warehouse.close();
  children = [];
  opened = [];
  await rm(folder, { recursive: true, force: true });
});

const path = (name: string): string => join(folder, name);
const wal = (): string => path('warehouse.duckdb.wal');
const open = async (options: Partial<DuckDbOptions> = {}): Promise<DuckDbWarehouse> => {
  const warehouse = await openDuckDbWarehouse({
    dataDir: folder,
    log: pino({ level: 'silent' }),
    ...options,
  });
  opened.push(warehouse);
  return warehouse;
};

interface Child {
  readonly process: ChildProcess;
  readonly lines: readonly string[];
}
const start = (mode: 'hold' | 'commit' | 'checkpoint', shell?: string): Child => {
  const command = [process.execPath, '--import', 'tsx', child, folder, mode];
  const started =
    shell === undefined
      ? spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] })
      : spawn('bash', ['-c', shell, ...command], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(started);
  const lines: string[] = [];
  createInterface({ input: started.stdout! }).on('line', (line) => lines.push(line));
  return { process: started, lines };
};
const kill = async ({ process }: Child): Promise<void> => {
  process.kill('SIGKILL');
  await once(process, 'exit');
};
const saysOpen = (running: Child) =>
  eventually(() => expect(running.lines).toContain('open'), { timeoutMs: 40_000 });
const acknowledged = (running: Child) =>
  running.lines
    .filter((line) => line.startsWith('acknowledged '))
    .map((line) => {
      const [, id = '', claims, seq] = line.split(' ');
      return { id, claims: Number(claims), seq: Number(seq) };
    });

const count = async (warehouse: DuckDbWarehouse, table: string): Promise<number> =>
  Number((await warehouse.query(`SELECT count(*) FROM ${table}`)).rows[0]![0]);

const mark = async (): Promise<{ id: string; seq: number }> =>
  JSON.parse(await readFile(path('warehouse.mark'), 'utf8'));

describe('one owner', () => {
  test('a second process is refused with the owner’s pid, and the owner goes on', async () => {
    const warehouse = await open();
    const second = start('hold');
    await once(second.process, 'exit');
    expect(second.process.exitCode).toBe(1);
    await eventually(() => expect(second.lines[0]).toContain('refused KADA_WAREHOUSE_LOCKED'));
    expect(second.lines[0]).toContain(
      `one process owns warehouse.duckdb (pid ${process.pid}): use --roles a,b, or set DB_HOST`,
    );
    expect((await readFile(path('warehouse.lock'), 'utf8')).trim()).toBe(String(process.pid));
    expect(await warehouse.commit(batchOf([webEvent()]))).toMatchObject({ kind: 'committed' });
  });

  test('this process is refused beside another, and let in once that one is dead', async () => {
    const owner = start('hold');
    await saysOpen(owner);
    await expect(open()).rejects.toMatchObject({
      code: 'KADA_WAREHOUSE_LOCKED',
      message: expect.stringContaining(`pid ${owner.process.pid}`),
    });
    await kill(owner);
    // The lock file of the dead one is still there and hinders nobody.
    expect(existsSync(path('warehouse.lock'))).toBe(true);
    const warehouse = await open();
    await warehouse.close();
    expect(existsSync(path('warehouse.lock'))).toBe(false);
  });

  const inThread = () => openDuckDbInThread({ dataDir: folder, log: pino({ level: 'silent' }) });

  test.each([
    ['beside itself', () => open(), () => open()],
    ['in a thread, beside one in a thread', inThread, inThread],
    ['beside one in a thread', inThread, () => open()],
    ['in a thread, beside one', () => open(), inThread],
  ])(
    'a second opening within one process is refused too, %s: DuckDB would let it in and lose its commits',
    async (_, first, second) => {
      const warehouse = await first();
      await expect(second()).rejects.toMatchObject({ code: 'KADA_WAREHOUSE_LOCKED' });
      expect(existsSync(path('warehouse.lock'))).toBe(true);
      await warehouse.commit(batchOf([webEvent()]));
      await warehouse.close();
      const again = await second();
      expect((await again.query('SELECT count(*) FROM bronze.page_view_events')).rows).toEqual([[1]]);
      await again.close();
    },
  );
});

describe('a thread that ends by itself', () => {
  test('ends the process, so that nothing is held for ever', async () => {
    const child = fileURLToPath(new URL('./support/thread-child.ts', import.meta.url));
    const preload = fileURLToPath(new URL('./support/exit-at-ping.cjs', import.meta.url));
    const owner = spawn(process.execPath, ['--import', 'tsx', child, folder], {
      env: { ...process.env, NODE_OPTIONS: `--require ${preload}` },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const out of [owner.stdout, owner.stderr])
      out.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
    const code = await new Promise((resolve) => owner.once('close', resolve));
    expect(said).toContain('open\n');
    expect(said).toContain('KADA_WAREHOUSE_THREAD');
    expect(code).toBe(1);
  });
});

describe('a process that is killed', () => {
  test('every acknowledged batch is there whole, and no batch in part', async () => {
    const known = new Map<string, number>();
    for (let round = 0; round < 3; round++) {
      const owner = start('commit');
      await eventually(() => expect(acknowledged(owner).length).toBeGreaterThan(40), {
        timeoutMs: 50_000,
        everyMs: 5,
      });
      await kill(owner);
      for (const { id, claims } of acknowledged(owner)) known.set(id, claims);
    }
    const warehouse = await open();
    const { rows } = await warehouse.query(
      `SELECT claim.batch_id, count(*) AS claims, count(web.event_id) + count(business.event_id) + count(letter.event_id) AS stored
       FROM ops.event_fingerprints AS claim
       LEFT JOIN bronze.tracked_events AS web ON web.event_id = claim.event_id
       LEFT JOIN bronze.business_events AS business ON business.event_id = claim.event_id
       LEFT JOIN ops.dead_letter_events AS letter ON letter.event_id = claim.event_id
       GROUP BY claim.batch_id`,
      { maxRows: 1_000_000 },
    );
    const found = new Map(rows.map(([id, claims, stored]) => [String(id), { claims, stored }]));
    for (const [id, claims] of known) expect(found.get(id)).toEqual({ claims, stored: claims });
    // One batch a round may have been committed without its answer having come out.
    expect(found.size).toBeLessThanOrEqual(known.size + 3);
    for (const { claims, stored } of found.values()) expect(stored).toBe(claims);
    const rowsStored =
      (await count(warehouse, 'bronze.tracked_events')) +
      (await count(warehouse, 'bronze.business_events')) +
      (await count(warehouse, 'ops.dead_letter_events'));
    expect(rowsStored).toBe(await count(warehouse, 'ops.event_fingerprints'));
  }, 120_000);

  /** A folder as a killed process leaves it, with `batches` or more commits in its log and a mark that knows of them. */
  const killedWarehouse = async (): Promise<{ seq: number }> => {
    const owner = start('commit');
    await eventually(
      async () => {
        expect(acknowledged(owner).length).toBeGreaterThan(20);
        expect((await mark()).seq).toBeGreaterThan(100);
      },
      { timeoutMs: 50_000 },
    );
    await kill(owner);
    return { seq: (await mark()).seq };
  };
  const contents = async () => ({
    file: await readFile(path('warehouse.duckdb')),
    log: existsSync(wal()) ? await readFile(wal()) : undefined,
    mark: await readFile(path('warehouse.mark'), 'utf8'),
  });

  const damages: readonly (readonly [string, () => Promise<void>])[] = [
    ['cut off', async () => truncate(wal(), Math.floor((await stat(wal())).size / 2))],
    ['emptied', () => truncate(wal(), 0)],
    ['removed', () => rm(wal())],
  ];
  test.each(damages)(
    'a log that was %s is noticed, nothing is touched, and --accept-loss goes on',
    async (_name, damage) => {
      const { seq } = await killedWarehouse();
      await damage();
      const before = await contents();
      await expect(open()).rejects.toMatchObject({
        code: 'KADA_WAREHOUSE_BEHIND',
        message: expect.stringMatching(new RegExp(`up to ${seq} were committed.*--accept-loss`)),
      });
      const after = await contents();
      expect(after.mark).toBe(before.mark);
      expect(after.file.equals(before.file)).toBe(true);
      if (before.log !== undefined && before.log.length > 0) expect(after.log?.equals(before.log)).toBe(true);
      await expect(open()).rejects.toMatchObject({ code: 'KADA_WAREHOUSE_BEHIND' });

      const warehouse = await open({ acceptLoss: true });
      // No number is given twice, although the rows that had some are gone.
      expect(warehouse.highestSeq).toBeGreaterThanOrEqual(seq);
      expect((await mark()).seq).toBeLessThan(seq);
      await warehouse.commit(batchOf([webEvent()], warehouse.highestSeq + 1));
      await warehouse.close();
      await (await open()).close();
    },
    120_000,
  );

  test('a log with bytes turned over in its middle is not taken for a whole one', async () => {
    await killedWarehouse();
    const bytes = await readFile(wal());
    for (let at = Math.floor(bytes.length / 2); at < Math.floor(bytes.length / 2) + 64; at++)
      bytes[at] = (bytes[at] ?? 0) ^ 0xff;
    await writeFile(wal(), bytes);
    await expect(open()).rejects.toMatchObject({
      code: expect.stringMatching(/^KADA_WAREHOUSE_(BEHIND|UNREADABLE)$/),
      message: expect.stringContaining('Nothing was changed'),
    });
    expect((await readFile(wal())).equals(bytes)).toBe(true);
  }, 120_000);

  test('a file that is gone beside its mark is noticed, and --accept-loss makes a new one', async () => {
    const warehouse = await open();
    await warehouse.commit(batchOf([webEvent(), webEvent()], 5));
    await warehouse.close();
    const { id } = await mark();
    await rm(path('warehouse.duckdb'));
    await expect(open()).rejects.toMatchObject({
      code: 'KADA_WAREHOUSE_MISSING',
      message: expect.stringContaining('up to number 6'),
    });
    expect(existsSync(path('warehouse.duckdb'))).toBe(false);
    const fresh = await open({ acceptLoss: true });
    expect(fresh.highestSeq).toBe(6);
    expect((await mark()).id).not.toBe(id);
    await fresh.close();
    await (await open()).close();
  });
});

describe('rule 17: the mark', () => {
  test('it names the database and follows the commits, at a second’s pace and at close', async () => {
    const warehouse = await open();
    const { id, seq } = await mark();
    expect(seq).toBe(0);
    expect((await warehouse.query('SELECT id FROM ops.warehouse')).rows).toEqual([[id]]);
    await warehouse.commit(batchOf([webEvent()], 10));
    await eventually(async () => expect(await mark()).toEqual({ id, seq: 10 }));
    await warehouse.commit(batchOf([webEvent()], 30));
    // Numbers may come back out of order; the mark never goes down.
    await warehouse.commit(batchOf([webEvent()], 20));
    await warehouse.close();
    expect(await mark()).toEqual({ id, seq: 30 });
  });

  test('a batch that failed does not raise it', async () => {
    const warehouse = await open();
    const bad = webEvent();
    const failed = { ...bad, row: { ...bad.row, event_id: 'nothing' } } as typeof bad;
    expect(await warehouse.commit(batchOf([failed], 50))).toMatchObject({ kind: 'failed' });
    await warehouse.close();
    expect((await mark()).seq).toBe(0);
  });

  const strangers: readonly (readonly [string, string])[] = [
    ['another database’s', JSON.stringify({ id: '00000000-0000-4000-8000-000000000000', seq: 1_000_000 })],
    ['unreadable', 'not json'],
    ['of another form', '{"id": 1}'],
  ];
  test.each(strangers)('a mark that is %s is replaced, with a warning', async (_name, text) => {
    const warehouse = await open();
    await warehouse.commit(batchOf([webEvent()], 3));
    await warehouse.close();
    await writeFile(path('warehouse.mark'), text);
    const warnings: string[] = [];
    const log = pino({ level: 'warn' }, { write: (line: string) => warnings.push(line) });
    expect((await open({ log })).highestSeq).toBe(3);
    expect(warnings.join()).toContain('a new one is made');
    expect((await mark()).seq).toBe(3);
  });

  test('a file and its mark that are restored together are taken', async () => {
    const warehouse = await open();
    await warehouse.commit(batchOf([webEvent()], 3));
    await warehouse.close();
    await copyFile(path('warehouse.duckdb'), path('kept.duckdb'));
    await copyFile(path('warehouse.mark'), path('kept.mark'));
    const again = await open();
    await again.commit(batchOf([webEvent()], 4));
    await again.close();
    await copyFile(path('kept.duckdb'), path('warehouse.duckdb'));
    await expect(open()).rejects.toMatchObject({ code: 'KADA_WAREHOUSE_BEHIND' });
    await copyFile(path('kept.mark'), path('warehouse.mark'));
    expect((await open()).highestSeq).toBe(3);
  });
});

describe('the tables', () => {
  test('a database that is newer than the program is refused with both versions', async () => {
    const warehouse = await open();
    const { version } = await warehouse.migrate();
    await warehouse.withReader((connection) =>
      connection.run(
        `INSERT INTO ops.schema_migrations VALUES (${version + 1}, 'later', 'x', now()::TIMESTAMP)`,
      ),
    );
    await warehouse.close();
    await expect(open()).rejects.toMatchObject({
      code: 'KADA_WAREHOUSE_NEWER',
      message: expect.stringMatching(new RegExp(`version ${version + 1} .*version ${version}\\.`)),
    });
  });

  test('a migration whose text changed after it was applied is refused', async () => {
    const warehouse = await open();
    await warehouse.withReader((connection) =>
      connection.run("UPDATE ops.schema_migrations SET checksum = 'other' WHERE version = 2"),
    );
    await warehouse.close();
    await expect(open()).rejects.toMatchObject({ code: 'KADA_MIGRATION_CHANGED' });
  });

  test('nothing that commits write to has an index or a key', async () => {
    const warehouse = await open();
    expect(await count(warehouse, 'duckdb_indexes()')).toBe(0);
    const keys = await warehouse.query(
      "SELECT count(*) FROM duckdb_constraints() WHERE constraint_type IN ('PRIMARY KEY', 'UNIQUE')",
    );
    expect(keys.rows).toEqual([[0]]);
  });
});

describe('the query door', () => {
  const refused = [
    "ATTACH '/tmp/other.duckdb'",
    "COPY ops.etl_runs TO '/tmp/x.csv'",
    'PRAGMA disable_checkpoint_on_shutdown',
    'CHECKPOINT',
    'SELECT * FROM force_checkpoint()',
    'SET threads = 7',
    'EXPLAIN ANALYZE DELETE FROM ops.event_fingerprints',
    'PREPARE x AS DELETE FROM ops.event_fingerprints',
    "EXPORT DATABASE '/tmp/x'",
    'INSTALL httpfs',
    'VACUUM',
    '',
    '-- nothing',
  ];
  test.each(refused)('refused: %s', async (sql) => {
    const warehouse = await open();
    await warehouse.commit(batchOf([webEvent()]));
    await expect(warehouse.query(sql)).rejects.toMatchObject({
      code: expect.stringMatching(/^KADA_SQL_(READ_ONLY|FAILED)$/),
    });
    expect(await count(warehouse, 'ops.event_fingerprints')).toBe(1);
  });

  test('files of the machine cannot be read through it', async () => {
    const warehouse = await open();
    for (const sql of ["SELECT * FROM read_text('/etc/hostname')", "SELECT * FROM '/etc/passwd'"])
      await expect(warehouse.query(sql)).rejects.toMatchObject({ code: 'KADA_SQL_FAILED' });
  });

  test.each([
    'SHOW TABLES',
    'DESCRIBE ops.etl_runs',
    'EXPLAIN SELECT 1',
    'VALUES (1)',
    'FROM ops.etl_runs',
    'SUMMARIZE ops.etl_runs',
  ])('allowed: %s', async (sql) => {
    const warehouse = await open();
    expect((await warehouse.query(sql)).columns.length).toBeGreaterThan(0);
  });

  test('values of every kind become JSON', async () => {
    const warehouse = await open();
    const { rows } =
      await warehouse.query(`SELECT NULL, true, 1.5::DOUBLE, 9007199254740993::BIGINT, 12::HUGEINT, 1.10::DECIMAL(12,2),
      TIMESTAMP '2026-01-02 03:04:05.678999', DATE '2026-01-02', 'F0000000-0000-4000-8000-00000000000A'::UUID, [1, 2], 'NaN'::DOUBLE, 'infinity'::TIMESTAMP`);
    expect(rows).toEqual([
      [
        null,
        true,
        1.5,
        '9007199254740993',
        12,
        1.1,
        '2026-01-02T03:04:05.678Z',
        '2026-01-02',
        'f0000000-0000-4000-8000-00000000000a',
        '[1, 2]',
        'NaN',
        null,
      ],
    ]);
    expect(JSON.parse(JSON.stringify(rows))).toEqual(rows);
  });
});

describe('rules 4 and 5: when DuckDB breaks', () => {
  test.each([
    ['commit', 'away'],
    // Seen first here: "Transaction COMMIT succeeded and is durable, but the autocheckpoint failed".
    ['checkpoint', 'broken'],
  ] as const)(
    'a disk that is full at %s: told as %s, looked up, and never lied about',
    async (mode, failure) => {
      // A limit on the size of files stands for a full disk; the signal for it is ignored, so that writes fail.
      const owner = start(mode, 'trap \'\' XFSZ; ulimit -f 6000; exec "$0" "$@"');
      const said = (word: string) =>
        owner.lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.split(' '));
      await eventually(() => expect(said('absent').length + said('found').length).toBeGreaterThan(5), {
        timeoutMs: 60_000,
      });
      await kill(owner);
      expect(new Set(said('failed').map(([, kind]) => kind))).toEqual(new Set([failure]));
      const stored = new Map(
        [...said('acknowledged'), ...said('found')].map(([, id = '', claims]) => [id, Number(claims)]),
      );

      const warehouse = await open();
      const { rows } = await warehouse.query(
        'SELECT batch_id, count(*) FROM ops.event_fingerprints GROUP BY batch_id',
        { maxRows: 1_000_000 },
      );
      const found = new Map(rows.map(([id, claims]) => [String(id), Number(claims)]));
      expect(said('acknowledged').length).toBeGreaterThan(0);
      for (const [id, claims] of stored) expect(found.get(id)).toBe(claims);
      for (const [, id = ''] of said('absent')) expect(found.has(id)).toBe(false);
      // The one that was under way when it was killed.
      expect(found.size).toBeLessThanOrEqual(stored.size + 1);
      const rowsStored =
        (await count(warehouse, 'bronze.tracked_events')) +
        (await count(warehouse, 'bronze.business_events')) +
        (await count(warehouse, 'ops.dead_letter_events'));
      expect(rowsStored).toBe(await count(warehouse, 'ops.event_fingerprints'));
    },
    120_000,
  );

  test('writers of one row at once: the later one is told away, tries again and wins', async () => {
    const warehouse = await open();
    const letter = deadLetter();
    await warehouse.commit(batchOf([], 1, { deadLetters: [letter] }));
    const again = batchOf([webEvent()], 1, { seenAgain: [{ fingerprint: letter.fingerprint, times: 1 }] });
    await warehouse.withReader(async (connection) => {
      await connection.run('BEGIN TRANSACTION');
      await connection.run('UPDATE ops.dead_letter_events SET seen = seen + 10');
      expect(await warehouse.commit(again)).toMatchObject({ kind: 'failed', failure: 'away' });
      await connection.run('COMMIT');
    });
    expect((await warehouse.lookUp([again.events[0]!.event.fingerprint])).size).toBe(0);
    expect(await warehouse.commit(again)).toMatchObject({ kind: 'committed' });
    const { rows } = await warehouse.query('SELECT seen FROM ops.dead_letter_events');
    expect(rows).toEqual([[12]]);
    expect(await count(warehouse, 'bronze.page_view_events')).toBe(1);
  });

  test('connections are few, counted, and gone at the end', async () => {
    const warehouse = await open();
    await warehouse.commit(batchOf(Array.from({ length: 3_000 }, () => webEvent())));
    await Promise.all([
      warehouse.lookUp([]),
      warehouse.countWebEvents(0),
      warehouse.query('SELECT 1'),
      warehouse.ping(),
    ]);
    const idle = warehouse.connectionCount;
    expect(idle).toBeLessThanOrEqual(4);
    const reader = warehouse.readWebEvents(0)[Symbol.asyncIterator]();
    await reader.next();
    expect(warehouse.connectionCount).toBe(idle + 1);
    await reader.return?.();
    expect(warehouse.connectionCount).toBe(idle);
    const abandoned = warehouse.readWebEvents(0)[Symbol.asyncIterator]();
    await abandoned.next();
    await warehouse.close();
    expect(warehouse.connectionCount).toBe(0);
    await expect(abandoned.next()).rejects.toMatchObject({ code: expect.stringMatching(/^KADA_WAREHOUSE_/) });
  });

  test('a command that only reads holds no filter and commits nothing', async () => {
    await (await open()).close();
    const warehouse = await open({ readOnlyCommand: true });
    expect(warehouse.filterBytes).toBe(0);
    expect(warehouse.surelyNew(webEvent().fingerprint)).toBe(false);
    expect(await warehouse.commit(batchOf([webEvent()]))).toMatchObject({
      kind: 'failed',
      code: 'KADA_WAREHOUSE_READ_ONLY',
    });
  });
});
