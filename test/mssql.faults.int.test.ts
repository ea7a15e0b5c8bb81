import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import sql from 'mssql';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Outcome, Settlement } from '../ingest/delivery.ts';
import { type MssqlWarehouse, openMssqlWarehouse } from '../sinks/mssql/open.ts';
import type { MssqlOptions } from '../sinks/mssql/options.ts';
import type { CommitResult, Warehouse } from '../sinks/warehouse.ts';
import { hookCommit } from './support/commit-path.ts';
import { bytesOf, type DeliveredPath, openDeliveredPath } from './support/delivered-path.ts';
import { eventually } from './support/eventually.ts';
import { receivedAt, trackOrigin } from './support/ingesting.ts';
import { connectTo, createTestDatabase, dropDatabase, mssqlMissing, mssqlOptions } from './support/mssql.ts';
import { createRandom } from './support/random.ts';
import { openRequestProxy, type RequestProxy } from './support/request-proxy.ts';

/**
 * What may go wrong between the pipeline and a SQL Server. The verdict is Bronze's: each event that was told stored is
 * there once, nothing else is, and what was folded, over all processes, is what is there.
 */

const view = (id: string, user = 'u-1'): string =>
  JSON.stringify({
    event_type: 'page_view',
    event_id: id,
    session_id: 's-1',
    user_id: user,
    page_url: 'http://localhost:3000/products/tea-1',
  });
const ids = (count: number): readonly string[] => Array.from({ length: count }, () => randomUUID());

const outcomeOf = (settlement: Settlement | undefined): Outcome | undefined =>
  settlement?.kind === 'durable' ? settlement.outcomes[0] : undefined;

/** The pipeline's way over one pool of connections, with all that its commits answered. */
interface Engine {
  readonly warehouse: MssqlWarehouse;
  readonly path: DeliveredPath;
  readonly results: readonly CommitResult[];
  /** commits that were under way at once, at most */
  readonly mostAtOnce: () => number;
  send(body: string): Promise<Settlement>;
}

describe.skipIf(mssqlMissing !== undefined)(
  mssqlMissing === undefined ? 'SQL Server, faults' : `SQL Server, faults: skipped, ${mssqlMissing}`,
  { timeout: 300_000 },
  () => {
    let database = '';
    let direct: sql.ConnectionPool;
    let proxy: RequestProxy;
    const engines: Engine[] = [];

    beforeAll(async () => {
      database = await createTestDatabase();
      direct = await connectTo(database);
    });
    beforeEach(async () => {
      proxy = await openRequestProxy(mssqlOptions(database).host, mssqlOptions(database).port);
    });
    afterEach(async () => {
      for (const { path, warehouse } of engines.splice(0)) {
        path.close();
        await warehouse.close();
      }
      await proxy.close();
    });
    afterAll(async () => {
      await direct?.close();
      if (database !== '') await dropDatabase(database);
    });

    async function openEngine(
      over: Partial<MssqlOptions> = {},
      limits = { events: 20, bytes: 1_000_000 },
    ): Promise<Engine> {
      const warehouse = await openMssqlWarehouse({ ...mssqlOptions(database), ...over });
      const results: CommitResult[] = [];
      let underWay = 0;
      let most = 0;
      const hooked: Warehouse = hookCommit(async (batch, commit) => {
        underWay += 1;
        most = Math.max(most, underWay);
        const result = await commit(batch);
        underWay -= 1;
        results.push(result);
        return result;
      })(warehouse);
      const path = await openDeliveredPath(hooked, { limits });
      const engine: Engine = {
        warehouse,
        path,
        results,
        mostAtOnce: () => most,
        send: (body) => path.deliver({ origin: trackOrigin(), messages: [bytesOf(body)], receivedAt }),
      };
      engines.push(engine);
      return engine;
    }
    const throughProxy = (): Partial<MssqlOptions> => ({
      host: '127.0.0.1',
      port: proxy.port,
      connectTimeoutMs: 5_000,
    });

    /** Its statements may take some seconds only; where that is too little to open, it is opened again. */
    const hurried = (): Promise<Engine> =>
      eventually(() => openEngine({ requestTimeoutMs: 5_000 }), { timeoutMs: 120_000 });

    const codes = ({ results }: Engine): readonly string[] =>
      results.flatMap((result) => (result.kind === 'failed' ? [result.code] : []));

    /** How often each of these events stands in Bronze, beside its claim. */
    async function stored(of: readonly string[]): Promise<readonly (readonly [string, number])[]> {
      const { recordset } = await direct
        .request()
        .input('ids', sql.NVarChar(sql.MAX), JSON.stringify(of))
        .query<{ id: string; n: number }>(
          `SELECT LOWER(CAST(e.event_id AS varchar(36))) AS id, COUNT(*) AS n
           FROM OPENJSON(@ids) WITH (id uniqueidentifier '$') AS i
           INNER JOIN bronze.page_view_events AS e ON e.event_id = i.id
           INNER JOIN ops.event_fingerprints AS f ON f.event_id = e.event_id
           GROUP BY e.event_id`,
        );
      return recordset.map(({ id, n }) => [id, n] as const).sort(([a], [b]) => (a < b ? -1 : 1));
    }
    const onceEach = (of: readonly string[]): readonly (readonly [string, number])[] =>
      [...of].sort().map((id) => [id, 1] as const);

    const foldedBy = (...of: readonly Engine[]): readonly string[] =>
      of.flatMap(({ path }) => path.folded().map(({ row }) => row.event_id)).sort();

    /** Everything that was sent is in Bronze once, and in the fold of one of these engines once. */
    async function allOnce(sent: readonly string[], ...of: readonly Engine[]): Promise<void> {
      expect(await stored(sent)).toEqual(onceEach(sent));
      expect(foldedBy(...of)).toEqual([...sent].sort());
    }

    /** A transaction of the test's own, on a connection of its own. */
    async function holding(work: (request: () => sql.Request) => Promise<void>): Promise<sql.Transaction> {
      const transaction = new sql.Transaction(direct);
      await transaction.begin(sql.ISOLATION_LEVEL.READ_COMMITTED);
      await work(() => transaction.request());
      return transaction;
    }
    const claim = (request: sql.Request, fingerprint: string): Promise<unknown> =>
      request.input('f', sql.VarChar(64), fingerprint).query(
        `INSERT INTO ops.event_fingerprints (fingerprint, first_seen_at, source)
           VALUES (@f, '2026-01-01', N'tracking')`,
      );

    /** The fingerprints of these bodies' events, by judging them as the pipeline does. */
    async function fingerprintsOf(bodies: readonly string[]): Promise<readonly string[]> {
      const { judge, eventOf } = await import('./support/ingesting.ts');
      return bodies.map((body) => eventOf(judge(body, trackOrigin())).fingerprint);
    }

    describe('two engines, one warehouse', () => {
      test('the same events at once: one of both stores each, the other has a duplicate', async () => {
        const [a, b] = [await openEngine(), await openEngine()];
        const sent = ids(80);
        const [toA, toB] = await Promise.all([
          Promise.all(sent.map((id) => a.send(view(id)))),
          Promise.all([...sent].reverse().map((id) => b.send(view(id)))),
        ]);
        toB.reverse();
        const pairs = sent.map((_, n) => [outcomeOf(toA[n])?.kind, outcomeOf(toB[n])?.kind].sort());
        expect(pairs).toEqual(sent.map(() => ['duplicate', 'stored']));
        await allOnce(sent, a, b);
      });

      test('the same ids with other contents: the loser is a dead letter with both hashes', async () => {
        const [a, b] = [await openEngine(), await openEngine()];
        const sent = ids(30);
        const [toA, toB] = await Promise.all([
          Promise.all(sent.map((id) => a.send(view(id, 'of-a')))),
          Promise.all(sent.map((id) => b.send(view(id, 'of-b')))),
        ]);
        const pairs = sent.map((_, n) => [outcomeOf(toA[n]), outcomeOf(toB[n])]);
        for (const pair of pairs) {
          expect(pair.map((outcome) => outcome?.kind).sort()).toEqual(['dead-lettered', 'stored']);
          const lost = pair.find((outcome) => outcome?.kind === 'dead-lettered');
          expect(lost).toMatchObject({ stage: 'identify', reason: 'event_id_conflict' });
        }
        await allOnce(sent, a, b);
        // Read after the commit, from the claim that stands.
        const { recordset } = await direct
          .request()
          .input('ids', sql.NVarChar(sql.MAX), JSON.stringify(sent))
          .query<{ detail: string; hash: string; n: number }>(
            `SELECT d.detail, f.content_hash AS hash
             FROM ops.dead_letter_events AS d
             INNER JOIN ops.event_fingerprints AS f
               ON d.payload LIKE CONCAT('%', LOWER(CAST(f.event_id AS varchar(36))), '%')
             INNER JOIN OPENJSON(@ids) WITH (id uniqueidentifier '$') AS i ON i.id = f.event_id
             WHERE d.reason = N'event_id_conflict'`,
          );
        expect(recordset).toHaveLength(sent.length);
        expect(recordset.filter(({ detail, hash }) => !detail.includes(hash))).toEqual([]);
      });

      test('two processes, half of the events of one with other contents', { timeout: 600_000 }, async () => {
        const random = createRandom(7);
        const sent = ids(60);
        const bodies = (process: number): readonly string[] =>
          sent.map((id, n) => view(id, n % 2 === 0 ? 'same' : `process-${process}`));
        const shuffled = (list: readonly string[]): readonly string[] =>
          list
            .map((one) => [random.next(), one] as const)
            .sort(([x], [y]) => x - y)
            .map(([, one]) => one);
        const child = fileURLToPath(new URL('support/claims-child.ts', import.meta.url));
        const running = await Promise.all(
          [0, 1].map(async (n) => {
            const process_ = spawn(process.execPath, ['--import', 'tsx', child, database], {
              stdio: ['pipe', 'pipe', 'inherit'],
            });
            const lines = createInterface(process_.stdout)[Symbol.asyncIterator]();
            expect((await lines.next()).value).toBe('ready');
            return { process_, lines, given: shuffled(bodies(n)) };
          }),
        );
        for (const { process_, given } of running) process_.stdin.end(JSON.stringify(given));
        const answers = await Promise.all(
          running.map(async ({ lines, given }) => {
            const { settlements, folded } = JSON.parse(String((await lines.next()).value)) as {
              readonly settlements: readonly Settlement[];
              readonly folded: readonly string[];
            };
            const told = new Map(
              given.map((body, n) => [
                (JSON.parse(body) as { readonly event_id: string }).event_id,
                outcomeOf(settlements[n])?.kind,
              ]),
            );
            return { told, folded };
          }),
        );
        const pairs = sent.map((id) => answers.map(({ told }) => told.get(id)).sort());
        expect(pairs).toEqual(
          sent.map((_, n) => (n % 2 === 0 ? ['duplicate', 'stored'] : ['dead-lettered', 'stored'])),
        );
        expect(await stored(sent)).toEqual(onceEach(sent));
        expect(answers.flatMap(({ folded }) => folded).sort()).toEqual([...sent].sort());
        // Both had a part in it, else nothing met.
        for (const { folded } of answers) expect(folded.length).toBeGreaterThan(0);
      });
    });

    test('several batches are on their way at once, each on a connection of its own', async () => {
      const engine = await openEngine({}, { events: 10, bytes: 1_000_000 });
      const sent = ids(120);
      const told = await Promise.all(sent.map((id) => engine.send(view(id))));
      expect(told.map((one) => outcomeOf(one)?.kind)).toEqual(sent.map(() => 'stored'));
      await allOnce(sent, engine);
      expect(engine.mostAtOnce()).toBe(engine.warehouse.commitsAtOnce);
    });

    describe('locks and times', () => {
      test('a deadlock (1205) rolls the batch back and it is written again', async () => {
        const engine = await openEngine();
        const all: string[] = [];
        for (let round = 0; !codes(engine).includes('SQL 1205'); round += 1) {
          expect(round, 'rounds without a deadlock').toBeLessThan(20);
          const sent = ids(2);
          all.push(...sent);
          const [first = '', last = ''] = [...(await fingerprintsOf(sent.map((id) => view(id))))].sort();
          // Claims go in the order of their fingerprints; this one goes the other way.
          const other = await holding(async (request) => {
            await request().batch('SET DEADLOCK_PRIORITY HIGH');
            await claim(request(), last);
          });
          const told = Promise.all(sent.map((id) => engine.send(view(id))));
          // Not to wait for anything, but so that the batch has most likely claimed the first of the two.
          await new Promise((resolve) => setTimeout(resolve, 100 * (round + 1)));
          await claim(other.request(), first).catch(() => undefined);
          await other.rollback().catch(() => undefined);
          expect((await told).map((one) => outcomeOf(one)?.kind)).toEqual(['stored', 'stored']);
        }
        await allOnce(all, engine);
      });

      test('a time-out in a commit that waits for a lock: stored once, when the lock is gone', async () => {
        const engine = await hurried();
        const sent = ids(5);
        const [fingerprint = ''] = await fingerprintsOf(sent.map((id) => view(id)));
        const other = await holding((request) => claim(request(), fingerprint).then(() => undefined));
        const told = Promise.all(sent.map((id) => engine.send(view(id))));
        await eventually(() => expect(codes(engine)).toContain('ETIMEOUT'), { timeoutMs: 60_000 });
        expect(engine.path.path.availability.away()).toBeDefined();
        await other.rollback();
        expect((await told).map((one) => outcomeOf(one)?.kind)).toEqual(sent.map(() => 'stored'));
        await allOnce(sent, engine);
        // Another lane's question may have timed out behind the lock last; it comes back by itself.
        await eventually(() => expect(engine.path.path.availability.away()).toBeUndefined(), {
          timeoutMs: 60_000,
        });
      });

      test('a time-out in a commit that waits for one who then stores the same event: a duplicate', async () => {
        const engine = await hurried();
        const sent = ids(3);
        const [fingerprint = ''] = await fingerprintsOf(sent.map((id) => view(id)));
        const other = await holding((request) => claim(request(), fingerprint).then(() => undefined));
        const told = Promise.all(sent.map((id) => engine.send(view(id))));
        await eventually(() => expect(codes(engine)).toContain('ETIMEOUT'), { timeoutMs: 60_000 });
        await other.commit();
        expect((await told).map((one) => outcomeOf(one)?.kind)).toEqual(['duplicate', 'stored', 'stored']);
        await allOnce(sent.slice(1), engine);
      });
    });

    describe('a connection that is lost in the middle of a commit', () => {
      test('the server has committed, its answer never came: stored, once', async () => {
        const engine = await openEngine(throughProxy());
        const sent = ids(10);
        proxy.holdAnswers();
        const told = Promise.all(sent.map((id) => engine.send(view(id))));
        await eventually(async () => expect(await stored(sent)).toEqual(onceEach(sent)), {
          timeoutMs: 60_000,
        });
        expect(engine.path.folded()).toEqual([]);
        proxy.cut();
        expect((await told).map((one) => outcomeOf(one)?.kind)).toEqual(sent.map(() => 'stored'));
        expect(codes(engine).length).toBeGreaterThan(0);
        await allOnce(sent, engine);
      });

      test('the server never got it: written again, once', async () => {
        const engine = await openEngine(throughProxy());
        const sent = ids(10);
        proxy.swallowRequests();
        const told = Promise.all(sent.map((id) => engine.send(view(id))));
        await eventually(() => expect(proxy.swallowed()).toBe(true));
        expect(await stored(sent)).toEqual([]);
        proxy.cut();
        expect((await told).map((one) => outcomeOf(one)?.kind)).toEqual(sent.map(() => 'stored'));
        await allOnce(sent, engine);
      });

      test('the connection ends with the request, again and again: whatever became of it, once', async () => {
        const engine = await openEngine(throughProxy(), { events: 5, bytes: 1_000_000 });
        const all: string[] = [];
        for (let round = 0; round < 6; round += 1) {
          const sent = ids(20);
          all.push(...sent);
          proxy.cutAfterRequest();
          const told = await Promise.all(sent.map((id) => engine.send(view(id))));
          expect(told.map((one) => outcomeOf(one)?.kind)).toEqual(sent.map(() => 'stored'));
        }
        expect(proxy.cuts()).toBe(6);
        await allOnce(all, engine);
      });

      test('the server still works on it when it is asked what became of it: the answer waits', async () => {
        const engine = await openEngine(throughProxy());
        const sent = ids(4);
        const [fingerprint = ''] = await fingerprintsOf(sent.map((id) => view(id)));
        const other = await holding((request) => claim(request(), fingerprint).then(() => undefined));
        // with a connection that is open already, the first thing sent is the commit
        await engine.warehouse.query('SELECT 1');
        proxy.holdAnswers();
        const told = Promise.all(sent.map((id) => engine.send(view(id))));
        // With the server, or on its way: it may come after the question.
        await eventually(() => expect(proxy.asked()).toBe(true));
        proxy.cut();
        await eventually(() => expect(codes(engine).length).toBeGreaterThan(0), { timeoutMs: 60_000 });
        await other.rollback();
        expect((await told).map((one) => outcomeOf(one)?.kind)).toEqual(sent.map(() => 'stored'));
        await allOnce(sent, engine);
      });

      test('a server that is away for a while, and back', async () => {
        const engine = await openEngine(throughProxy());
        const before = ids(20);
        await Promise.all(before.map((id) => engine.send(view(id))));
        proxy.refuse();
        const during = ids(60);
        const told = Promise.all(during.map((id) => engine.send(view(id))));
        await eventually(() => expect(engine.path.path.availability.away()).toBeDefined());
        expect(await engine.warehouse.ping()).toBe(false);
        expect(await stored(during)).toEqual([]);
        proxy.allow();
        expect((await told).map((one) => outcomeOf(one)?.kind)).toEqual(during.map(() => 'stored'));
        expect(engine.path.path.availability.away()).toBeUndefined();
        await allOnce([...before, ...during], engine);
      });
    });

    test('a row that the server refuses stands alone as a dead letter, the rest of its batch is stored', async () => {
      const refusedSession = `refused-${randomUUID()}`;
      await direct
        .request()
        .batch(
          `ALTER TABLE bronze.page_view_events ADD CONSTRAINT refused_by_the_test CHECK (session_id <> N'${refusedSession}')`,
        );
      try {
        const engine = await openEngine({}, { events: 100, bytes: 1_000_000 });
        const sent = ids(40);
        const bad = sent[17]!;
        const told = await Promise.all(
          sent.map((id) =>
            engine.send(id === bad ? view(id).replace('"s-1"', JSON.stringify(refusedSession)) : view(id)),
          ),
        );
        expect(told.map((one) => outcomeOf(one)?.kind)).toEqual(
          sent.map((id) => (id === bad ? 'dead-lettered' : 'stored')),
        );
        await allOnce(
          sent.filter((id) => id !== bad),
          engine,
        );
        const { recordset } = await direct
          .request()
          .input('like', sql.NVarChar(100), `%${bad}%`)
          .query<{ stage: string; reason: string; detail: string; payload: string }>(
            'SELECT stage, reason, detail, payload FROM ops.dead_letter_events WHERE payload LIKE @like',
          );
        expect(recordset).toEqual([
          {
            stage: 'write',
            reason: 'db_insert_failed',
            detail: expect.stringMatching(/SQL 547.*refused_by_the_test/s),
            payload: expect.stringContaining(refusedSession),
          },
        ]);
        expect(await engine.warehouse.ping()).toBe(true);
      } finally {
        await direct
          .request()
          .batch('ALTER TABLE bronze.page_view_events DROP CONSTRAINT refused_by_the_test');
      }
    });
  },
);
