import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const config = fileURLToPath(new URL('../../live-dashboard/web/vite.config.ts', import.meta.url));

/** Builds the page as it stands into a folder of its own (under a second), so that no other build gets in its way. */
export async function builtPage(): Promise<string> {
  const outDir = await mkdtemp(join(tmpdir(), 'kada-page-'));
  await build({ configFile: config, logLevel: 'error', build: { outDir } });
  return outDir;
}
