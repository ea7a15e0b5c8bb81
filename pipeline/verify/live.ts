import { setTimeout as delay } from 'node:timers/promises';
import type { EtlRun } from '../../sinks/materialise/plan.ts';
import type { Ask } from './check.ts';
import { lookAt, lookAtOrders } from './live-compare.ts';
import type { LiveFrame } from './live-frame.ts';
import { type Entries, exactFor, readEntries, readOrders } from './live-sql.ts';

export interface LiveOptions {
  readonly ask: Ask;
  readonly readLive: () => Promise<LiveFrame>;
  readonly runCycle: () => Promise<EtlRun>;
  readonly showSeeds: boolean;
  readonly print: (text: string) => void;
}

const rounds = 6;
const betweenRoundsMs = 2_000;
const shownDifferences = 10;
const minute = 60_000;

/**
 * Holds the live view against SQL: a frame, a cycle of Silver and Gold, SQL, a frame. What stood still between the
 * frames must be the same in all three. What differs is looked at again: the last events may still wait for the
 * look-up of their order. @returns how many funnels differ
 */
export async function verifyLive(options: LiveOptions): Promise<number> {
  const { print } = options;
  let last: Round | undefined;
  for (let round = 1; round <= rounds; round += 1) {
    print(`waiting for a cycle of Silver and Gold (round ${round} of at most ${rounds}) …`);
    last = await lookOnce(options);
    if (last.reason === undefined) break;
    if (round < rounds) {
      print(`  again: ${last.reason}`);
      await delay(betweenRoundsMs);
    }
  }
  if (last === undefined) return 1;
  for (const line of last.lines) print(line);
  if (last.broken === 0 && last.reason !== undefined) print(`BROKEN  ${last.reason}`);
  return last.reason === undefined ? 0 : Math.max(1, last.broken);
}

interface Round {
  /** why it proves nothing, or what differs; undefined: all that stood still is alike */
  readonly reason: string | undefined;
  readonly broken: number;
  readonly lines: readonly string[];
}

const unproven = (reason: string): Round => ({ reason, broken: 0, lines: [] });

async function lookOnce({ ask, readLive, runCycle, showSeeds }: LiveOptions): Promise<Round> {
  const before = await readLive();
  const notYet = notLive(before);
  if (notYet !== undefined) return unproven(notYet);
  const run = await runCycle();
  if (run.status !== 'success') return unproven(`the cycle was ${run.status}: ${run.errorMessage ?? ''}`);

  const { now } = await readLive();
  const counted = new Map<string, readonly Entries[]>();
  for (const { name } of before.funnels)
    counted.set(name, await readEntries(ask, name, before.horizonStart, now));
  const after = await readLive();
  if (after.now > now + exactFor) return unproven('it took too long to ask SQL');
  const orderEdge = Math.max(
    after.horizonStart,
    Math.floor((after.now - 24 * 60 * minute) / minute) * minute,
  );
  const orders = await readOrders(ask, orderEdge, showSeeds);
  const last = await readLive();

  const lines: string[] = [];
  let broken = 0;
  let held = 0;
  let entered = false;
  for (const funnel of after.funnels) {
    const own = before.funnels.find(({ name }) => name === funnel.name);
    if (own === undefined) return unproven(`the funnel ${funnel.name} came while we looked`);
    const look = lookAt(own, funnel, counted.get(funnel.name) ?? [], after);
    held += look.held;
    entered ||= look.held + look.moved > 0;
    const told = `${funnel.name}: ${look.held} minutes held against SQL, ${look.moved} moved meanwhile`;
    if (look.differences.length > 0) broken += 1;
    lines.push(look.differences.length === 0 ? `ok      ${told}` : `BROKEN  ${told}`);
    lines.push(...shown(look.differences));
  }
  const orderLines = lookAtOrders(before.orders['24h'], last.orders['24h'], orders);
  if (orderLines === undefined) lines.push('NOT HELD  the orders of 24h moved meanwhile');
  else if (orderLines.length === 0) lines.push('ok      the orders of 24h');
  else lines.push('BROKEN  the orders of 24h', ...shown(orderLines));
  broken += orderLines === undefined || orderLines.length === 0 ? 0 : 1;

  if (broken > 0) return { reason: 'live and SQL differ', broken, lines };
  if (entered && held === 0) return { reason: 'every minute moved while we looked', broken, lines };
  lines.push(`held at ${new Date(after.now).toISOString()}`);
  return { reason: undefined, broken, lines };
}

function notLive({ state, evictedSessions }: LiveFrame): string | undefined {
  if (state.kind !== 'live' && state.kind !== 'degraded') return `the live view is ${state.kind}`;
  if (evictedSessions > 0)
    return `LIVE_MAX_SESSIONS let ${evictedSessions} sessions go: equality is not promised while it bites`;
  return undefined;
}

function shown(differences: readonly string[]): readonly string[] {
  const lines = differences.slice(0, shownDifferences).map((line) => `  ${line}`);
  const left = differences.length - lines.length;
  return left > 0 ? [...lines, `  and ${left} more`] : lines;
}
