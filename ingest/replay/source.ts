import { type Observable, Subject } from 'rxjs';
import type { Delivery, Outcome, UnavailableReason } from '../delivery.ts';
import type { BroughtMessage } from './brought.ts';

/** What became of one message; `unavailable`: nothing of it was stored by this try, or nobody knows, and it may be sent again. */
export type ReplayVerdict =
  | { readonly kind: 'outcome'; readonly outcome: Outcome }
  | { readonly kind: 'unavailable'; readonly reason: UnavailableReason };

/**
 * The fourth road: dead letters, and what a dead-letter queue holds, through the very same pipeline. Bounded by itself,
 * apart from the HTTP places.
 */
export interface ReplaySource {
  readonly deliveries$: Observable<Delivery>;
  /** Takes as many as there are places for; the others wait here, those of an earlier call first. Never rejects. */
  replay(messages: readonly BroughtMessage[]): Promise<readonly ReplayVerdict[]>;
  /** What waits is answered `stopping`; what is inside is still settled. */
  stopAccepting(): void;
  /** letters inside */
  inflight(): number;
}

export interface ReplayPlaces {
  readonly letters: number;
  readonly bytes: number;
  /** letters that may wait for a place */
  readonly waiting: number;
}

export const replayPlaces: ReplayPlaces = { letters: 500, bytes: 16 * 1_048_576, waiting: 5_000 };

interface Waiting {
  readonly message: BroughtMessage;
  readonly tell: (verdict: ReplayVerdict) => void;
}

/** @param refusal why nothing can be taken in right now; undefined: it can */
export function createReplaySource(
  refusal: () => UnavailableReason | undefined,
  places: ReplayPlaces = replayPlaces,
): ReplaySource {
  const deliveries = new Subject<Delivery>();
  const waiting: Waiting[] = [];
  let letters = 0;
  let bytes = 0;
  let stopping = false;
  let filling = false;

  function closedBecause(): UnavailableReason | undefined {
    if (stopping) return 'stopping';
    // nobody listens: it would wait for ever
    return refusal() ?? (deliveries.observed ? undefined : 'warehouse_away');
  }

  const hasPlace = (next: BroughtMessage): boolean =>
    letters === 0 || (letters < places.letters && bytes + next.bytes <= places.bytes);

  function fill(): void {
    // A delivery may be settled while it is handed over.
    if (filling) return;
    filling = true;
    for (let next = waiting[0]; next !== undefined && hasPlace(next.message); next = waiting[0]) {
      waiting.shift();
      const reason = closedBecause();
      if (reason === undefined) enter(next);
      else next.tell({ kind: 'unavailable', reason });
    }
    filling = false;
  }

  function enter({ message, tell }: Waiting): void {
    let released = false;
    letters += 1;
    bytes += message.bytes;
    deliveries.next({
      via: message.via,
      origin: message.origin,
      receivedAt: message.receivedAt,
      messages: [message.message],
      bytes: message.bytes,
      deadline: undefined,
      ...(message.replayed === undefined ? {} : { replayed: message.replayed }),
      settle(settlement) {
        const outcome = settlement.kind === 'durable' ? settlement.outcomes[0] : undefined;
        if (outcome !== undefined) return tell({ kind: 'outcome', outcome });
        const reason = settlement.kind === 'unavailable' ? settlement.reason : 'warehouse_away';
        tell({ kind: 'unavailable', reason });
      },
      release() {
        if (released) return;
        released = true;
        letters -= 1;
        bytes -= message.bytes;
        fill();
      },
    });
  }

  return {
    deliveries$: deliveries.asObservable(),
    replay(messages) {
      const verdicts = messages.map((message): Promise<ReplayVerdict> => {
        const reason = waiting.length >= places.waiting ? 'overloaded' : closedBecause();
        if (reason !== undefined) return Promise.resolve({ kind: 'unavailable', reason });
        return new Promise((tell) => waiting.push({ message, tell }));
      });
      fill();
      return Promise.all(verdicts);
    },
    stopAccepting() {
      stopping = true;
      for (const { tell } of waiting.splice(0)) tell({ kind: 'unavailable', reason: 'stopping' });
    },
    inflight: () => letters,
  };
}
