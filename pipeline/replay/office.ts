import type { Logger } from 'pino';
import type { DeadMessage } from '../../ingest/rabbitmq/dead-message.ts';
import type { BackupMade, Pruned, PruneLimits } from '../../sinks/retention.ts';
import type { Warehouse } from '../../sinks/warehouse.ts';
import { createDrainer } from './drainer.ts';
import { createReplayer, type ReplayerOptions } from './replayer.ts';
import type { DrainResult, ReplayRequest, ReplayResult } from './results.ts';

/** All that is done with dead letters and old rows, by whoever owns the warehouse; asked by commands and the page. */
export interface LetterOffice {
  /** At most 500 letters, in the order of the request (results.ts). */
  replay(request: ReplayRequest): Promise<readonly ReplayResult[]>;
  /** At most 500 messages of the broker's dead-letter queue, in their order. */
  drain(messages: readonly DeadMessage[], dryRun: boolean): Promise<readonly DrainResult[]>;
  /** @returns the ids that were discarded now */
  discard(ids: readonly string[], why: string): Promise<readonly string[]>;
  /** @param dryRun only counts */
  prune(limits: PruneLimits, dryRun: boolean): Promise<Pruned>;
  /** Into a folder of DATA_DIR/backup, for the caller to move. */
  backup(): Promise<BackupMade>;
}

export interface LetterOfficeOptions extends ReplayerOptions {
  readonly warehouse: Pick<
    Warehouse,
    'query' | 'lookUp' | 'discardLetters' | 'countPrunable' | 'prune' | 'backup'
  >;
  /** what was known of claims may be gone */
  readonly forgetClaims: () => void;
  readonly now: () => number;
  readonly log: Logger;
}

export function createLetterOffice(options: LetterOfficeOptions): LetterOffice {
  const { warehouse, forgetClaims, now, log } = options;
  const { replay } = createReplayer(options);
  const { drain } = createDrainer(options);
  return {
    replay,
    drain,
    async discard(ids, why) {
      const discarded = await warehouse.discardLetters(ids, why, now());
      log.info({ letters: discarded.length, why }, 'dead letters were discarded');
      return discarded;
    },
    async prune(limits, dryRun) {
      if (dryRun) return await warehouse.countPrunable(limits);
      try {
        const pruned = await warehouse.prune(limits);
        log.info({ ...pruned }, 'old rows were pruned');
        return pruned;
      } finally {
        // A part of them may be gone whatever it ended with.
        forgetClaims();
      }
    },
    async backup() {
      const made = await warehouse.backup();
      log.info({ seq: made.seq }, 'a backup was made');
      return made;
    },
  };
}
