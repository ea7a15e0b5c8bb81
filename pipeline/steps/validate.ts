import { map, type OperatorFunction } from 'rxjs';
import type { Delivery } from '../../ingest/delivery.ts';
import type { DeadLetter } from '../../ingest/event.ts';
import type { Judged } from '../../ingest/normalise.ts';
import { addEntry, conclude, type Member, newMember } from '../commit/entry.ts';
import type { DecodedDelivery } from './decode.ts';

export interface Validation {
  /** contract, normalisation and identity of one message; `ordinal`: always-new events before it */
  readonly judge: (
    decoded: DecodedDelivery['decoded'][number],
    delivery: Delivery,
    ordinal: number,
  ) => Judged;
  /** may this dead letter be kept? (bounds of the public /track, events.md 7) */
  readonly mayKeep: (letter: DeadLetter, delivery: Delivery) => boolean;
}

/** Each message becomes a typed event with an identity, or a dead letter with a reason. */
export function validate(validation: Validation): OperatorFunction<DecodedDelivery, Member> {
  return map(function validateDelivery({ delivery, decoded }) {
    const member = newMember(delivery);
    let alwaysNew = 0;
    for (const one of decoded) {
      const judged = validation.judge(one, delivery, alwaysNew);
      if (judged.kind === 'event') {
        addEntry(member, judged.event, undefined);
        if (judged.event.alwaysNew) alwaysNew += 1;
        continue;
      }
      const { letter } = judged;
      const entry = addEntry(member, undefined, letter);
      if (delivery.replayed !== undefined) {
        // Its row stands, with its claim: only what became of it is written.
        entry.state = 'noted';
        continue;
      }
      if (validation.mayKeep(letter, delivery)) continue;
      conclude(entry, {
        kind: 'rejected',
        eventId: letter.eventId,
        reason: letter.reason,
        issues: letter.issues,
      });
    }
    return member;
  });
}
