import type { Logger } from 'pino';
import type { UnavailableReason } from '../ingest/delivery.ts';
import type { IntakeGate } from '../ingest/http/gate.ts';
import { freeMegabytes } from '../sinks/disk-space.ts';
import type { AwayState } from './commit/availability.ts';

export interface Intake extends IntakeGate {
  /** from now on every entrance refuses; for good */
  stop(): void;
  /** Measures the disk once, then regularly until `close`. */
  watchDisk(): Promise<void>;
  diskLow(): boolean;
  close(): void;
}

export interface IntakeOptions {
  /** undefined: the warehouse is there */
  readonly away: () => AwayState | undefined;
  readonly dataDir: string;
  readonly minFreeDiskMb: number;
  readonly now: () => number;
  readonly log: Logger;
  /** the disk has run low, or there is room again */
  readonly onDisk: (low: boolean) => void;
}

/** A blip of the warehouse is waited out; after this it is told to senders at the door, ms. */
const patienceMs = 1_000;
const lookEveryMs = 1_000;

/** Why nothing can be taken in right now: one answer for every entrance (commit-protocol.md 18). */
export function createIntakeGate(options: IntakeOptions): Intake {
  const { now, log } = options;
  let stopping = false;
  let diskLow = false;
  let timer: NodeJS.Timeout | undefined;

  async function look(): Promise<void> {
    const free = await freeMegabytes(options.dataDir);
    const low = free < options.minFreeDiskMb;
    if (low === diskLow) return;
    diskLow = low;
    if (low)
      log.error(
        { code: 'KADA_DISK_LOW', freeMb: free, minMb: options.minFreeDiskMb },
        'the disk is nearly full: nothing is taken in',
      );
    else log.info({ freeMb: free }, 'there is room on the disk again');
    options.onDisk(low);
  }

  function refusal(): UnavailableReason | undefined {
    if (stopping) return 'stopping';
    if (diskLow) return 'disk_low';
    const away = options.away();
    return away !== undefined && now() - away.since > patienceMs ? 'warehouse_away' : undefined;
  }

  return {
    refusal,
    stop: () => {
      stopping = true;
    },
    async watchDisk() {
      await look();
      timer = setInterval(
        () => void look().catch((error: unknown) => log.warn({ err: error }, 'free disk unknown')),
        lookEveryMs,
      );
      timer.unref();
    },
    diskLow: () => diskLow,
    close: () => clearInterval(timer),
  };
}
