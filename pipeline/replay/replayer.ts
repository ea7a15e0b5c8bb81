import type { DeliveredBy } from '../../ingest/event.ts';
import type { ReplaySource, ReplayVerdict } from '../../ingest/replay/source.ts';
import { type ReplayMessage, replayMessage, type StoredLetter } from '../../ingest/replay/stored-letter.ts';
import { type LetterHead, lettersById, wholeLetters } from '../../sinks/letter-query.ts';
import type { QueryValue, Warehouse } from '../../sinks/warehouse.ts';
import type { Validation } from '../steps/validate.ts';
import { dryRun } from './dry-run.ts';
import type { ReplayRequest, ReplayResult } from './results.ts';

export interface ReplayerOptions {
  readonly warehouse: Pick<Warehouse, 'query' | 'lookUp'>;
  readonly judge: Validation['judge'];
  readonly source: Pick<ReplaySource, 'replay'>;
}

export interface Replayer {
  /** In the order of the request; one letter named twice is replayed once. Rejects as the warehouse does. */
  replay(request: ReplayRequest): Promise<readonly ReplayResult[]>;
}

/** Characters of payloads that are held at once. */
const charactersAtOnce = 4 * 1_048_576;

/** The dead letters of a request, read, judged and told; whoever asks. */
export function createReplayer({ warehouse, judge, source }: ReplayerOptions): Replayer {
  async function read(ids: readonly string[], bodies: Bodies): Promise<readonly ReplayMessage[]> {
    const rows = await wholeLetters(warehouse.query, ids);
    const letters = new Map(rows.map(storedLetter).map((letter) => [letter.id, letter]));
    return ids.flatMap((id) => {
      const letter = letters.get(id);
      return letter === undefined ? [] : [replayMessage(letter, bodies.get(id))];
    });
  }

  async function run(messages: readonly ReplayMessage[], dry: boolean): Promise<readonly ReplayResult[]> {
    if (dry) return await dryRun(messages, { judge, lookUp: warehouse.lookUp });
    const verdicts = await source.replay(messages);
    return await withDiscards(
      messages.map((message, index) => resultOf(message.replayed.letterId, verdicts[index])),
    );
  }

  /** Somebody may have discarded one meanwhile: no event came of it, whatever its replay was told. */
  async function withDiscards(results: readonly ReplayResult[]): Promise<readonly ReplayResult[]> {
    const ids = results.filter(({ outcome }) => outcome === 'duplicate').map(({ id }) => id);
    if (ids.length === 0) return results;
    const heads = await lettersById(warehouse.query, ids);
    const discarded = new Map(
      heads.filter(({ status }) => status === 'discarded').map((head) => [head.id, head]),
    );
    return results.map((result) => {
      const head = discarded.get(result.id);
      return head === undefined ? result : resolved(head);
    });
  }

  return {
    async replay({ letters, dryRun: dry }) {
      const bodies: Bodies = new Map(letters.map(({ id, body }) => [id.toLowerCase(), body]));
      const heads = await lettersById(warehouse.query, [...bodies.keys()]);
      const results = new Map<string, ReplayResult>();
      const pending: LetterHead[] = [];
      for (const head of heads) {
        if (head.status === 'pending') pending.push(head);
        else results.set(head.id, resolved(head));
      }
      for (const group of groupsOf(pending)) {
        const messages = await read(group, bodies);
        for (const result of await run(messages, dry)) results.set(result.id, result);
      }
      return [...bodies.keys()].map((id) => results.get(id) ?? { id, outcome: 'unknown' });
    },
  };
}

const resolved = ({ id, status, resolution }: LetterHead): ReplayResult => ({
  id,
  outcome: 'resolved',
  status,
  resolution,
});

type Bodies = ReadonlyMap<string, string | undefined>;

function groupsOf(heads: readonly LetterHead[]): readonly (readonly string[])[] {
  const groups: string[][] = [];
  let room = 0;
  for (const { id, size } of heads) {
    const group = groups.at(-1);
    if (group === undefined || size > room) {
      groups.push([id]);
      room = charactersAtOnce - size;
      continue;
    }
    group.push(id);
    room -= size;
  }
  return groups;
}

const resultOf = (id: string, verdict: ReplayVerdict | undefined): ReplayResult => {
  if (verdict === undefined) return { id, outcome: 'unknown' };
  if (verdict.kind === 'unavailable') return { id, outcome: 'unavailable', reason: verdict.reason };
  const { outcome } = verdict;
  switch (outcome.kind) {
    case 'stored':
    case 'duplicate':
    case 'published':
      return { id, outcome: outcome.kind === 'stored' ? 'stored' : 'duplicate', eventId: outcome.eventId };
    case 'dead-lettered':
    case 'rejected':
      return {
        id,
        outcome: 'dead_lettered',
        stage: outcome.kind === 'rejected' ? 'validate' : outcome.stage,
        reason: outcome.reason,
        issues: [...outcome.issues],
      };
  }
};

const text = (value: QueryValue | undefined): string =>
  value === null || value === undefined ? '' : String(value);

const sources: ReadonlySet<string> = new Set<DeliveredBy>(['rabbitmq', 'collector', 'tracking', 'replay']);
const isSource = (name: string): name is DeliveredBy => sources.has(name);

const storedLetter = (row: Readonly<Record<string, QueryValue>>): StoredLetter => {
  const source = text(row.source);
  return {
    id: text(row.event_id),
    // The old system had other names, and only its queue.
    source: isSource(source) ? source : 'rabbitmq',
    reason: text(row.reason),
    receivedAt: Date.parse(text(row.received_at)),
    context: text(row.context),
    payload: text(row.payload),
  };
};
