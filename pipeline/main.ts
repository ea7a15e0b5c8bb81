import { describeConfig, loadConfig, startHelp, wantsHelp } from './config.ts';
import { openLog, serve } from './serve.ts';

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
  const log = openLog(config);
  for (const warning of warnings) log.warn(warning);
  log.debug({ config: describeConfig(config) }, 'configuration');
  await serve(config, log);
}
