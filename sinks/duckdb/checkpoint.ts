import { stat } from 'node:fs/promises';
import { messageOf } from '../../ingest/errors.ts';
import type { EngineLog } from '../warehouse.ts';
import { type Connections, databasePath } from './connections.ts';

/** From this size on the log is folded into the file when nobody commits. */
const dueBytes = 32 * 1024 * 1024;
/** Nobody commits: no commit for this long. */
const idleMs = 2_000;

export interface Checkpoints {
  /** Tells that a commit began or ended. */
  busy(): void;
  /** Was there a commit within the last two seconds? */
  isBusy(): boolean;
  /**
   * Folds the write-ahead log into the file when it is large and nothing has been committed for a while, so
   * that no commit waits for it and a start after a crash is quick. True when it did.
   */
  checkpointIfDue(): Promise<boolean>;
}

export function createCheckpoints(connections: Connections, dataDir: string, log: EngineLog): Checkpoints {
  let lastBusy = Date.now();
  let running = false;
  const isBusy = (): boolean => Date.now() - lastBusy < idleMs;
  return {
    busy() {
      lastBusy = Date.now();
    },
    isBusy,
    async checkpointIfDue() {
      if (running || isBusy()) return false;
      running = true;
      try {
        const logFile = await stat(`${databasePath(dataDir)}.wal`).catch(() => undefined);
        if ((logFile?.size ?? 0) < dueBytes) return false;
        await connections.run('read', (connection) => connection.run('CHECKPOINT'));
        return true;
      } catch (error) {
        // Refused beside another writer's transaction: the next quiet moment will do.
        log.debug({ reason: messageOf(error) }, 'checkpoint put off');
        return false;
      } finally {
        running = false;
      }
    },
  };
}
