import ipaddr from 'ipaddr.js';
import type { StartArguments } from './arguments.ts';
import type { SettingValues } from './settings.ts';

/** Does an address reach this machine alone? */
export const isLoopback = (host: string): boolean => {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  if (bare.toLowerCase() === 'localhost') return true;
  return ipaddr.isValid(bare) && ipaddr.process(bare).range() === 'loopback';
};

/** The consumer runs where there is a broker, unless it is switched off. */
export const consumerWanted = (s: Partial<SettingValues>): boolean =>
  s.RABBITMQ_URL !== undefined && s.ANALYTICS_CONSUMER_ENABLED !== false;

/**
 * Rules between settings. A setting with a problem of its own is absent from `s`; a rule that needs it is then
 * silent, and the problem is told once.
 */
export const combinedProblems = (s: Partial<SettingValues>, line: StartArguments): readonly string[] => {
  const problems: string[] = [];
  const known = (name: keyof SettingValues): boolean => name in s;

  const wantsServer = s.WAREHOUSE === 'mssql' || (s.WAREHOUSE === undefined && s.DB_HOST !== undefined);
  if (known('WAREHOUSE') && wantsServer) {
    if (known('DB_HOST') && s.DB_HOST === undefined) problems.push('WAREHOUSE=mssql needs DB_HOST');
    for (const name of ['DB_USER', 'DB_PASSWORD'] as const) {
      if (known(name) && s[name] === undefined) problems.push(`${name} is needed for SQL Server (DB_HOST)`);
    }
  }

  if (known('RABBITMQ_URL') && s.RABBITMQ_URL === undefined) {
    if (line.roles?.includes('consumer')) problems.push('--roles consumer needs RABBITMQ_URL');
    if (s.ANALYTICS_CONSUMER_ENABLED === true) {
      problems.push('ANALYTICS_CONSUMER_ENABLED is yes, and RABBITMQ_URL is unset: set it, or say no');
    }
    if (s.TRACKING_TRANSPORT === 'broker') problems.push('TRACKING_TRANSPORT=broker needs RABBITMQ_URL');
  }
  if (line.roles?.includes('consumer') && s.ANALYTICS_CONSUMER_ENABLED === false) {
    problems.push('--roles consumer contradicts ANALYTICS_CONSUMER_ENABLED=no');
  }
  if (s.RABBITMQ_DLQ !== undefined && s.RABBITMQ_DLQ === s.RABBITMQ_QUEUE) {
    problems.push('RABBITMQ_DLQ must be another queue than RABBITMQ_QUEUE');
  }
  if (s.RABBITMQ_ROUTING_KEYS?.length === 0) problems.push('RABBITMQ_ROUTING_KEYS names no key');

  if (s.DASHBOARD_HOST !== undefined && !isLoopback(s.DASHBOARD_HOST)) {
    if (known('DASHBOARD_TOKEN') && s.DASHBOARD_TOKEN === undefined) {
      problems.push('DASHBOARD_TOKEN is needed, because DASHBOARD_HOST reaches beyond this machine');
    }
  }
  if (s.ADMIN_API_KEY !== undefined && s.ANALYTICS_API_KEY?.includes(s.ADMIN_API_KEY)) {
    problems.push('ADMIN_API_KEY must be another key than the producers have in ANALYTICS_API_KEY');
  }
  return problems;
};
