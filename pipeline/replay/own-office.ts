import type { Logger } from 'pino';
import { createReplaySource } from '../../ingest/replay/source.ts';
import type { Warehouse } from '../../sinks/warehouse.ts';
import { createCommitPath } from '../commit/path.ts';
import { batchLimits, breakerMs, commitRules } from '../commit/rules.ts';
import type { Config } from '../config.ts';
import { decode } from '../steps/decode.ts';
import { identify } from '../steps/identify.ts';
import { settle } from '../steps/settle.ts';
import { validate } from '../steps/validate.ts';
import { createValidation } from '../validation.ts';
import { createLetterOffice, type LetterOffice } from './office.ts';

export interface OwnOffice {
  readonly letters: LetterOffice;
  /** Waits for what is inside; the warehouse stays the caller's. */
  close(): Promise<void>;
}

const maxMaybes = 1_250;
const giveBackAfterMs = 60_000;

/**
 * The pipeline's commit path over a warehouse that this process opened, for commands: the same steps in the same
 * order, fed by replays alone. Nobody looks at it, so nothing is folded.
 */
export async function openOwnOffice(
  warehouse: Warehouse,
  config: Pick<Config, 'storeIp' | 'fingerprintCacheSize'>,
  log: Logger,
): Promise<OwnOffice> {
  const now = Date.now;
  const mayKeep = (): boolean => true;
  const source = createReplaySource(() => undefined);
  const validation = createValidation({ storeIp: config.storeIp, mayKeep, log });
  const path = createCommitPath({
    warehouse,
    cacheSize: config.fingerprintCacheSize,
    // A command replays few: what it would know beforehand costs more than it saves.
    warm: [],
    rules: commitRules(mayKeep),
    limits: batchLimits,
    maxMaybes,
    giveBackAfterMs,
    breakerMs,
    now,
    log,
    onCache: () => undefined,
    onGiveBack: () => Promise.resolve(),
    onBack: () => undefined,
  });
  const subscription = source.deliveries$
    .pipe(decode(), validate(validation), identify(path), path.commit(), settle())
    .subscribe();
  return {
    letters: createLetterOffice({
      warehouse,
      judge: validation.judge,
      source,
      forgetClaims: path.forgetClaims,
      now,
      log,
    }),
    async close() {
      source.stopAccepting();
      await path.committer.drained();
      subscription.unsubscribe();
    },
  };
}
