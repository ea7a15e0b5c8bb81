import { type Decoded, decodeMessage } from '../../ingest/decode.ts';
import type { Judged } from '../../ingest/normalise.ts';
import type { BroughtMessage } from '../../ingest/replay/brought.ts';
import type { Validation } from '../steps/validate.ts';

/** What a message would be judged as, without delivering it: nothing is claimed, written or settled. */
export function judgeUndelivered(
  { via, origin, receivedAt, message, replayed, bytes }: BroughtMessage,
  judge: Validation['judge'],
): { readonly decoded: Decoded; readonly judged: Judged } {
  const decoded = decodeMessage(message);
  const judged = judge(
    decoded,
    {
      via,
      origin,
      receivedAt,
      messages: [message],
      bytes,
      deadline: undefined,
      ...(replayed === undefined ? {} : { replayed }),
      settle: () => undefined,
      release: () => undefined,
    },
    0,
  );
  return { decoded, judged };
}
