import { existsSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse as parseDotenv } from 'dotenv';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import manifest from '../package.json' with { type: 'json' };
import { settings } from '../pipeline/config/settings.ts';
import { loadConfig } from '../pipeline/config.ts';

/** The container files name what exists, ask for every secret, and fit to each other and to the settings. */
const root = resolve(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(resolve(root, path), 'utf8');

const service = z.object({
  image: z.string(),
  environment: z.record(z.string(), z.string()).default({}),
  command: z.array(z.string()).optional(),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  healthcheck: z.object({ test: z.array(z.string()).optional(), disable: z.boolean().optional() }).optional(),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  stop_grace_period: z.string().optional(),
  restart: z.string(),
});
const compose = z
  .object({ services: z.record(z.string(), service), volumes: z.record(z.string(), z.null()) })
  .parse(parse(read('deploy/compose.yml'), { merge: true }));
const services = compose.services;
const pipeline = service.parse(services.pipeline);
const dbCreate = service.parse(services['db-create']);
const example = parseDotenv(read('deploy/.env.example'));
const dockerfile = read('deploy/Dockerfile');

/** As compose writes values in: `${A}`, `${A:-default}`, `${A:?why}`, nested. */
function interpolate(text: string, values: Readonly<Record<string, string | undefined>>): string {
  const inner = /\$\{([A-Z_]+)(?::([-?])([^${}]*))?\}/;
  for (let found = inner.exec(text); found !== null; found = inner.exec(text)) {
    const [all, name = '', kind, other = ''] = found;
    const value = values[name] ?? '';
    if (value === '' && kind === '?') throw new Error(`${name}: ${other}`);
    text = text.replace(all, () => (value === '' && kind === '-' ? other : value));
  }
  return text;
}
const filled: Readonly<Record<string, string>> = {
  ...example,
  ACCEPT_EULA: 'Y',
  MSSQL_SA_PASSWORD: 'Strong0Password',
  RABBITMQ_USER: 'shop',
  RABBITMQ_PASSWORD: 'rabbitPassword1',
  DASHBOARD_TOKEN: 'dashboard-token-0123456789',
  ANALYTICS_API_KEY: 'analytics-key-0123456789',
  ADMIN_API_KEY: 'admin-key-0123456789',
};
const environmentOf = (of: z.output<typeof service>, values = filled): Record<string, string> =>
  Object.fromEntries(Object.entries(of.environment).map(([name, text]) => [name, interpolate(text, values)]));

test('what the pipeline and db-create are given are settings, and valid once .env is filled in', () => {
  for (const one of [pipeline, dbCreate]) {
    const given = environmentOf(one);
    expect(Object.keys(given).filter((name) => !(name in settings))).toEqual([]);
    expect(loadConfig(given, [], { directory: resolve(root, 'deploy') })).toMatchObject({
      ok: true,
      config: { warehouse: { engine: 'mssql', host: 'mssql', user: 'sa', password: 'Strong0Password' } },
    });
  }
  const own = environmentOf(pipeline, { ...filled, DB_USER: 'analytics', DB_PASSWORD: 'its-own' });
  expect(own).toMatchObject({ DB_USER: 'analytics', DB_PASSWORD: 'its-own' });
});

test('deploy/.env.example has every value that compose asks for, and no other', () => {
  const asked = [...read('deploy/compose.yml').matchAll(/(?<!\$)\$\{([A-Z_]+)/g)].map(([, name]) => name);
  expect(Object.keys(example).sort()).toEqual([...new Set(asked)].sort());
});

const secret = /PASS|TOKEN|KEY|URL/;

test('no secret has a value of its own, neither in the files nor by default', () => {
  for (const [name, value] of Object.entries(example)) if (secret.test(name)) expect(value, name).toBe('');
  const secrets = Object.values(services).flatMap(({ environment }) =>
    Object.entries(environment).filter(([name]) => secret.test(name)),
  );
  expect(secrets.length).toBeGreaterThanOrEqual(7);
  const without = { ...example, ACCEPT_EULA: 'Y', RABBITMQ_USER: '', RABBITMQ_PASSWORD: '' };
  for (const [name, text] of secrets) {
    // The key of the operators may be left out: those calls are then refused.
    if (name === 'ADMIN_API_KEY') expect(interpolate(text, without)).toBe('');
    else if (name === 'RABBITMQ_URL') expect(interpolate(text, without)).toBe('amqp://:@rabbitmq:5672');
    else expect(() => interpolate(text, without), name).toThrow('deploy/.env');
  }
  expect(dockerfile).not.toMatch(/^(ENV|ARG) .*(PASS|TOKEN|KEY|SECRET)/m);
  expect(read('.gitignore')).toMatch(/^\.env$/m);
});

test('ports are those of the settings, published on this machine alone', () => {
  const ports = [settings.TRACKING_API_PORT, settings.COLLECTOR_PORT, settings.DASHBOARD_PORT].map(
    ({ fallback }) => fallback,
  );
  expect(pipeline.ports).toEqual(ports.map((port) => `127.0.0.1:${port}:${port}`));
  expect(/^EXPOSE (.+)$/m.exec(dockerfile)?.[1]?.split(' ')).toEqual(ports);
  const published = Object.values(services).flatMap((one) => one.ports);
  expect(published.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
});

test('each waits for what it needs: servers for their health, the pipeline for its tables', () => {
  for (const name of ['mssql', 'rabbitmq']) expect(services[name]?.healthcheck?.test?.length).toBe(2);
  expect(dbCreate.depends_on).toEqual({ mssql: { condition: 'service_healthy' } });
  expect(dbCreate.restart).toBe('no');
  expect(pipeline.depends_on).toEqual({
    'db-create': { condition: 'service_completed_successfully' },
    rabbitmq: { condition: 'service_healthy' },
  });
  const volumes = Object.values(services).flatMap((one) => one.volumes.map((v) => v.split(':')[0]));
  expect(volumes.sort()).toEqual(Object.keys(compose.volumes).sort());
  const grace = Number(/^(\d+)s$/.exec(pipeline.stop_grace_period ?? '')?.[1]);
  expect(grace * 1000).toBeGreaterThan(Number(settings.SHUTDOWN_DEADLINE_MS.fallback));
});

test('the image runs node itself, as no root, with files that are there', () => {
  const last = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));
  expect(last).toMatch(/^USER node$/m);
  expect(last).toMatch(/^ENTRYPOINT \["node"\]$/m);
  expect(last).toMatch(/^HEALTHCHECK .*CMD \["node", "deploy\/healthcheck.mjs"\]$/m);
  const entries = [/^CMD \["(.+)"\]$/m.exec(last)?.[1], ...(dbCreate.command ?? [])];
  for (const entry of entries)
    expect(existsSync(resolve(root, entry?.replace(/\.js$/, '.ts') ?? '')), entry).toBe(true);
  expect(Number(/^FROM node:(\d+)-/m.exec(dockerfile)?.[1])).toBeGreaterThanOrEqual(
    Number.parseInt(manifest.engines.node.replace('>=', ''), 10),
  );

  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, from]) =>
    from!.split(' '),
  );
  expect(copied.length).toBeGreaterThan(8);
  const letThrough = new Set(
    read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1)),
  );
  for (const path of copied) {
    expect(existsSync(resolve(root, path)), path).toBe(true);
    expect(letThrough, path).toContain(path);
  }
  expect([...letThrough].filter((path) => !copied.includes(path))).toEqual([]);
});

const workflow = z.object({
  jobs: z.record(
    z.string(),
    z.object({
      services: z
        .record(z.string(), z.object({ image: z.string(), env: z.record(z.string(), z.string()) }))
        .optional(),
      env: z.record(z.string(), z.string()).optional(),
      steps: z.array(z.object({ run: z.string().optional() })),
    }),
  ),
});
const stepsOf = (file: string) => workflow.parse(parse(read(file))).jobs;

test('public CI runs the whole check', () => {
  const runs = Object.values(stepsOf('.github/workflows/ci.yml')).flatMap(({ steps }) =>
    steps.flatMap(({ run }) => run ?? []),
  );
  expect(runs).toEqual(['.ci/run']);
  expect(statSync(resolve(root, '.ci/run')).mode & 0o111).not.toBe(0);
});

test('public CI runs the SQL Server tests on the server of compose', () => {
  const job = stepsOf('.github/workflows/sql-server.yml')['sql-server'];
  const server = job?.services?.mssql;
  expect(server?.image).toBe(services.mssql?.image);
  expect(job?.env?.TEST_MSSQL_URL).toBe(`mssql://sa:${server?.env.MSSQL_SA_PASSWORD}@127.0.0.1:1433/master`);
  const run = job?.steps.map((step) => step.run).find((text) => text?.includes('vitest'));
  expect(run).toContain('test/warehouse.contract.test.ts');
  expect(run).toMatch(/ test\/mssql\. /);
});
