import type { Health } from '../ingest/http/health.ts';
import type { ConsumerState } from '../ingest/rabbitmq/consumer.ts';
import type { ServerState } from '../live-dashboard/frames.ts';
import type { Readiness } from '../live-dashboard/server/readiness.ts';
import type { Warehouse } from '../sinks/warehouse.ts';
import type { AwayState } from './commit/availability.ts';

/** Where the process is on its way (commit-protocol.md 13 and 14). */
export type Phase =
  | { readonly kind: 'starting'; readonly doing: string }
  | { readonly kind: 'rebuilding'; readonly done: number; readonly total: number }
  /** `at`: ms since 1970 */
  | { readonly kind: 'running'; readonly at: number }
  | { readonly kind: 'stopping' };

export interface StateReaders {
  readonly away: () => AwayState | undefined;
  readonly diskLow: () => boolean;
  /** undefined: the warehouse is not open yet */
  readonly engine: () => Warehouse['engine'] | undefined;
  /** undefined: no broker is configured, or this process does not consume */
  readonly consumer: () => ConsumerState | undefined;
  /** ms up to which the live view holds what any process committed; undefined: it is fed by this process alone */
  readonly liveAsOf?: () => number | undefined;
  readonly now: () => number;
}

export interface ProcessState {
  enter(phase: Phase): void;
  readonly phase: () => Phase;
  /** for /readyz */
  readonly readiness: () => Readiness;
  /** for the page */
  readonly shown: () => ServerState;
  /** for the page, which says to a newcomer what waits for events */
  readonly warehouse: () => string;
  /** for /health */
  readonly health: () => Health;
}

const engineNames: Readonly<Record<Warehouse['engine'], string>> = { duckdb: 'DuckDB', mssql: 'SQL Server' };

/** A broker that cannot be reached for this long makes the process ready without it, degraded; ms. */
const brokerGraceMs = 10_000;

/** A live view that follows the warehouse and is behind by more than this is told to be; ms. */
const liveBehindMs = 5_000;

/** One answer to "how is the process?", in the words of /readyz, /health and the page. */
export function createProcessState(readers: StateReaders): ProcessState {
  let phase: Phase = { kind: 'starting', doing: 'opening the warehouse' };
  let brokerGoneSince: number | undefined;
  let consumedOnce = false;

  function broker(): 'none' | 'consuming' | 'connecting' | 'unreachable' {
    const consumer = readers.consumer();
    if (consumer === undefined) return 'none';
    if (consumer.kind === 'consuming' || consumer.kind === 'paused') {
      consumedOnce = true;
      brokerGoneSince = undefined;
      return 'consuming';
    }
    brokerGoneSince ??= readers.now();
    return consumedOnce || readers.now() - brokerGoneSince >= brokerGraceMs ? 'unreachable' : 'connecting';
  }

  /** ms: the moment whose numbers the live view shows, where they are too old to be called live */
  function liveBehindSince(): number | undefined {
    const asOf = readers.liveAsOf?.();
    return asOf !== undefined && readers.now() - asOf > liveBehindMs ? asOf : undefined;
  }

  function readiness(): Readiness {
    const missing: string[] = [];
    if (phase.kind === 'starting') missing.push('warehouse', 'rebuild', 'listeners');
    if (phase.kind === 'rebuilding') missing.push('rebuild', 'listeners');
    if (phase.kind === 'stopping') missing.push('stopping');
    if (readers.away() !== undefined && !missing.includes('warehouse')) missing.push('warehouse');
    const queue = broker();
    if (queue === 'connecting' && phase.kind === 'running') missing.push('rabbitmq');
    const ready = missing.length === 0;
    const behind = phase.kind === 'running' && liveBehindSince() !== undefined;
    const degraded = readers.diskLow() || queue === 'unreachable' || behind;
    if (readers.diskLow()) missing.push('disk');
    if (queue === 'unreachable') missing.push('rabbitmq');
    if (behind) missing.push('live_view');
    return { ready, degraded, missing };
  }

  function shown(): ServerState {
    if (phase.kind !== 'running') return phase;
    const away = readers.away();
    if (away !== undefined) {
      const dataAsOf = readers.liveAsOf?.();
      return {
        kind: 'degraded',
        reason: 'warehouse away, events wait, none is lost',
        since: away.since,
        ...(dataAsOf === undefined ? {} : { dataAsOf }),
      };
    }
    const behind = liveBehindSince();
    if (behind !== undefined) {
      return { kind: 'degraded', reason: 'behind the warehouse', since: behind, dataAsOf: behind };
    }
    if (readers.diskLow()) return { kind: 'degraded', reason: 'the disk is nearly full', since: phase.at };
    if (broker() === 'unreachable') {
      return { kind: 'degraded', reason: 'RabbitMQ cannot be reached', since: brokerGoneSince ?? phase.at };
    }
    return { kind: 'live' };
  }

  function warehouse(): string {
    if (readers.away() !== undefined) return 'away';
    const engine = readers.engine();
    return engine === undefined ? 'starting' : `ready, ${engineNames[engine]}`;
  }

  function health(): Health {
    const { ready, degraded } = readiness();
    const queue = broker();
    return {
      status: ready && !degraded ? 'ok' : 'degraded',
      warehouse: phase.kind === 'starting' ? 'starting' : readers.away() === undefined ? 'ok' : 'away',
      rabbitmq: queue === 'none' ? 'off' : queue === 'consuming' ? 'ok' : 'away',
    };
  }

  return {
    enter: (next) => {
      phase = next;
    },
    phase: () => phase,
    readiness,
    shown,
    warehouse,
    health,
  };
}
