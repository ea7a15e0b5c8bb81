import pino from 'pino';
import { KadaError, messageOf } from '../ingest/errors.ts';
import { describeConfig, loadConfig, startHelp, wantsHelp } from './config.ts';
import { createLifecycle } from './lifecycle.ts';
import { startProcess } from './run.ts';

const argv = process.argv.slice(2);
if (wantsHelp(argv)) {
  process.stdout.write(startHelp);
} else {
  await main();
}

async function main(): Promise<void> {
  const loaded = loadConfig(process.env, argv);
  if (!loaded.ok) {
    for (const problem of loaded.problems) process.stderr.write(`${problem}\n`);
    process.exitCode = 2;
    return;
  }
  const { config, warnings } = loaded;
  const log = pino({ level: config.logLevel }, pino.destination({ fd: 1, sync: true }));
  for (const warning of warnings) log.warn(warning);
  log.debug({ config: describeConfig(config) }, 'configuration');

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
    log.info({ ...running.urls, pid: process.pid }, 'ready');
  } catch (error) {
    log.fatal({ code: error instanceof KadaError ? error.code : 'KADA_START_FAILED' }, messageOf(error));
    process.exit(exitCodeOf(error));
  }
}

/** 2: the way it was started is wrong and will be wrong again; 1: it failed. */
function exitCodeOf(error: unknown): 1 | 2 {
  const wrongUse = ['KADA_WAREHOUSE_LOCKED', 'KADA_DASHBOARD_TOKEN_REQUIRED', 'KADA_LISTEN'];
  const wrong =
    error instanceof KadaError && (wrongUse.includes(error.code) || error.code.startsWith('KADA_FUNNEL'));
  return wrong ? 2 : 1;
}
