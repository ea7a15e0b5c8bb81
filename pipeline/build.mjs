// Builds the project into dist/<hash of the sources>/, so that a launch starts compiled code and never stale code.
//
// A build is made in a folder of its own and renamed when it is whole. So launches at the same moment do not meet
// half a build, and a process that runs keeps the files it was started from.

import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

const codeFolders = ['ingest', 'sinks', 'live-dashboard', 'pipeline'];
const sourceFolders = [...codeFolders, 'sql'];
const sourceFiles = ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'];
const notSources = new Set(['node_modules', 'dist']);

const keptBuilds = 3;
const keptForMs = 7 * 86_400_000;
const abandonedAfterMs = 3_600_000;

/** A build that failed because of what the sources say; its output was shown. */
export class BuildError extends Error {}

/**
 * Folder of a build of the sources as they are now, made if there is none.
 * @param {string} root the project's root
 * @param {(line: string) => void} say told once when it has to build
 * @returns {Promise<string>} absolute
 */
export async function ensureBuilt(root, say) {
  for (let attempt = 0; attempt < 3; attempt++) {
    const hash = await hashSources(root);
    const target = join(root, 'dist', hash);
    if (existsSync(target)) {
      const now = new Date();
      await utimes(target, now, now).catch(() => undefined);
      return target;
    }
    say('building (new or changed sources) …');
    const temporary = join(root, 'dist', `tmp-${process.pid}-${randomBytes(4).toString('hex')}`);
    try {
      await build(root, temporary);
      if ((await hashSources(root)) !== hash) continue;
      await renameOrYield(temporary, target);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
    await prune(root, target);
    return target;
  }
  throw new BuildError('the sources kept changing while they were built; start again');
}

/** Builds the page alone into the place where code that runs from source looks for it. */
export async function buildPage(root) {
  const config = pageConfig(root);
  if (existsSync(config))
    await runTool(root, viteArguments(root, join(root, 'live-dashboard', 'web', 'dist')));
}

/** Command line (after `node`) that builds the page into `outDir`. */
export const viteArguments = (root, outDir) => [
  join(root, 'node_modules', 'vite', 'bin', 'vite.js'),
  'build',
  join(root, 'live-dashboard', 'web'),
  '--config',
  pageConfig(root),
  '--outDir',
  outDir,
  '--emptyOutDir',
  '--logLevel',
  'warn',
];

const pageConfig = (root) => join(root, 'live-dashboard', 'web', 'vite.config.ts');

/** First 16 hex digits of SHA-256 over names and contents. */
async function hashSources(root) {
  const hash = createHash('sha256');
  const files = [...sourceFiles.map((name) => join(root, name)).filter(existsSync)];
  for (const folder of sourceFolders) files.push(...(await filesUnder(join(root, folder))));
  for (const file of files) {
    const content = await readFile(file);
    hash.update(`${relative(root, file).split(sep).join('/')}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex').slice(0, 16);
}

async function filesUnder(folder) {
  if (!existsSync(folder)) return [];
  const entries = await readdir(folder, { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  const files = [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!notSources.has(entry.name)) files.push(...(await filesUnder(path)));
    } else if (entry.isFile()) files.push(path);
  }
  return files;
}

async function build(root, target) {
  await mkdir(target, { recursive: true });
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const results = await Promise.allSettled([
    runTool(root, [tsc, '-p', join(root, 'tsconfig.build.json'), '--outDir', target]),
    existsSync(pageConfig(root))
      ? runTool(root, viteArguments(root, join(target, 'live-dashboard', 'web', 'dist')))
      : undefined,
    copyRuntimeFiles(root, target),
  ]);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

/** What compiled code reads beside itself: SQL and JSON. */
async function copyRuntimeFiles(root, target) {
  const files = await filesUnder(join(root, 'sql'));
  for (const folder of codeFolders) {
    const json = (await filesUnder(join(root, folder))).filter((file) => file.endsWith('.json'));
    files.push(...json.filter((file) => !file.includes(join('live-dashboard', 'web'))));
  }
  for (const file of files) {
    const copy = join(target, relative(root, file));
    await mkdir(join(copy, '..'), { recursive: true });
    await cp(file, copy);
  }
}

/** Its output goes to stderr: stdout belongs to the command that was asked for. */
function runTool(root, args) {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2] });
    child.once('error', failed);
    child.once('exit', (code, signal) => {
      if (code === 0) done(undefined);
      else
        failed(new BuildError(`the build failed (${relative(root, args[0])}: ${signal ?? `exit ${code}`})`));
    });
  });
}

/** Another launch may have put the same build there first: then ours is not needed. */
async function renameOrYield(from, to) {
  try {
    await rename(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
  }
}

/** Old builds go, but none that a running process may still read. */
async function prune(root, current) {
  const dist = join(root, 'dist');
  const found = [];
  for (const name of await readdir(dist)) {
    const path = join(dist, name);
    const facts = await stat(path).catch(() => undefined);
    if (facts === undefined || path === current) continue;
    const age = Date.now() - facts.mtimeMs;
    if (name.startsWith('tmp-') && age > abandonedAfterMs) await rm(path, { recursive: true, force: true });
    else if (/^[0-9a-f]{16}$/.test(name)) found.push({ path, age });
  }
  found.sort((a, b) => a.age - b.age);
  for (const { path, age } of found.slice(keptBuilds)) {
    if (age > keptForMs) await rm(path, { recursive: true, force: true });
  }
}
