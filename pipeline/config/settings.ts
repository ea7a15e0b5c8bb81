import type { z } from 'zod';
import {
  amqpUrl,
  byteSize,
  flag,
  hostNames,
  integer,
  list,
  oneOf,
  origins,
  port,
  proxies,
  secretKey,
  secretKeys,
  text,
  timeZone,
  verbatim,
} from './kinds.ts';

/** One environment variable. The text `fallback` stands where it is unset; undefined means that it has no value. */
export interface Setting<S extends z.ZodType = z.ZodType, F extends string | undefined = string | undefined> {
  readonly kind: S;
  readonly fallback: F;
  /** its value must never be printed */
  readonly secret: boolean;
}

const setting = <S extends z.ZodType, const F extends string>(kind: S, fallback: F): Setting<S, F> => ({
  kind,
  fallback,
  secret: false,
});
const optional = <S extends z.ZodType>(kind: S): Setting<S, undefined> => ({
  kind,
  fallback: undefined,
  secret: false,
});
const secret = <S extends z.ZodType>(kind: S): Setting<S, undefined> => ({
  kind,
  fallback: undefined,
  secret: true,
});

const uint32 = 4_294_967_295;

/** Every variable that is read, in the order of `.env.example`, which says what each one does. */
export const settings = {
  WAREHOUSE: optional(oneOf(['duckdb', 'mssql'])),
  DATA_DIR: setting(text, 'data'),
  DUCKDB_MEMORY_LIMIT: setting(byteSize, '1GB'),
  MIN_FREE_DISK_MB: setting(integer(0, uint32), '1024'),

  DB_HOST: optional(text),
  DB_PORT: setting(integer(1, 65_535), '1433'),
  DB_USER: optional(text),
  DB_PASSWORD: secret(verbatim),
  DB_NAME: setting(text, 'kada_mandiya_analytics'),
  DB_TRUST_CERT: optional(flag),

  RABBITMQ_URL: secret(amqpUrl),
  RABBITMQ_EXCHANGE: setting(text, 'domain.events'),
  RABBITMQ_EXCHANGE_TYPE: setting(oneOf(['topic', 'direct', 'fanout', 'headers']), 'topic'),
  RABBITMQ_QUEUE: setting(text, 'analytics.business.events'),
  RABBITMQ_QUEUE_TYPE: setting(oneOf(['classic', 'quorum']), 'classic'),
  RABBITMQ_ROUTING_KEYS: setting(
    list,
    'ui.page_view,ui.click,ui.add_to_cart,ui.begin_checkout,order.*,payment.*,review.*,refund.*',
  ),
  RABBITMQ_PREFETCH: setting(integer(1, 65_535), '50'),
  RABBITMQ_DLQ: optional(text),
  ANALYTICS_CONSUMER_ENABLED: optional(flag),

  TRACKING_API_HOST: setting(text, '127.0.0.1'),
  TRACKING_API_PORT: setting(port, '9000'),
  TRACKING_TRANSPORT: setting(oneOf(['auto', 'broker', 'direct']), 'auto'),
  TRACKING_CORS_ALLOW_ORIGINS: setting(origins, 'http://localhost:3000,http://127.0.0.1:3000'),
  TRACKING_TRUST_PROXY: optional(proxies),
  TRACKING_RATE_LIMIT_PER_MINUTE: setting(integer(1, uint32), '6000'),
  TRACKING_SESSIONS_PER_MINUTE_PER_ADDRESS: setting(integer(1, uint32), '300'),
  TRACKING_DEAD_LETTERS_PER_MINUTE: setting(integer(0, uint32), '60'),
  TRACKING_DEAD_LETTERS_BYTES_PER_MINUTE: setting(integer(0, uint32), '1048576'),
  TRACKING_DEAD_LETTERS_PER_MINUTE_PER_ADDRESS: setting(integer(0, uint32), '20'),

  COLLECTOR_HOST: setting(text, '127.0.0.1'),
  COLLECTOR_PORT: setting(port, '8000'),
  ANALYTICS_API_KEY: secret(secretKeys),

  DASHBOARD_HOST: setting(text, '127.0.0.1'),
  DASHBOARD_PORT: setting(port, '8501'),
  DASHBOARD_ALLOWED_HOSTS: optional(hostNames),
  DASHBOARD_TOKEN: secret(secretKey),
  ADMIN_API_KEY: secret(secretKey),
  WS_MAX_CLIENTS: setting(integer(1, 100_000), '500'),

  LIVE_HORIZON_HOURS: setting(integer(2, 168), '24'),
  LIVE_MAX_SESSIONS: setting(integer(1, uint32), '1000000'),
  FUNNELS_FILE: optional(text),
  SHOW_SEED_DATA: setting(flag, 'no'),
  REPORT_TIMEZONE: setting(timeZone, 'UTC'),

  ETL_INTERVAL_SECONDS: setting(integer(1, 86_400), '120'),
  ETL_ENABLE_SILVER: setting(flag, 'yes'),
  ETL_ENABLE_GOLD: setting(flag, 'yes'),
  ETL_RECENT_DAYS: setting(integer(0, 3_660), '0'),
  ETL_MAX_INSTANCES: setting(oneOf(['1']), '1'),
  ETL_COALESCE: setting(flag, 'yes'),
  ETL_MISFIRE_GRACE_SECONDS: setting(integer(0, 86_400), '30'),

  STORE_IP: setting(oneOf(['truncated', 'full', 'none']), 'truncated'),
  FINGERPRINT_CACHE_SIZE: setting(integer(1, 50_000_000), '200000'),
  HTTP_COMMIT_TIMEOUT_MS: setting(integer(100, 60_000), '5000'),
  SHUTDOWN_DEADLINE_MS: setting(integer(100, 600_000), '8000'),
  LOG_LEVEL: setting(oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']), 'info'),
} as const satisfies Readonly<Record<string, Setting>>;

export type SettingName = keyof typeof settings;

export type SettingValues = {
  readonly [N in SettingName]: (typeof settings)[N] extends Setting<infer S, infer F>
    ? z.output<S> | (F extends string ? never : undefined)
    : never;
};

/** Raw texts by name; undefined where a variable is unset. */
export type RawSettings = Readonly<Record<string, string | undefined>>;

/**
 * Checks every setting on its own. `values` lacks the ones with a problem, so that rules between settings can
 * still be checked for the others and everything is told at once.
 */
export const parseSettings = (
  raw: RawSettings,
): { readonly values: Partial<SettingValues>; readonly problems: readonly string[] } => {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, { kind, fallback }] of Object.entries(settings)) {
    const given = raw[name];
    const source = given === undefined || given.trim() === '' ? fallback : given;
    if (source === undefined) {
      values[name] = undefined;
      continue;
    }
    const parsed = (kind as z.ZodType).safeParse(source);
    if (parsed.success) values[name] = parsed.data;
    else for (const issue of parsed.error.issues) problems.push(`${name} ${issue.message}`);
  }
  return { values: values as Partial<SettingValues>, problems: [...new Set(problems)] };
};
