import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { Subject } from 'rxjs';
import type { Delivery, Settlement } from '../../ingest/delivery.ts';
import type { AnalyticsEvent, DeadLetter } from '../../ingest/event.ts';
import type { Resolution } from '../../pipeline/commit/committer.ts';
import { addEntry, type Member, newMember } from '../../pipeline/commit/entry.ts';
import { type CommitPath, createCommitPath } from '../../pipeline/commit/path.ts';
import { identify } from '../../pipeline/steps/identify.ts';
import { noPublishing, type TrackedPublishing } from '../../pipeline/steps/publish.ts';
import { settle } from '../../pipeline/steps/settle.ts';
import { openDuckDbWarehouse } from '../../sinks/duckdb/open.ts';
import type { CommitResult, Warehouse } from '../../sinks/warehouse.ts';
import { brokenLetter } from './events.ts';

export interface PathOptions {
  readonly wrap?: (warehouse: Warehouse) => Warehouse;
  readonly cacheSize?: number;
  readonly giveBackAfterMs?: number;
  readonly breakerMs?: number;
  readonly maxMaybes?: number;
  readonly limits?: { readonly events: number; readonly bytes: number };
  readonly dataDir?: string;
  readonly publishing?: TrackedPublishing;
}

export interface Sent {
  /** what the sender was told first */
  readonly answer: Promise<Settlement>;
  /** its place is free again */
  readonly released: Promise<void>;
  readonly member: Member;
}

export interface PathHarness {
  readonly dataDir: string;
  readonly warehouse: Warehouse;
  readonly path: CommitPath;
  readonly resolutions: readonly Resolution[];
  /** ids folded so far, in order */
  readonly folded: () => readonly string[];
  readonly given: { back: number; again: number };
  send(what: readonly (AnalyticsEvent | DeadLetter)[], deadline?: number): Sent;
  rows(sql: string): Promise<readonly (readonly unknown[])[]>;
  close(): Promise<void>;
}

const log = pino({ level: process.env.TEST_LOG ?? 'silent' });

/** The real commit path over a real DuckDB file; only the sources are played by the test. */
export async function openPath(options: PathOptions = {}): Promise<PathHarness> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'kada-path-')));
  const engine = await openDuckDbWarehouse({ dataDir, log });
  const warehouse = options.wrap?.(engine) ?? engine;
  const given = { back: 0, again: 0 };
  const resolutions: Resolution[] = [];
  const path = createCommitPath({
    warehouse,
    cacheSize: options.cacheSize ?? 10_000,
    warm: await engine.newestClaims(options.cacheSize ?? 10_000),
    rules: {
      mayKeep: () => true,
      conflictLetter: (event, storedHash) =>
        brokenLetter(event.row.payload, {
          stage: 'identify',
          reason: 'event_id_conflict',
          detail: JSON.stringify({ stored: storedHash, came: event.contentHash }),
          fingerprint: event.contentHash.replace(/^./, 'f'),
          eventId: event.row.event_id,
        }),
      writeLetter: (event, failure) =>
        brokenLetter(event.row.payload, {
          stage: 'write',
          reason: 'db_insert_failed',
          detail: JSON.stringify(failure),
          fingerprint: event.contentHash.replace(/^./, 'e'),
          eventId: event.row.event_id,
        }),
    },
    limits: options.limits ?? { events: 2_000, bytes: 8_000_000 },
    maxMaybes: options.maxMaybes ?? 1_250,
    giveBackAfterMs: options.giveBackAfterMs ?? 60_000,
    breakerMs: options.breakerMs ?? 300_000,
    now: Date.now,
    log,
    onCache: () => undefined,
    onGiveBack: async () => {
      given.back += 1;
    },
    onBack: () => {
      given.again += 1;
    },
  });
  const members = new Subject<Member>();
  members
    .pipe((options.publishing ?? noPublishing).publish(), identify(path), path.commit(), settle())
    .subscribe((resolution) => resolutions.push(resolution));

  function send(what: readonly (AnalyticsEvent | DeadLetter)[], deadline?: number): Sent {
    let answered: (settlement: Settlement) => void = () => undefined;
    let freed: () => void = () => undefined;
    const answer = new Promise<Settlement>((resolve) => {
      answered = resolve;
    });
    const released = new Promise<void>((resolve) => {
      freed = resolve;
    });
    const delivery: Delivery = {
      via: 'tracking',
      origin: { road: 'track', typedRoute: undefined, userAgent: undefined, ip: undefined, local: true },
      receivedAt: Date.now(),
      messages: [],
      bytes: 100 * what.length,
      deadline,
      settle: answered,
      release: freed,
    };
    const member = newMember(delivery);
    for (const one of what) {
      if ('row' in one) addEntry(member, one, undefined);
      else addEntry(member, undefined, one);
    }
    members.next(member);
    return { answer, released, member };
  }

  return {
    dataDir,
    warehouse: engine,
    path,
    resolutions,
    given,
    folded: () =>
      resolutions.flatMap(({ stored }) => stored.map((entry) => entry.event?.row.event_id ?? 'none')),
    send,
    rows: async (sql) => (await engine.query(sql)).rows,
    async close() {
      await engine.close();
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
    },
  };
}

export const away: CommitResult = {
  kind: 'failed',
  failure: 'away',
  code: 'TEST_AWAY',
  message: 'cut by the test',
};

/** The real engine with its commit put through a hook; everything else is untouched. */
export function hookCommit(
  hook: (batch: Parameters<Warehouse['commit']>[0], commit: Warehouse['commit']) => Promise<CommitResult>,
  more: Partial<Warehouse> = {},
): (warehouse: Warehouse) => Warehouse {
  return (engine) =>
    new Proxy(engine, {
      get(target, name) {
        if (name === 'commit')
          return (batch: Parameters<Warehouse['commit']>[0]) => hook(batch, target.commit);
        const own: unknown = Reflect.get(more, name);
        return own ?? Reflect.get(target, name);
      },
    });
}

/** A promise and its hands. */
export function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
