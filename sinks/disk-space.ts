import { statfs } from 'node:fs/promises';

/** Megabytes (of 1,048,576 bytes) that this process may still write in the file system of `folder`. */
export async function freeMegabytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return Math.floor((bavail * bsize) / 1_048_576);
}
