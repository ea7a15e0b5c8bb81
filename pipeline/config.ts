import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse as parseDotenv } from 'dotenv';
import { messageOf } from '../ingest/errors.ts';
import {
  roles as allRoles,
  parseStartArguments,
  type Role,
  type StartArguments,
} from './config/arguments.ts';
import { combinedProblems, consumerWanted, isLoopback } from './config/combinations.ts';
import { parseSettings, type RawSettings, type SettingValues, settings } from './config/settings.ts';

export { type Role, startHelp, wantsHelp } from './config/arguments.ts';
export { describeConfig } from './config/describe.ts';

/** The whole configuration of a process, validated. Ports of 0 take a free one; durations in ms. */
export interface Config {
  readonly roles: ReadonlySet<Role>;
  /** go on with a warehouse behind its mark (commit-protocol.md 17) */
  readonly acceptLoss: boolean;
  /** absolute */
  readonly dataDir: string;
  readonly warehouse: DuckDbConfig | MssqlConfig;
  readonly minFreeDiskBytes: number;
  /** undefined: no broker */
  readonly rabbitmq: RabbitMqConfig | undefined;
  readonly tracking: TrackingConfig;
  readonly collector: {
    readonly host: string;
    readonly port: number;
    /** empty: every request is answered 503 no_key_configured */
    readonly keys: readonly string[];
  };
  readonly dashboard: {
    readonly host: string;
    readonly port: number;
    /** beside localhost, 127.0.0.1 and [::1] */
    readonly allowedHosts: readonly string[];
    readonly token: string | undefined;
    readonly adminKey: string | undefined;
    readonly maxClients: number;
  };
  readonly live: {
    readonly horizonHours: number;
    readonly maxSessions: number;
    /** absolute; undefined: the project's own pipeline/funnels.json */
    readonly funnelsFile: string | undefined;
    readonly showSeedData: boolean;
  };
  /** IANA name */
  readonly reportTimezone: string;
  readonly etl: {
    readonly intervalMs: number;
    readonly silver: boolean;
    readonly gold: boolean;
    readonly recentDays: number;
    readonly coalesce: boolean;
    readonly graceMs: number;
  };
  readonly storeIp: 'truncated' | 'full' | 'none';
  readonly fingerprintCacheSize: number;
  readonly httpCommitTimeoutMs: number;
  readonly shutdownDeadlineMs: number;
  readonly logLevel: SettingValues['LOG_LEVEL'];
}

export interface DuckDbConfig {
  readonly engine: 'duckdb';
  /** absolute path of warehouse.duckdb */
  readonly file: string;
  /** in DuckDB's own words: `1GB` */
  readonly memoryLimit: string;
}

export interface MssqlConfig {
  readonly engine: 'mssql';
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** never log it */
  readonly password: string;
  readonly database: string;
  readonly trustCertificate: boolean;
}

export interface RabbitMqConfig {
  /** holds the password: never log it, see `withoutPassword` */
  readonly url: string;
  readonly exchange: string;
  readonly exchangeType: SettingValues['RABBITMQ_EXCHANGE_TYPE'];
  readonly queue: string;
  readonly queueType: SettingValues['RABBITMQ_QUEUE_TYPE'];
  readonly routingKeys: readonly string[];
  readonly prefetch: number;
  /** queue for dead-lettered messages; undefined: they are acked */
  readonly dlq: string | undefined;
}

export interface TrackingConfig {
  readonly host: string;
  readonly port: number;
  readonly transport: SettingValues['TRACKING_TRANSPORT'];
  /** origins as a browser sends them: lower case, no trailing slash */
  readonly corsAllowOrigins: readonly string[];
  /** addresses and ranges; empty: no forwarding header is believed */
  readonly trustProxy: readonly string[];
  /** events a minute and address */
  readonly ratePerMinute: number;
  /** different session ids a minute and address */
  readonly sessionsPerMinutePerAddress: number;
  readonly deadLetters: {
    readonly perMinute: number;
    readonly bytesPerMinute: number;
    readonly perMinutePerAddress: number;
  };
}

export type LoadedConfig =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly problems: readonly string[] };

/**
 * Reads the environment, `.env` (which fills only what the environment does not name, not even what it names
 * empty) and the command line. Tells every problem at once, none with a secret's value in it.
 * @param options.directory where `.env` stands and relative paths begin; the working directory
 */
export const loadConfig = (
  env: NodeJS.ProcessEnv,
  argv: readonly string[] = [],
  options: { readonly directory?: string } = {},
): LoadedConfig => {
  const directory = resolve(options.directory ?? '.');
  const file = readDotenv(join(directory, '.env'));
  const raw = Object.fromEntries(
    Object.keys(settings).map((name) => [name, env[name] ?? file.values[name]] as const),
  );
  const parsed = parseSettings(raw);
  const line = parseStartArguments(argv);
  const problems = [
    ...file.problems,
    ...line.problems,
    ...parsed.problems,
    ...combinedProblems(parsed.values, line.arguments),
  ];
  if (problems.length > 0) return { ok: false, problems };
  return {
    ok: true,
    config: assemble(parsed.values as SettingValues, line.arguments, directory),
    warnings: Object.keys(file.values)
      .filter((name) => !(name in settings))
      .map((name) => `.env names ${name}, which nothing reads`),
  };
};

const readDotenv = (path: string): { readonly values: RawSettings; readonly problems: readonly string[] } => {
  if (!existsSync(path)) return { values: {}, problems: [] };
  try {
    return { values: parseDotenv(readFileSync(path)), problems: [] };
  } catch (error) {
    return { values: {}, problems: [`.env cannot be read: ${messageOf(error)}`] };
  }
};

/** `--port` goes to the first listener that runs: the tracking API, the collector, else the dashboard's. */
const portOwner = (running: ReadonlySet<Role>): 'tracking' | 'collector' | 'dashboard' =>
  running.has('tracking') ? 'tracking' : running.has('collector') ? 'collector' : 'dashboard';

const assemble = (s: SettingValues, line: StartArguments, directory: string): Config => {
  const dataDir = resolve(directory, s.DATA_DIR);
  const running: ReadonlySet<Role> = new Set(
    line.roles ?? allRoles.filter((role) => role !== 'consumer' || consumerWanted(s)),
  );
  const portOf = (listener: ReturnType<typeof portOwner>, configured: number): number =>
    line.port !== undefined && portOwner(running) === listener ? line.port : configured;
  return {
    roles: running,
    acceptLoss: line.acceptLoss,
    dataDir,
    warehouse: warehouseOf(s, dataDir),
    minFreeDiskBytes: s.MIN_FREE_DISK_MB * 1024 * 1024,
    rabbitmq: s.RABBITMQ_URL === undefined ? undefined : { ...brokerOf(s), url: s.RABBITMQ_URL },
    tracking: {
      host: s.TRACKING_API_HOST,
      port: portOf('tracking', s.TRACKING_API_PORT),
      transport: s.TRACKING_TRANSPORT,
      corsAllowOrigins: s.TRACKING_CORS_ALLOW_ORIGINS,
      trustProxy: s.TRACKING_TRUST_PROXY ?? [],
      ratePerMinute: s.TRACKING_RATE_LIMIT_PER_MINUTE,
      sessionsPerMinutePerAddress: s.TRACKING_SESSIONS_PER_MINUTE_PER_ADDRESS,
      deadLetters: {
        perMinute: s.TRACKING_DEAD_LETTERS_PER_MINUTE,
        bytesPerMinute: s.TRACKING_DEAD_LETTERS_BYTES_PER_MINUTE,
        perMinutePerAddress: s.TRACKING_DEAD_LETTERS_PER_MINUTE_PER_ADDRESS,
      },
    },
    collector: {
      host: s.COLLECTOR_HOST,
      port: portOf('collector', s.COLLECTOR_PORT),
      keys: s.ANALYTICS_API_KEY ?? [],
    },
    dashboard: {
      host: s.DASHBOARD_HOST,
      port: portOf('dashboard', s.DASHBOARD_PORT),
      allowedHosts: s.DASHBOARD_ALLOWED_HOSTS ?? [],
      token: s.DASHBOARD_TOKEN,
      adminKey: s.ADMIN_API_KEY,
      maxClients: s.WS_MAX_CLIENTS,
    },
    live: {
      horizonHours: s.LIVE_HORIZON_HOURS,
      maxSessions: s.LIVE_MAX_SESSIONS,
      funnelsFile: s.FUNNELS_FILE === undefined ? undefined : resolve(directory, s.FUNNELS_FILE),
      showSeedData: s.SHOW_SEED_DATA,
    },
    reportTimezone: s.REPORT_TIMEZONE,
    etl: {
      intervalMs: s.ETL_INTERVAL_SECONDS * 1000,
      silver: s.ETL_ENABLE_SILVER,
      gold: s.ETL_ENABLE_GOLD,
      recentDays: s.ETL_RECENT_DAYS,
      coalesce: s.ETL_COALESCE,
      graceMs: s.ETL_MISFIRE_GRACE_SECONDS * 1000,
    },
    storeIp: s.STORE_IP,
    fingerprintCacheSize: s.FINGERPRINT_CACHE_SIZE,
    httpCommitTimeoutMs: s.HTTP_COMMIT_TIMEOUT_MS,
    shutdownDeadlineMs: s.SHUTDOWN_DEADLINE_MS,
    logLevel: s.LOG_LEVEL,
  };
};

const warehouseOf = (s: SettingValues, dataDir: string): DuckDbConfig | MssqlConfig => {
  const { DB_HOST, DB_USER, DB_PASSWORD } = s;
  // Which is wanted, and that nothing is missing for it, was checked before (combinations.ts).
  if (s.WAREHOUSE === 'duckdb' || DB_HOST === undefined || DB_USER === undefined || DB_PASSWORD === undefined)
    return { engine: 'duckdb', file: join(dataDir, 'warehouse.duckdb'), memoryLimit: s.DUCKDB_MEMORY_LIMIT };
  return {
    engine: 'mssql',
    host: DB_HOST,
    port: s.DB_PORT,
    user: DB_USER,
    password: DB_PASSWORD,
    database: s.DB_NAME,
    trustCertificate: s.DB_TRUST_CERT ?? isLoopback(DB_HOST),
  };
};

const brokerOf = (s: SettingValues): Omit<RabbitMqConfig, 'url'> => ({
  exchange: s.RABBITMQ_EXCHANGE,
  exchangeType: s.RABBITMQ_EXCHANGE_TYPE,
  queue: s.RABBITMQ_QUEUE,
  queueType: s.RABBITMQ_QUEUE_TYPE,
  routingKeys: s.RABBITMQ_ROUTING_KEYS,
  prefetch: s.RABBITMQ_PREFETCH,
  dlq: s.RABBITMQ_DLQ,
});
