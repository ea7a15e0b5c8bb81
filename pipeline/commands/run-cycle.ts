import { setTimeout as delay } from 'node:timers/promises';
import { openDuckDbWarehouse } from '../../sinks/duckdb/open.ts';
import type { EtlRun } from '../../sinks/materialise/plan.ts';
import { openMssqlWarehouse } from '../../sinks/mssql/open.ts';
import type { Warehouse } from '../../sinks/warehouse.ts';
import type { Config } from '../config.ts';
import { type ControlClient, findControl } from '../control/client.ts';
import { configuredDefinitions } from '../etl/definitions.ts';
import { type CycleRequest, createMaterialiser } from '../etl/materialiser.ts';
import { errorLog, ownerOf } from './with-reader.ts';

const cyclePollMs = 200;

/** One cycle of Silver and Gold by whoever owns the warehouse. */
export async function runCycle(config: Config, request: CycleRequest): Promise<EtlRun> {
  const { warehouse, dataDir } = config;
  if (warehouse.engine === 'mssql')
    return await ownCycle(openMssqlWarehouse({ ...warehouse, log: errorLog() }), config, request);
  const running = await findControl(dataDir);
  if (running !== undefined) return await cycleThrough(running, request);
  try {
    const opening = openDuckDbWarehouse({
      dataDir,
      memoryLimit: warehouse.memoryLimit,
      log: errorLog(),
      readOnlyCommand: true,
    });
    return await ownCycle(opening, config, request);
  } catch (error) {
    return await cycleThrough(await ownerOf(dataDir, error), request);
  }
}

async function cycleThrough(owner: ControlClient, request: CycleRequest): Promise<EtlRun> {
  const runId = await owner.beginCycle(request);
  for (;;) {
    const run = await owner.cycle(runId);
    if (run.status !== 'running') return run;
    await delay(cyclePollMs);
  }
}

async function ownCycle(opening: Promise<Warehouse>, config: Config, request: CycleRequest): Promise<EtlRun> {
  const warehouse = await opening;
  try {
    const materialiser = createMaterialiser({
      warehouse,
      definitions: await configuredDefinitions(config),
      enabled: config.etl,
      recentDays: config.etl.recentDays,
      visibleSeq: () => warehouse.highestSeq,
      now: Date.now,
      log: errorLog(),
    });
    const stop = (): void => void materialiser.stop();
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
    try {
      return await materialiser.begin(request).finished;
    } finally {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
    }
  } finally {
    await warehouse.close();
  }
}
