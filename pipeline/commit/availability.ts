import { setTimeout as delay } from 'node:timers/promises';

export interface AwayState {
  /** ms since 1970 */
  readonly since: number;
  readonly code: string;
  readonly message: string;
}

/** A store that can be read may still take no writes (a full disk): a read proves nothing for the writes. */
export type Side = 'write' | 'read';

/** Is the warehouse there? One meaning for the commits, the look-ups, the gate and /readyz. */
export interface Availability {
  readonly away: () => AwayState | undefined;
  failed(side: Side, code: string, message: string): void;
  succeeded(side: Side): void;
  /** Resolves after a pause that grows with `attempt` and is jittered: 50 ms to 5 s. */
  backOff(attempt: number): Promise<void>;
}

export interface AvailabilityOptions {
  readonly now: () => number;
  /** commit-protocol.md 11: away for longer than this, held messages go back to the broker */
  readonly giveBackAfterMs: number;
  readonly canRead: () => Promise<boolean>;
  /** false while a batch is on its way: that one answers for itself */
  readonly canWrite: () => Promise<boolean>;
  readonly onAway: (state: AwayState) => void;
  readonly onGiveBack: (state: AwayState) => void;
  /** the store answers again after it was away */
  readonly onBack: (state: AwayState) => void;
}

/**
 *   there ── failed ──▶ away ── giveBackAfterMs ──▶ away, given back
 *     ▲                   │                              │
 *     └──── succeeded ────┴──────────── succeeded ───────┘
 *
 * While away it also asks by itself, so that the process comes back when nothing is left to retry.
 */
export function createAvailability(options: AvailabilityOptions): Availability {
  let state: AwayState | undefined;
  let side: Side = 'read';
  let giveBackTimer: NodeJS.Timeout | undefined;

  async function askUntilBack(asked: AwayState): Promise<void> {
    for (let attempt = 0; state === asked; attempt += 1) {
      await pause(attempt);
      if (state !== asked) return;
      const looked = side;
      const there = looked === 'write' ? options.canWrite() : options.canRead();
      if (await there.catch(() => false)) succeeded(looked);
    }
  }

  function failed(of: Side, code: string, message: string): void {
    if (state === undefined || of === 'write') side = of;
    if (state !== undefined) return;
    const away = { since: options.now(), code, message };
    state = away;
    options.onAway(away);
    giveBackTimer = setTimeout(() => options.onGiveBack(away), options.giveBackAfterMs);
    giveBackTimer.unref();
    void askUntilBack(away);
  }

  function succeeded(of: Side): void {
    if (state === undefined || (side === 'write' && of === 'read')) return;
    const was = state;
    state = undefined;
    clearTimeout(giveBackTimer);
    options.onBack(was);
  }

  return { away: () => state, failed, succeeded, backOff: pause };
}

async function pause(attempt: number): Promise<void> {
  const ceiling = Math.min(5_000, 50 * 2 ** Math.min(attempt, 10));
  await delay(ceiling / 2 + Math.random() * (ceiling / 2), undefined, { ref: false });
}
