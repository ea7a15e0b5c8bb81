import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { withoutPassword } from '../pipeline/config/describe.ts';
import { type Config, describeConfig, loadConfig } from '../pipeline/config.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kada-config-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const load = (env: NodeJS.ProcessEnv = {}, argv: readonly string[] = []) =>
  loadConfig(env, argv, { directory });
const configOf = (env: NodeJS.ProcessEnv = {}, argv: readonly string[] = []): Config => {
  const loaded = load(env, argv);
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  return loaded.config;
};
const problemsOf = (env: NodeJS.ProcessEnv = {}, argv: readonly string[] = []): readonly string[] => {
  const loaded = load(env, argv);
  return loaded.ok ? [] : loaded.problems;
};
const dotenv = (text: string): void => writeFileSync(join(directory, '.env'), text);

describe('defaults', () => {
  test('an empty environment gives the documented defaults', () => {
    const config = configOf();
    expect([...config.roles]).toEqual(['tracking', 'collector', 'etl', 'dashboard']);
    expect(config.dataDir).toBe(join(directory, 'data'));
    expect(config.warehouse).toEqual({
      engine: 'duckdb',
      file: join(directory, 'data', 'warehouse.duckdb'),
      memoryLimit: '1GB',
    });
    expect(config.rabbitmq).toBeUndefined();
    expect(config.tracking).toEqual({
      host: '127.0.0.1',
      port: 9000,
      transport: 'auto',
      corsAllowOrigins: ['http://localhost:3000', 'http://127.0.0.1:3000'],
      trustProxy: [],
      ratePerMinute: 6000,
      sessionsPerMinutePerAddress: 300,
      deadLetters: { perMinute: 60, bytesPerMinute: 1_048_576, perMinutePerAddress: 20 },
    });
    expect(config.collector).toEqual({ host: '127.0.0.1', port: 8000, keys: [] });
    expect(config.dashboard).toMatchObject({ host: '127.0.0.1', port: 8501, maxClients: 500 });
    expect(config.live).toMatchObject({ horizonHours: 24, maxSessions: 1_000_000, showSeedData: false });
    expect(config).toMatchObject({
      httpCommitTimeoutMs: 5000,
      shutdownDeadlineMs: 8000,
      minFreeDiskBytes: 1024 ** 3,
      fingerprintCacheSize: 200_000,
      storeIp: 'truncated',
      reportTimezone: 'UTC',
      logLevel: 'info',
      acceptLoss: false,
    });
  });

  test('a broker has the shop topology by default and brings the consumer', () => {
    const config = configOf({ RABBITMQ_URL: 'amqp://localhost' });
    expect(config.roles.has('consumer')).toBe(true);
    expect(config.rabbitmq).toEqual({
      url: 'amqp://localhost',
      exchange: 'domain.events',
      exchangeType: 'topic',
      queue: 'analytics.business.events',
      queueType: 'classic',
      routingKeys: [
        'ui.page_view',
        'ui.click',
        'ui.add_to_cart',
        'ui.begin_checkout',
        'order.*',
        'payment.*',
        'review.*',
        'refund.*',
      ],
      prefetch: 50,
      dlq: undefined,
    });
  });
});

describe('.env', () => {
  test('fills what the environment does not name, and never overrides it', () => {
    dotenv('TRACKING_API_PORT=9100\nCOLLECTOR_PORT=8100\n');
    const config = configOf({ COLLECTOR_PORT: '8200' });
    expect([config.tracking.port, config.collector.port]).toEqual([9100, 8200]);
  });

  test('an empty value in the environment is unset, and .env does not fill it', () => {
    dotenv('TRACKING_API_PORT=9100\nRABBITMQ_URL=amqp://broker\n');
    const config = configOf({ TRACKING_API_PORT: '', RABBITMQ_URL: '  ' });
    expect(config.tracking.port).toBe(9000);
    expect(config.rabbitmq).toBeUndefined();
  });

  test('an empty value in .env is unset', () => {
    dotenv('LOG_LEVEL=\nANALYTICS_API_KEY=\n');
    expect(configOf().logLevel).toBe('info');
    expect(configOf().collector.keys).toEqual([]);
  });

  test('quotes, comments and CRLF are understood; the process environment is left alone', () => {
    dotenv('# a comment\r\nRABBITMQ_EXCHANGE="my events" # name\r\nRABBITMQ_URL=amqp://broker\r\n');
    const before = { ...process.env };
    expect(configOf().rabbitmq?.exchange).toBe('my events');
    expect(process.env).toEqual(before);
  });

  test('a name that nothing reads is a warning, without its value', () => {
    dotenv('TRACKING_PORT=9100\nMY_PASSWORD=hunter2hunter2\n');
    const loaded = load();
    expect(loaded.ok && loaded.warnings).toEqual([
      '.env names TRACKING_PORT, which nothing reads',
      '.env names MY_PASSWORD, which nothing reads',
    ]);
  });
});

describe('values', () => {
  test.each(['yes', 'true', '1', 'YES', ' True '])('%j is yes', (value) => {
    expect(configOf({ SHOW_SEED_DATA: value }).live.showSeedData).toBe(true);
  });
  test.each(['no', 'false', '0', 'No'])('%j is no', (value) => {
    expect(configOf({ SHOW_SEED_DATA: value }).live.showSeedData).toBe(false);
  });
  test.each(['on', 'y', '2', 'nein'])('%j is neither', (value) => {
    expect(problemsOf({ SHOW_SEED_DATA: value })).toEqual([
      'SHOW_SEED_DATA must be yes or no (true/false, 1/0)',
    ]);
  });

  test.each([
    ['TRACKING_API_PORT', '65536'],
    ['TRACKING_API_PORT', '-1'],
    ['TRACKING_API_PORT', '9000.5'],
    ['TRACKING_API_PORT', '0x50'],
    ['RABBITMQ_PREFETCH', '0'],
    ['RABBITMQ_EXCHANGE_TYPE', 'topics'],
    ['RABBITMQ_QUEUE_TYPE', 'stream'],
    ['RABBITMQ_URL', 'http://localhost'],
    ['RABBITMQ_ROUTING_KEYS', ' , '],
    ['TRACKING_TRANSPORT', 'both'],
    ['TRACKING_CORS_ALLOW_ORIGINS', '*'],
    ['TRACKING_CORS_ALLOW_ORIGINS', 'https://shop.example/path'],
    ['TRACKING_CORS_ALLOW_ORIGINS', 'shop.example'],
    ['TRACKING_TRUST_PROXY', 'yes'],
    ['TRACKING_TRUST_PROXY', '10.0.0.0/40'],
    ['DASHBOARD_ALLOWED_HOSTS', 'https://a.example'],
    ['DUCKDB_MEMORY_LIMIT', 'plenty'],
    ['LIVE_HORIZON_HOURS', '1'],
    ['REPORT_TIMEZONE', 'Asia/Kolombo'],
    ['STORE_IP', 'yes'],
    ['LOG_LEVEL', 'loud'],
    ['WAREHOUSE', 'sqlite'],
  ])('%s=%j is one problem that names it', (name, value) => {
    const problems = problemsOf({ [name]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^${name} `));
  });

  test('origins are kept as a browser sends them, once each', () => {
    const env = {
      TRACKING_CORS_ALLOW_ORIGINS: 'HTTPS://Shop.Example/, https://shop.example,http://localhost:80',
    };
    expect(configOf(env).tracking.corsAllowOrigins).toEqual(['https://shop.example', 'http://localhost']);
  });

  test('proxies by address, range and name', () => {
    const env = { TRACKING_TRUST_PROXY: '10.0.0.5,fd00::/8,loopback' };
    expect(configOf(env).tracking.trustProxy).toEqual(['10.0.0.5', 'fd00::/8', 'loopback']);
  });

  test('paths are taken from the directory of .env', () => {
    const config = configOf({ DATA_DIR: 'x/y', FUNNELS_FILE: 'my.json' });
    expect(config.warehouse).toMatchObject({ file: join(directory, 'x', 'y', 'warehouse.duckdb') });
    expect(config.live.funnelsFile).toBe(join(directory, 'my.json'));
  });

  test('all problems are told at once, also those between settings and of the command line', () => {
    const problems = problemsOf(
      { TRACKING_API_PORT: 'x', LOG_LEVEL: 'loud', DASHBOARD_HOST: '0.0.0.0', ANALYTICS_API_KEY: 'short' },
      ['--roles', 'consumer,cook', '--port', '70000'],
    );
    expect(problems).toEqual([
      '--roles knows no "cook": choose from tracking, collector, consumer, etl, dashboard',
      '--port must be a whole number from 0 to 65535',
      'TRACKING_API_PORT must be a whole number from 0 to 65535',
      'ANALYTICS_API_KEY must be at least 16 characters long',
      'LOG_LEVEL must be one of fatal, error, warn, info, debug, trace, silent',
      '--roles consumer needs RABBITMQ_URL',
      'DASHBOARD_TOKEN is needed, because DASHBOARD_HOST reaches beyond this machine',
    ]);
  });
});

describe('secrets', () => {
  const key = 'k3y-of-producer-0001';
  const admin = 'k3y-of-admin-0000001';
  const token = 't0ken-of-dashboard-1';
  const password = 'pa55word-of-broker';

  test('are never in a problem', () => {
    const problems = problemsOf({
      ANALYTICS_API_KEY: 'change-me-0123456789,tiny',
      ADMIN_API_KEY: 'with blank inside it',
      DASHBOARD_TOKEN: 'tinytoken',
      RABBITMQ_URL: `amqp:/${password}@`,
    });
    expect(problems).toHaveLength(5);
    for (const secret of ['0123456789', 'tiny,', 'blank inside', 'tinytoken', password]) {
      expect(problems.join('\n')).not.toContain(secret);
    }
  });

  test('are never in the description for the log', () => {
    const config = configOf({
      ANALYTICS_API_KEY: `${key},${key}2`,
      ADMIN_API_KEY: admin,
      DASHBOARD_TOKEN: token,
      RABBITMQ_URL: `amqp://kada:${password}@broker:5673/shop?certfile=${password}`,
      DB_PASSWORD: password,
    });
    const told = JSON.stringify(describeConfig(config));
    for (const secret of [key, admin, token, password]) expect(told).not.toContain(secret);
    expect(JSON.parse(told)).toMatchObject({
      rabbitmq: { url: 'amqp://kada@broker:5673/shop' },
      collector: { keys: 2 },
      dashboard: { token: 'set', adminKey: 'set' },
    });
  });

  test('a URL without user name keeps its form', () => {
    expect(withoutPassword('amqps://broker/%2f')).toBe('amqps://broker/%2f');
    expect(withoutPassword('amqp://:pw@broker')).toBe('amqp://broker');
  });

  test.each(['change-me', 'CHANGE-ME-0123456789', 'please-changeme-now-1'])('%s is refused', (value) => {
    for (const name of ['ANALYTICS_API_KEY', 'ADMIN_API_KEY', 'DASHBOARD_TOKEN']) {
      expect(problemsOf({ [name]: value })).toHaveLength(1);
    }
  });

  test('several producer keys, for rotation; each is checked', () => {
    expect(configOf({ ANALYTICS_API_KEY: `${key}, ${key}2` }).collector.keys).toEqual([key, `${key}2`]);
    expect(problemsOf({ ANALYTICS_API_KEY: `${key},short` })).toHaveLength(1);
  });

  test('the admin key is never a producer key', () => {
    expect(problemsOf({ ANALYTICS_API_KEY: `${key},${admin}`, ADMIN_API_KEY: admin })).toEqual([
      'ADMIN_API_KEY must be another key than the producers have in ANALYTICS_API_KEY',
    ]);
  });
});

describe('SQL Server', () => {
  const login = { DB_USER: 'analytics', DB_PASSWORD: 'p' };
  test('DB_HOST means SQL Server, with everything else at its default', () => {
    expect(configOf({ DB_HOST: 'sql.example', ...login }).warehouse).toEqual({
      engine: 'mssql',
      host: 'sql.example',
      port: 1433,
      user: 'analytics',
      password: 'p',
      database: 'kada_mandiya_analytics',
      trustCertificate: false,
    });
  });
  test.each([
    ['127.0.0.1', undefined, true],
    ['localhost', 'no', false],
    ['sql.example', 'yes', true],
  ])('the certificate of %s with DB_TRUST_CERT=%s is taken as it is: %s', (host, trust, taken) => {
    const env = { DB_HOST: host, ...login, ...(trust === undefined ? {} : { DB_TRUST_CERT: trust }) };
    expect(configOf(env).warehouse).toMatchObject({ trustCertificate: taken });
  });
  test.each([
    [{ DB_HOST: 'sql.example' }, 2],
    [{ DB_HOST: 'sql.example', DB_USER: 'analytics' }, 1],
    [{ WAREHOUSE: 'mssql', ...login }, 1],
    [{ WAREHOUSE: 'MSSQL' }, 3],
  ])('%j lacks something that is told', (env, count) => {
    expect(problemsOf(env)).toHaveLength(count);
  });
  test('the password is never shown', () => {
    const shown = describeConfig(
      configOf({ DB_HOST: 'sql.example', DB_USER: 'u', DB_PASSWORD: 'very secret' }),
    );
    expect(JSON.stringify(shown)).not.toContain('very secret');
  });
  test('WAREHOUSE=duckdb wins over a DB_HOST that is set', () => {
    expect(configOf({ WAREHOUSE: 'duckdb', DB_HOST: 'sql.example' }).warehouse.engine).toBe('duckdb');
  });
});

describe('broker settings that contradict each other', () => {
  test.each([
    [{ ANALYTICS_CONSUMER_ENABLED: 'yes' }, []],
    [{ TRACKING_TRANSPORT: 'broker' }, []],
    [{}, ['--roles', 'consumer']],
    [{ RABBITMQ_URL: 'amqp://b', ANALYTICS_CONSUMER_ENABLED: 'no' }, ['--roles', 'consumer']],
    [{ RABBITMQ_URL: 'amqp://b', RABBITMQ_DLQ: 'analytics.business.events' }, []],
  ])('%j with %j is one problem', (env, argv) => {
    expect(problemsOf(env, argv)).toHaveLength(1);
  });
  test('ANALYTICS_CONSUMER_ENABLED=no leaves the consumer out', () => {
    const config = configOf({ RABBITMQ_URL: 'amqp://b', ANALYTICS_CONSUMER_ENABLED: 'no' });
    expect(config.roles.has('consumer')).toBe(false);
    expect(config.rabbitmq).toBeDefined();
  });
});

describe('the dashboard beyond this machine', () => {
  test.each(['0.0.0.0', '::', '192.168.1.4', 'analytics.example'])('%s needs a token', (host) => {
    expect(problemsOf({ DASHBOARD_HOST: host })).toHaveLength(1);
    expect(configOf({ DASHBOARD_HOST: host, DASHBOARD_TOKEN: 'a-token-long-enough' }).dashboard.host).toBe(
      host,
    );
  });
  test.each(['127.0.0.1', '127.8.9.1', '::1', 'localhost', '::ffff:127.0.0.1'])('%s needs none', (host) => {
    expect(problemsOf({ DASHBOARD_HOST: host })).toEqual([]);
  });
});

describe('command line', () => {
  test('roles', () => {
    expect([...configOf({}, ['--roles', 'dashboard, tracking']).roles]).toEqual(['tracking', 'dashboard']);
  });
  test('cycles alone', () => {
    expect([...configOf({}, ['--roles', 'etl']).roles]).toEqual(['etl']);
  });
  test('settings of cycles', () => {
    const { etl } = configOf({ ETL_INTERVAL_SECONDS: '30', ETL_ENABLE_GOLD: 'no', ETL_COALESCE: 'no' });
    expect(etl).toEqual({
      intervalMs: 30_000,
      silver: true,
      gold: false,
      recentDays: 0,
      coalesce: false,
      graceMs: 30_000,
    });
    expect(problemsOf({ ETL_MAX_INSTANCES: '2' })).toHaveLength(1);
  });
  test.each([
    [['--roles', 'tracking'], { tracking: 9123, collector: 8000, dashboard: 8501 }],
    [['--roles', 'collector'], { tracking: 9000, collector: 9123, dashboard: 8501 }],
    [['--roles', 'dashboard'], { tracking: 9000, collector: 8000, dashboard: 9123 }],
    [[], { tracking: 9123, collector: 8000, dashboard: 8501 }],
  ])('--port with %j goes to the first listener', (argv, ports) => {
    const config = configOf({}, [...argv, '--port', '9123']);
    expect({
      tracking: config.tracking.port,
      collector: config.collector.port,
      dashboard: config.dashboard.port,
    }).toEqual(ports);
  });
  test('--accept-loss', () => {
    expect(configOf({}, ['--accept-loss']).acceptLoss).toBe(true);
  });
  test.each([[['--rolls', 'x']], [['tracking']], [['--roles']], [['--roles', '']], [['--port', '9e3']]])(
    '%j is wrong use',
    (argv) => {
      expect(problemsOf({}, argv)).toHaveLength(1);
    },
  );
});
