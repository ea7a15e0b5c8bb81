import type { Logger } from 'pino';
import { KadaError, messageOf } from '../ingest/errors.ts';

/** What lifecycle needs of the process; `process` itself but for tests. */
export type ProcessLike = Pick<NodeJS.Process, 'on' | 'off' | 'exit' | 'ppid' | 'env'>;

export interface LifecycleOptions {
  readonly log: Logger;
  /** ms that an orderly stop may take (commit-protocol.md 14) */
  readonly shutdownDeadlineMs: number;
  /** Stops in order; called once. */
  readonly stop: (why: StopReason) => Promise<void>;
  readonly process?: ProcessLike;
  /** ms between two looks at the parent */
  readonly parentWatchMs?: number;
}

export type StopReason = 'SIGTERM' | 'SIGINT' | 'SIGHUP' | 'parent-gone' | 'requested';

export interface Lifecycle {
  /** Begins the orderly stop as a first signal would; a second call does nothing. */
  requestStop(why: StopReason): void;
  /** Takes the handlers away again. */
  release(): void;
}

const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/**
 * Ends the process in order:
 *
 *   running ─ first signal, or the parent gone ─▶ stopping ─ stop() done ─▶ exit 0
 *                                                    │── stop() failed, or the deadline ─▶ exit 1
 *                                                    └── a second signal ─▶ exit 1 at once
 *   any ─ an error that nobody caught ─▶ exit 1 (what was not settled is delivered again)
 *
 * npm under SIGTERM leaves its child behind, so a process that npm started also stops when its parent changes.
 * A terminal's Ctrl-C reaches npm and the process alike, and npm passes its own on: under npm a second signal
 * within 300 ms is the same press.
 */
export function createLifecycle(options: LifecycleOptions): Lifecycle {
  const { log, shutdownDeadlineMs } = options;
  const host = options.process ?? process;
  const echoMs = host.env.npm_lifecycle_event === undefined ? 0 : 300;
  let stopping = false;
  let firstSignalAt: number | undefined;

  function requestStop(why: StopReason): void {
    if (stopping) return;
    stopping = true;
    log.info({ why, deadlineMs: shutdownDeadlineMs }, 'stopping in order');
    const deadline = setTimeout(() => {
      log.error(
        { code: 'KADA_STOP_DEADLINE' },
        `not stopped within ${shutdownDeadlineMs} ms: what is not settled is delivered again`,
      );
      host.exit(1);
    }, shutdownDeadlineMs);
    Promise.resolve()
      .then(() => options.stop(why))
      .then(
        () => {
          clearTimeout(deadline);
          log.info('stopped');
          host.exit(0);
        },
        (error: unknown) => {
          clearTimeout(deadline);
          log.error({ code: codeOf(error) }, `the stop failed: ${messageOf(error)}`);
          host.exit(1);
        },
      );
  }

  function onSignal(signal: NodeJS.Signals): void {
    if (firstSignalAt === undefined) {
      firstSignalAt = performance.now();
      requestStop(signal === 'SIGINT' || signal === 'SIGHUP' ? signal : 'SIGTERM');
      return;
    }
    if (performance.now() - firstSignalAt < echoMs) return;
    log.warn({ signal }, 'second signal: stopping at once');
    host.exit(1);
  }

  function onFault(error: unknown): void {
    log.fatal({ code: codeOf(error), err: error }, `an error that nobody caught: ${messageOf(error)}`);
    host.exit(1);
  }

  for (const signal of signals) host.on(signal, onSignal);
  host.on('uncaughtException', onFault);
  host.on('unhandledRejection', onFault);
  const watch = watchParent(host, options.parentWatchMs ?? 250, () => requestStop('parent-gone'));

  function release(): void {
    for (const signal of signals) host.off(signal, onSignal);
    host.off('uncaughtException', onFault);
    host.off('unhandledRejection', onFault);
    clearInterval(watch);
  }

  return { requestStop, release };
}

const codeOf = (error: unknown): string => (error instanceof KadaError ? error.code : 'KADA_UNCAUGHT');

const watchParent = (host: ProcessLike, everyMs: number, onGone: () => void): NodeJS.Timeout | undefined => {
  if (host.env.npm_lifecycle_event === undefined) return undefined;
  const parent = host.ppid;
  const watch = setInterval(() => {
    if (host.ppid === parent) return;
    clearInterval(watch);
    onGone();
  }, everyMs);
  watch.unref();
  return watch;
};
