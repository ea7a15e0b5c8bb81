// Behind each npm script: builds what is needed, then runs the compiled entry in this same process, so that signals,
// exit codes and the parent are the process's own.
//
//   node pipeline/launch.mjs <entry> [arguments]     entry: a file of pipeline/, without its ending
//   node pipeline/launch.mjs --build                 build only
//   node pipeline/launch.mjs --dev <entry> [arguments]   from source, restarted on change; the page is rebuilt

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = resolve(fileURLToPath(import.meta.url), '../..');
const say = (line) => process.stderr.write(`${line}\n`);

async function launch([first, ...rest]) {
  if (!existsSync(join(root, 'node_modules'))) return wrong('dependencies are missing: run npm ci first');
  const { BuildError, ensureBuilt, buildPage, viteArguments } = await import('./build.mjs');
  try {
    if (first === '--build') {
      say(`built: ${await ensureBuilt(root, say)}`);
      return;
    }
    if (first === '--dev') return await develop(buildPage, viteArguments, rest);
    if (first === undefined || first.startsWith('-'))
      return wrong('usage: node pipeline/launch.mjs <entry> [arguments]');
    const built = await ensureBuilt(root, say);
    const entry = join(built, 'pipeline', `${first}.js`);
    if (!existsSync(entry)) return wrong(`there is no pipeline/${first}.ts`);
    process.argv = [process.argv[0], entry, ...rest];
    await import(pathToFileURL(entry).href);
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    say(error.message);
    process.exitCode = 1;
  }
}

/** tsx restarts the process on change; vite rebuilds the page, which the browser shows when it is reloaded. */
async function develop(buildPage, viteArguments, [entry = 'main', ...args]) {
  await buildPage(root);
  const tsx = join(root, 'node_modules', 'tsx', 'dist', 'cli.mjs');
  const commands = [[tsx, 'watch', '--clear-screen=false', join(root, 'pipeline', `${entry}.ts`), ...args]];
  if (existsSync(join(root, 'live-dashboard', 'web', 'vite.config.ts'))) {
    commands.push([...viteArguments(root, join(root, 'live-dashboard', 'web', 'dist')), '--watch']);
  }
  const [main, ...helpers] = commands.map((command) =>
    spawn(process.execPath, command, { cwd: root, stdio: ['inherit', 'inherit', 'inherit'] }),
  );
  // npm under SIGTERM leaves its child behind: go with the parent
  const parent = process.ppid;
  const watch = setInterval(() => process.ppid !== parent && main.kill('SIGTERM'), 250);
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => main.kill(signal));
  const code = await new Promise((done) =>
    main.once('exit', (exit, signal) => done(signal === null ? exit : 1)),
  );
  clearInterval(watch);
  for (const helper of helpers) helper.kill();
  process.exitCode = code ?? 1;
}

function wrong(message) {
  say(message);
  process.exitCode = 2;
}

await launch(process.argv.slice(2));
