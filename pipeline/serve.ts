import type { Logger } from 'pino';
import pino from 'pino';
import { KadaError, messageOf } from '../ingest/errors.ts';
import type { Config } from './config.ts';
import { createLifecycle } from './lifecycle.ts';
import { type RunningProcess, startProcess } from './run.ts';

/** What runs beside the pipeline as long as it does. */
export interface Companion {
  /** before the pipeline stops */
  stop(): Promise<void>;
  /** rejects when going on is of no use: the process ends with it */
  readonly finished: Promise<unknown>;
}

export const openLog = (config: Config): Logger =>
  pino({ level: config.logLevel }, pino.destination({ fd: 1, sync: true }));

/** Runs the process until it is told to stop; one that fails ends here, with what to do about it and its exit code. */
export async function serve(
  config: Config,
  log: Logger,
  beside?: (running: RunningProcess) => Promise<Companion>,
): Promise<void> {
  let stop: (() => Promise<void>) | undefined;
  createLifecycle({
    log,
    shutdownDeadlineMs: config.shutdownDeadlineMs,
    // Stopped while it still starts: nothing was taken in yet, and the file survives any moment.
    stop: async () => stop?.(),
  });
  try {
    const running = await startProcess(config, log);
    stop = running.stop;
    const companion = await beside?.(running);
    if (companion !== undefined) {
      stop = async () => {
        await companion.stop();
        await running.stop();
      };
    }
    log.info({ ...running.urls, pid: process.pid }, 'ready');
    await companion?.finished;
  } catch (error) {
    log.fatal({ code: error instanceof KadaError ? error.code : 'KADA_START_FAILED' }, messageOf(error));
    process.exit(exitCodeOf(error));
  }
}

/** 2: the way it was started is wrong and will be wrong again; 1: it failed. */
function exitCodeOf(error: unknown): 1 | 2 {
  const wrongUse = [
    'KADA_WAREHOUSE_LOCKED',
    'KADA_WAREHOUSE_NO_DATABASE',
    'KADA_WAREHOUSE_LOGIN',
    'KADA_WAREHOUSE_CERTIFICATE',
    'KADA_WAREHOUSE_PERMISSION',
    'KADA_DASHBOARD_TOKEN_REQUIRED',
    'KADA_LISTEN',
  ];
  const wrong =
    error instanceof KadaError && (wrongUse.includes(error.code) || error.code.startsWith('KADA_FUNNEL'));
  return wrong ? 2 : 1;
}
