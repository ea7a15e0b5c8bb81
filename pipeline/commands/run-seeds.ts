import { KadaError } from '../../ingest/errors.ts';
import { openDuckDbWarehouse } from '../../sinks/duckdb/open.ts';
import { openMssqlWarehouse } from '../../sinks/mssql/open.ts';
import type { Warehouse } from '../../sinks/warehouse.ts';
import type { Config } from '../config.ts';
import { type ControlClient, findControl } from '../control/client.ts';
import { createOwnPath, ownRoad } from '../seed/own-road.ts';
import { type Seeded, type SeedRequest, sendSeeds } from '../seed/send.ts';
import { collectorRoad } from '../simulation/http-road.ts';
import { errorLog, ownerOf } from './with-reader.ts';

/**
 * Seeds go in like any event of a keyed caller: through the collector of the process that owns the file, else through
 * the same steps in this process. Always as a keyed caller's, since the same id is another event on another road.
 * Throws KADA_SEED_NO_COLLECTOR, KADA_SEED_NO_KEY.
 */
export async function runSeeds(config: Config, request: SeedRequest): Promise<Seeded> {
  const { warehouse, dataDir } = config;
  if (warehouse.engine === 'mssql')
    return await byOwn(openMssqlWarehouse({ ...warehouse, log: errorLog() }), config, request);
  const running = await findControl(dataDir);
  if (running !== undefined) return await through(running, config, request);
  let opened: Warehouse;
  try {
    opened = await openDuckDbWarehouse({
      dataDir,
      memoryLimit: warehouse.memoryLimit,
      acceptLoss: config.acceptLoss,
      log: errorLog(),
    });
  } catch (error) {
    return await through(await ownerOf(dataDir, error), config, request);
  }
  return await byOwn(Promise.resolve(opened), config, request);
}

async function through(owner: ControlClient, config: Config, request: SeedRequest): Promise<Seeded> {
  const { collector } = await owner.status();
  if (typeof collector !== 'string')
    throw new KadaError(
      'KADA_SEED_NO_COLLECTOR',
      `the running process (pid ${owner.pid}) has no collector (yet), through which seeds go: start it with that role`,
    );
  const [key] = config.collector.keys;
  if (key === undefined)
    throw new KadaError(
      'KADA_SEED_NO_KEY',
      'ANALYTICS_API_KEY is unset: seeds go through the collector of the running process, which needs it',
    );
  return await sendSeeds(request, collectorRoad(collector, key));
}

async function byOwn(opening: Promise<Warehouse>, config: Config, request: SeedRequest): Promise<Seeded> {
  const warehouse = await opening;
  try {
    return await sendSeeds(request, ownRoad(await createOwnPath(warehouse, config, errorLog())));
  } finally {
    await warehouse.close();
  }
}
