import { setTimeout as delay } from 'node:timers/promises';
import { KadaError } from '../../ingest/errors.ts';
import {
  countPending,
  type LetterCursor,
  type LetterFilter,
  type LetterHead,
  type LetterQuery,
  pendingLetters,
  wholeLetters,
} from '../../sinks/letter-query.ts';
import { bodyDiff } from './body-diff.ts';
import type { LetterOffice } from './office.ts';
import { mostLetters, type ReplayResult } from './results.ts';
import { createTally, type Tally } from './tally.ts';
import { letterToMend, mend, type Transform } from './transform.ts';

/** Whom a replay asks; again and again while its owner restarts. */
export type AskDesk = <T>(
  use: (desk: { readonly letters: LetterOffice; readonly query: LetterQuery }) => Promise<T>,
) => Promise<T>;

export interface ReplayPlan {
  readonly filter: LetterFilter;
  /** letters, the oldest first; undefined: all that pend when it begins to look */
  readonly limit: number | undefined;
  readonly dryRun: boolean;
  /** letters a second; undefined: as fast as they go */
  readonly rate: number | undefined;
  readonly transform: Transform | undefined;
  /** gives the letters up, and says why, instead of replaying them */
  readonly discard: string | undefined;
}

export interface ReplayHooks {
  onProgress(done: number, total: number): void;
  /** of a dry run with a transform: what it would change */
  onDiff(letterId: string, reason: string, lines: readonly string[]): void;
  /** a transform failed on this letter, which is left as it is */
  onTransformFailed(letterId: string, why: string): void;
  readonly stopped: () => boolean;
}

interface Item {
  readonly head: LetterHead;
  readonly body: string | undefined;
}

/** Characters of payloads or mended bodies that are held at once. */
const charactersAtOnce = 4 * 1_048_576;

/**
 * Replays pending letters page by page. Stopped or killed at any point it is simply run again: what became of a letter
 * stands in its row, written with its event.
 */
export async function runReplay(ask: AskDesk, plan: ReplayPlan, hooks: ReplayHooks): Promise<Tally> {
  const { filter, limit = Number.POSITIVE_INFINITY } = plan;
  const tally = createTally();
  const pages = plan.rate === undefined ? mostLetters : Math.min(mostLetters, Math.max(1, plan.rate));
  const total = Math.min(limit, await ask(({ query }) => countPending(query, filter)));
  hooks.onProgress(0, total);
  const began = performance.now();
  const stored = new Map<string, string>();
  let cursor: LetterCursor | undefined;
  while (tally.count() < limit && !hooks.stopped()) {
    const size = Math.min(pages, limit - tally.count());
    const heads = await ask(({ query }) => pendingLetters(query, filter, cursor, size));
    if (heads.length === 0) break;
    for (const group of groupsOf(heads)) await take(group);
    cursor = heads.at(-1);
    hooks.onProgress(tally.count(), Math.max(total, tally.count()));
    await keepRate();
  }
  return tally;

  async function keepRate(): Promise<void> {
    if (plan.rate === undefined) return;
    const due = began + (tally.count() / plan.rate) * 1000;
    if (due > performance.now()) await delay(due - performance.now());
  }

  async function take(heads: readonly LetterHead[]): Promise<void> {
    if (plan.discard !== undefined) return await discard(heads, plan.discard);
    const { transform } = plan;
    const items =
      transform === undefined
        ? heads.map((head) => ({ head, body: undefined }))
        : await mendAll(transform, heads);
    for (const some of itemsAtOnce(items)) await send(some);
  }

  async function discard(heads: readonly LetterHead[], why: string): Promise<void> {
    const ids = heads.map(({ id }) => id);
    const discarded = new Set(plan.dryRun ? ids : await ask(({ letters }) => letters.discard(ids, why)));
    for (const { id, reason } of heads)
      tally.add(reason, discarded.has(id) ? 'discarded' : 'resolved by somebody else');
  }

  async function mendAll(transform: Transform, heads: readonly LetterHead[]): Promise<readonly Item[]> {
    const byId = new Map(heads.map((head) => [head.id, head]));
    const rows = await ask(({ query }) => wholeLetters(query, [...byId.keys()]));
    const items: Item[] = [];
    for (const row of rows) {
      const letter = letterToMend(row);
      const head = byId.get(letter.id);
      if (head === undefined) continue;
      const mended = await mend(transform, letter);
      if (mended.kind === 'mended') {
        if (plan.dryRun) hooks.onDiff(head.id, head.reason, bodyDiff(letter.payload, mended.body));
        items.push({ head, body: mended.body });
        continue;
      }
      if (mended.kind === 'failed') hooks.onTransformFailed(head.id, mended.why);
      tally.add(head.reason, mended.kind === 'left' ? 'left by the transform' : 'transform failed');
    }
    return items;
  }

  async function send(items: readonly Item[]): Promise<void> {
    for (let open = items; open.length > 0; ) {
      const sent = open;
      const results = await ask(async ({ letters }) => {
        const told = await letters.replay({ letters: sent.map(requested), dryRun: plan.dryRun });
        const [first] = told;
        if (first?.outcome === 'unavailable' && told.every(({ outcome }) => outcome === 'unavailable'))
          throw new KadaError('KADA_REPLAY_UNAVAILABLE', `nothing is taken in now: ${first.reason}`);
        return told;
      });
      open = sent.filter((_item, index) => results[index]?.outcome === 'unavailable');
      for (const [index, { head }] of sent.entries()) {
        const result = results[index];
        if (result !== undefined && result.outcome !== 'unavailable')
          tally.add(head.reason, outcomeText(result));
      }
    }
  }

  function outcomeText(result: ReplayResult): string {
    switch (result.outcome) {
      case 'stored': {
        // Letters of a dry run's earlier requests are not there for the later ones to meet.
        if (plan.dryRun && stored.has(result.eventId)) return 'duplicate';
        if (plan.dryRun) stored.set(result.eventId, result.id);
        return 'stored';
      }
      case 'duplicate':
        return 'duplicate';
      case 'dead_lettered':
        return `still dead: ${result.reason}`;
      case 'resolved':
        return `resolved already: ${result.resolution?.split(' ')[0] ?? result.status}`;
      default:
        return 'gone';
    }
  }
}

const requested = ({ head: { id }, body }: Item) => (body === undefined ? { id } : { id, body });

function groupsOf(heads: readonly LetterHead[]): readonly (readonly LetterHead[])[] {
  return packed(heads, ({ size }) => size);
}

const itemsAtOnce = (items: readonly Item[]): readonly (readonly Item[])[] =>
  packed(items, ({ body }) => body?.length ?? 0);

function packed<T>(all: readonly T[], sizeOf: (one: T) => number): readonly (readonly T[])[] {
  const groups: T[][] = [];
  let room = 0;
  for (const one of all) {
    const size = sizeOf(one);
    const group = groups.at(-1);
    if (group === undefined || size > room) {
      groups.push([one]);
      room = charactersAtOnce - size;
      continue;
    }
    group.push(one);
    room -= size;
  }
  return groups;
}
