import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMaterialiser, type Materialiser } from '../pipeline/etl/materialiser.ts';
import { type CycleEngine, type Cycles, createCycles } from '../sinks/materialise/cycles.ts';
import type { SlicePlan } from '../sinks/materialise/plan.ts';
import { createConnections } from '../sinks/mssql/connections.ts';
import { cycleEngine } from '../sinks/mssql/cycle.ts';
import { type MssqlWarehouse, openMssqlWarehouse } from '../sinks/mssql/open.ts';
import { commitSlices, expectSame, planOf, readTables } from './support/etl.ts';
import { eventually } from './support/eventually.ts';
import {
  connectTo,
  giveTestDatabase,
  mssqlMissing,
  mssqlOptions,
  takeTestDatabase,
  whenVisible,
} from './support/mssql.ts';
import { bronzeAt, type History, randomHistory } from './support/random-history.ts';
import { startTcpProxy, type TcpProxy } from './support/tcp-proxy.ts';
import { recountWarehouse } from './support/warehouse-recount.ts';

/*
 * Silver and Gold on SQL Server: after each slice of a random history they equal a plain recount of all that Bronze
 * holds, after a full rebuild they still do; one cycle at a time, whatever is cut.
 */

const runs = Number(process.env.ETL_HISTORIES ?? 4);
const firstSeed = Number(process.env.ETL_SEED ?? 1);

const title = mssqlMissing === undefined ? 'on SQL Server' : `on SQL Server: skipped, ${mssqlMissing}`;

describe.skipIf(mssqlMissing !== undefined)(`Silver and Gold ${title}`, { timeout: 600_000 }, () => {
  let database = '';
  const opened: MssqlWarehouse[] = [];
  const proxies: TcpProxy[] = [];
  const held: (() => Promise<void>)[] = [];

  beforeEach(async () => {
    database = await takeTestDatabase();
  });
  afterEach(async () => {
    for (const letGo of held.splice(0)) await letGo();
    for (const warehouse of opened.splice(0)) await warehouse.close();
    for (const proxy of proxies.splice(0)) await proxy.close();
    await giveTestDatabase(database);
  });

  /** One process's warehouse. */
  async function open(port?: number): Promise<MssqlWarehouse> {
    const options = mssqlOptions(database);
    const warehouse = await openMssqlWarehouse(port === undefined ? options : { ...options, port });
    opened.push(warehouse);
    return warehouse;
  }

  async function openCuttable(): Promise<{ readonly warehouse: MssqlWarehouse; readonly proxy: TcpProxy }> {
    const { host, port } = mssqlOptions(database);
    const proxy = await startTcpProxy(host, port);
    proxies.push(proxy);
    return { warehouse: await open(proxy.port), proxy };
  }

  async function commit(warehouse: MssqlWarehouse, slices: History['slices']): Promise<void> {
    await commitSlices(warehouse, slices);
    await whenVisible(warehouse);
  }

  /** Slice by slice, until Bronze has no more. */
  async function materialise(warehouse: MssqlWarehouse, plan: SlicePlan): Promise<void> {
    for (let more = true, full = plan.full; more; full = false)
      ({ more } = await warehouse.materialise({ ...plan, full }));
  }

  const truthOf = (history: History, last: number) =>
    recountWarehouse(bronzeAt(history, last), { ...history, asOf: history.slices[last]?.asOf ?? 0 }).tables;

  for (let seed = firstSeed; seed < firstSeed + runs; seed += 1) {
    it(`equal a plain recount: history ${seed}`, async () => {
      const history = randomHistory(seed);
      const warehouse = await open();
      for (const [index, slice] of history.slices.entries()) {
        await commit(warehouse, [slice]);
        await materialise(warehouse, planOf(history, slice.asOf, 0));
        expectSame(truthOf(history, index), await readTables(warehouse), `slice ${index}`);
      }
      const last = history.slices.length - 1;
      await materialise(warehouse, { ...planOf(history, history.slices[last]?.asOf ?? 0, 0), full: true });
      expectSame(truthOf(history, last), await readTables(warehouse), 'full');
    });
  }

  describe('one cycle at a time', () => {
    const history = randomHistory(7);
    const last = history.slices.length - 1;
    const asOf = history.slices[last]?.asOf ?? 0;

    const materialiserOn = (
      warehouse: MssqlWarehouse,
      over: Partial<Pick<Cycles, 'materialise' | 'cancelMaterialise'>> = {},
    ): Materialiser =>
      createMaterialiser({
        warehouse: { ...warehouse, ...over },
        definitions: planOf(history, asOf, 0).definitions,
        enabled: { silver: true, gold: true },
        recentDays: 0,
        visibleSeq: () => 0,
        now: () => asOf,
        log: pino({ level: 'silent' }),
      });

    /** All of Bronze, and Silver and Gold of its first slice: the next cycle has all the rest to do. */
    async function prepared(): Promise<MssqlWarehouse> {
      const warehouse = await open();
      await commit(warehouse, history.slices.slice(0, 1));
      await materialise(warehouse, planOf(history, history.slices[0]?.asOf ?? 0, 0));
      await commit(warehouse, history.slices.slice(1));
      return warehouse;
    }

    /** Holds the row that a cycle writes last, so that one which began stays open until it is let go. */
    async function holdState(): Promise<() => Promise<void>> {
      const pool = await connectTo(database);
      const transaction = pool.transaction();
      await transaction.begin();
      await transaction.request().query('UPDATE ops.etl_state SET loaded_seq = loaded_seq');
      let isHeld = true;
      const letGo = async (): Promise<void> => {
        if (!isHeld) return;
        isHeld = false;
        await transaction.rollback();
        await pool.close();
      };
      held.push(letGo);
      return letGo;
    }

    /** Cycles on connections of their own, that tell which statement they are at. */
    async function watched(): Promise<{
      readonly cycles: Cycles;
      reached(): string;
      close(): Promise<void>;
    }> {
      const connections = createConnections(mssqlOptions(database));
      await connections.open();
      const engine = cycleEngine(connections);
      let latest = '';
      const telling: CycleEngine = {
        ...engine,
        transaction: (use) =>
          engine.transaction((session) =>
            use({
              ...session,
              execute(sql, parameters) {
                latest = sql.trim();
                return session.execute(sql, parameters);
              },
            }),
          ),
      };
      return { cycles: createCycles(telling), reached: () => latest, close: () => connections.close() };
    }

    const statuses = async (warehouse: MssqlWarehouse): Promise<readonly unknown[]> =>
      (await warehouse.query('SELECT status FROM ops.etl_runs ORDER BY started_at, status')).rows.map(
        ([status]) => status,
      );

    const isRunning = (warehouse: MssqlWarehouse): Promise<void> =>
      eventually(async () => expect(await statuses(warehouse)).toContain('running'));

    it('a second one, of another process, is skipped and written down as such', async () => {
      const first = await prepared();
      const second = await open();
      const letGo = await holdState();
      const { finished } = materialiserOn(first).begin();
      await isRunning(second);
      expect(await materialiserOn(second).begin().finished).toMatchObject({ status: 'skipped' });
      expectSame(truthOf(history, 0), await readTables(second), 'readers, while a cycle is open');
      await letGo();
      expect(await finished).toMatchObject({ status: 'success' });
      expect(await statuses(second)).toEqual(['skipped', 'success']);
      expectSame(truthOf(history, last), await readTables(second), 'after it');
    });

    it('one whose lock is lost notices, stops and is marked failed; readers never saw half of it', async () => {
      const reader = await prepared();
      const { warehouse, proxy } = await openCuttable();
      await Promise.all([1, 2, 3].map(() => warehouse.query('SELECT 1')));
      const before = new Set(proxy.open());
      const letGo = await holdState();
      const { cycles, reached, close } = await watched();
      let tell: () => void = () => undefined;
      const noticed = new Promise<void>((resolve) => {
        tell = resolve;
      });
      const { finished } = materialiserOn(warehouse, {
        materialise: cycles.materialise,
        cancelMaterialise() {
          cycles.cancelMaterialise();
          tell();
        },
      }).begin();
      // Its transaction waits for what is held here: told to stop, it cannot before that is let go.
      const arrived = async () => expect(reached()).toMatch(/^DELETE FROM ops.etl_state/);
      await eventually(arrived, { timeoutMs: 240_000 });
      // The pool has what the cycle needs of it: what came since is the lock's, and the one that it was tried with.
      for (const connection of proxy.open()) if (!before.has(connection)) connection.cut();
      await noticed;

      expectSame(truthOf(history, 0), await readTables(reader), 'readers, after the lock is lost');
      // Another process gets the lock while the transaction of the first is still open, and must not write beside it.
      await eventually(async () => {
        const beside = await materialiserOn(reader).begin().finished;
        expect(beside).toMatchObject({
          status: 'failed',
          errorMessage: expect.stringContaining('has not ended'),
        });
      });
      await letGo();
      expect(await finished).toMatchObject({
        status: 'failed',
        errorMessage: expect.stringContaining('lock'),
      });
      expectSame(truthOf(history, 0), await readTables(reader), 'after it stopped');

      expect(await materialiserOn(reader).begin().finished).toMatchObject({ status: 'success' });
      expect(await statuses(reader)).not.toContain('running');
      expectSame(truthOf(history, last), await readTables(reader), 'the next');
      await close();
    });

    it('one whose own connection is cut leaves nothing behind, and the next is right', async () => {
      const reader = await prepared();
      const { warehouse, proxy } = await openCuttable();
      const letGo = await holdState();
      const { finished } = materialiserOn(warehouse).begin();
      await isRunning(reader);
      for (const connection of proxy.open()) connection.cut();
      expect(await finished).toMatchObject({ status: 'failed' });
      await letGo();
      await eventually(async () => {
        expect(await materialiserOn(reader).begin().finished).toMatchObject({ status: 'success' });
      });
      expectSame(truthOf(history, last), await readTables(reader), 'the next');
      expect(await statuses(reader)).not.toContain('running');
    });
  });
});
