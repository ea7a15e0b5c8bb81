import type { Config } from '../config.ts';

/** A URL as it may be logged: no password, and no query, which could hold one. */
export const withoutPassword = (url: string): string => {
  if (!URL.canParse(url)) return '(not a URL)';
  const { protocol, username, host, pathname } = new URL(url);
  return `${protocol}//${username === '' ? '' : `${username}@`}${host}${pathname}`;
};

const told = (secret: string | undefined): string => (secret === undefined ? 'unset' : 'set');

/** The configuration as it may be logged: secrets are told as set or unset, keys by their number. */
export const describeConfig = (config: Config): Readonly<Record<string, unknown>> => ({
  ...config,
  roles: [...config.roles],
  warehouse:
    config.warehouse.engine === 'mssql' ? { ...config.warehouse, password: 'set' } : config.warehouse,
  rabbitmq:
    config.rabbitmq === undefined
      ? 'unset'
      : { ...config.rabbitmq, url: withoutPassword(config.rabbitmq.url) },
  collector: { ...config.collector, keys: config.collector.keys.length },
  dashboard: {
    ...config.dashboard,
    token: told(config.dashboard.token),
    adminKey: told(config.dashboard.adminKey),
  },
});
