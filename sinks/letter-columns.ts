import type { DeadLetter } from '../ingest/event.ts';
import type { BronzeColumn } from './bronze-columns.ts';

const letterText = (
  name: string,
  length: number | undefined,
  of: (letter: DeadLetter) => string | null,
  required = true,
): BronzeColumn<DeadLetter> => ({ name, type: 'text', length, required, of });
const letterTime = (
  name: string,
  of: (letter: DeadLetter) => number | null,
  required = true,
): BronzeColumn<DeadLetter> => ({ name, type: 'timestamp', required, of });

/** ops.dead_letter_events as a commit writes it. `at`: ms, of the batch. */
export const letterColumns = (at: number): readonly BronzeColumn<DeadLetter>[] => [
  { name: 'event_id', type: 'uuid', required: true, of: (letter) => letter.id },
  letterTime('failed_at', () => at),
  letterTime('received_at', (letter) => letter.receivedAt),
  letterText('source', 50, (letter) => letter.source),
  letterText('stage', 20, (letter) => letter.stage),
  letterText('reason', 500, (letter) => letter.reason),
  letterText('detail', undefined, (letter) => letter.detail),
  letterText('context', undefined, (letter) => letter.context),
  letterText('payload', undefined, (letter) => letter.payload),
  letterText('fingerprint', 64, (letter) => letter.fingerprint),
  { name: 'attempts', type: 'integer', required: true, of: () => 0 },
  { name: 'seen', type: 'integer', required: true, of: () => 1 },
  letterTime('last_seen_at', () => at),
  letterText('status', 20, () => 'pending'),
  letterTime('resolved_at', () => null, false),
  letterText('resolution', undefined, () => null, false),
];
