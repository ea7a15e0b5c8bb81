import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The mark (commit-protocol.md 17): beside the file stands which database it is and how far its commits had
 * come. DuckDB opens without a word when its write-ahead log was cut off or is gone; the mark notices.
 */
export interface Mark {
  /** ops.warehouse's id */
  readonly id: string;
  /** the highest ingest_seq whose COMMIT returned */
  readonly seq: number;
}

export const markPath = (dataDir: string): string => join(dataDir, 'warehouse.mark');

/** The mark beside the file; `unreadable` when there is one that says nothing. */
export async function readMark(dataDir: string): Promise<Mark | 'none' | 'unreadable'> {
  let text: string;
  try {
    text = await readFile(markPath(dataDir), 'utf8');
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'none' : 'unreadable';
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && 'id' in value && 'seq' in value) {
      const { id, seq } = value;
      if (typeof id === 'string' && typeof seq === 'number' && Number.isSafeInteger(seq) && seq >= 0)
        return { id, seq };
    }
  } catch {
    // Told below.
  }
  return 'unreadable';
}

/** Replaces the mark as a whole: a reader finds the old one or the new one, never half of one. */
export async function writeMark(dataDir: string, mark: Mark): Promise<void> {
  const path = markPath(dataDir);
  // Flushed before it is renamed: a power cut must not leave an empty mark in the old one's place.
  await writeFile(`${path}.new`, `${JSON.stringify(mark)}\n`, { flush: true });
  await rename(`${path}.new`, path);
}
