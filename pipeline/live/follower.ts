import { setTimeout as delay } from 'node:timers/promises';
import { Observable, type Subscriber } from 'rxjs';
import type { CommittedPage, CommittedRange, Warehouse } from '../../sinks/warehouse.ts';

export interface FollowerOptions {
  readonly warehouse: Pick<Warehouse, 'readCommitted'>;
  /** the marker that a rebuild went up to: the first page begins after it */
  readonly after: number;
  /** ms: when that marker was read */
  readonly markedAt: number;
  /** the letters that count now */
  readonly letters: () => CommittedRange['letters'];
  /** events of one page, about; default 5,000 */
  readonly limit?: number;
  /** ms between two looks when there is nothing more; default 250 */
  readonly everyMs?: number;
  readonly now: () => number;
  readonly onAnswer: () => void;
  /** it could not be read; resolves when it may be asked again */
  readonly onFailure: (error: unknown, attempt: number) => Promise<void>;
}

/** The log of the warehouse as it grows, whoever writes it (commit-protocol.md 16). */
export interface Follower {
  /**
   * Each page once, in order; begins and ends with its one subscriber. It never fails: what could not be read is asked
   * for again.
   */
  readonly pages$: Observable<CommittedPage>;
  /** ms: what had been committed by then has been told; it stands still while nothing can be read */
  asOf(): number;
}

const pageEvents = 5_000;
const lookEveryMs = 250;

/**
 *   asleep ── everyMs ──▶ reading ── a page, and there is more ──▶ reading
 *     ▲                     ├── the last page ──▶ asleep
 *     │                     └── failed ──▶ waiting ── onFailure's pause ──▶ reading, after the same marker
 */
export function createFollower(options: FollowerOptions): Follower {
  const { warehouse, now, limit = pageEvents, everyMs = lookEveryMs } = options;
  let { after, markedAt: asOf } = options;
  /** a moment that is not reached yet, and the highest number that had been handed out by then */
  let awaited: { readonly at: number; readonly given: number } | undefined;

  function advance(readAt: number, { upTo, given }: CommittedPage): void {
    after = upTo;
    if (awaited !== undefined && upTo >= awaited.given) {
      asOf = awaited.at;
      awaited = undefined;
    }
    if (upTo >= given) asOf = readAt;
    // While others commit there is always a number in use: the moment of this look is reached by a later one.
    else awaited ??= { at: readAt, given };
  }

  async function follow(pages: Subscriber<CommittedPage>, signal: AbortSignal): Promise<void> {
    for (let attempt = 0; !signal.aborted; ) {
      const readAt = now();
      let page: CommittedPage;
      try {
        page = await warehouse.readCommitted({ after, limit, letters: options.letters() });
      } catch (error) {
        await options.onFailure(error, attempt);
        attempt += 1;
        continue;
      }
      if (signal.aborted) return;
      attempt = 0;
      options.onAnswer();
      pages.next(page);
      advance(readAt, page);
      if (!page.more) await delay(everyMs, undefined, { signal }).catch(() => undefined);
    }
  }

  return {
    pages$: new Observable((pages) => {
      const ended = new AbortController();
      void follow(pages, ended.signal);
      return () => ended.abort();
    }),
    asOf: () => asOf,
  };
}
