import { type MonoTypeOperatorFunction, tap } from 'rxjs';
import type { Outcome } from '../../ingest/delivery.ts';
import type { Resolution } from '../commit/committer.ts';
import type { Member } from '../commit/entry.ts';

/** Durable before done: only now the sender hears of it (ack, nack or HTTP answer). */
export function settle(): MonoTypeOperatorFunction<Resolution> {
  return tap(function settleDeliveries({ members }) {
    for (const member of members) {
      member.delivery.settle({ kind: 'durable', outcomes: outcomesOf(member) });
      member.delivery.release();
    }
  });
}

function outcomesOf(member: Member): readonly Outcome[] {
  const outcomes: Outcome[] = [];
  for (const { outcome } of member.entries) if (outcome !== undefined) outcomes.push(outcome);
  return outcomes;
}
