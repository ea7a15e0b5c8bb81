import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** `DATA_DIR/control.json`: where the process that owns the warehouse listens for commands. */
const controlFile = z.object({
  pid: z.int().positive(),
  url: z.string().regex(/^http:\/\/127\.0\.0\.1:\d{1,5}$/),
  token: z.string().min(32).max(256),
});
export type ControlFile = Readonly<z.output<typeof controlFile>>;

export const controlPath = (dataDir: string): string => join(dataDir, 'control.json');

/** Written to a file of its own and renamed, so that a reader never meets half of it; mode 0600. */
export async function writeControlFile(dataDir: string, content: ControlFile): Promise<void> {
  await mkdir(dataDir, { recursive: true });
  const temporary = `${controlPath(dataDir)}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(`${JSON.stringify(content)}\n`);
    } finally {
      await handle.close();
    }
    await rename(temporary, controlPath(dataDir));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Undefined where there is none that can be read. */
export async function readControlFile(dataDir: string): Promise<ControlFile | undefined> {
  try {
    return controlFile.parse(JSON.parse(await readFile(controlPath(dataDir), 'utf8')));
  } catch {
    return undefined;
  }
}

/** Removes the file if it still names `token`: another process may have started meanwhile. */
export async function removeControlFile(dataDir: string, token: string): Promise<void> {
  if ((await readControlFile(dataDir))?.token === token) await rm(controlPath(dataDir), { force: true });
}
