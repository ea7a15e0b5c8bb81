import { parseArgs } from 'node:util';
import { messageOf } from '../../ingest/errors.ts';

export const roles = ['tracking', 'collector', 'consumer', 'etl', 'dashboard'] as const;
export type Role = (typeof roles)[number];

export const startHelp = `The pipeline: takes events in, stores each one once, and shows the live funnel.

  npm start -- [--roles a,b] [--port N] [--accept-loss]

  --roles a,b     run some roles only: ${roles.join(', ')} (default: all;
                  consumer only where RABBITMQ_URL is set)
  --port N        port of the first of tracking, collector and dashboard that runs; 0 takes a free one
  --accept-loss   go on with a warehouse that is behind its mark (it says how many events are missing)
  --help          this text

Settings come from the environment and .env; .env.example lists them all.
Exit codes: 0 stopped in order, 1 failed, 2 wrong use or configuration.
`;

/** What the command line of `npm start` and of the one-role commands says. */
export interface StartArguments {
  /** undefined: all */
  readonly roles: readonly Role[] | undefined;
  readonly port: number | undefined;
  readonly acceptLoss: boolean;
}

export const wantsHelp = (argv: readonly string[]): boolean => argv.includes('--help') || argv.includes('-h');

const isRole = (name: string): name is Role => (roles as readonly string[]).includes(name);

const parseRoles = (
  given: string,
): { readonly roles: readonly Role[]; readonly problems: readonly string[] } => {
  const names = given
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
  const problems = names
    .filter((name) => !isRole(name))
    .map((name) => `--roles knows no ${JSON.stringify(name)}: choose from ${roles.join(', ')}`);
  if (names.length === 0) problems.push(`--roles needs at least one of ${roles.join(', ')}`);
  return { roles: roles.filter((role) => names.includes(role)), problems };
};

/** All that is wrong with the command line at once. */
export const parseStartArguments = (
  argv: readonly string[],
): { readonly arguments: StartArguments; readonly problems: readonly string[] } => {
  const nothing: StartArguments = { roles: undefined, port: undefined, acceptLoss: false };
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        roles: { type: 'string' },
        port: { type: 'string' },
        'accept-loss': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    const chosen = values.roles === undefined ? undefined : parseRoles(values.roles);
    const problems = [...(chosen?.problems ?? [])];
    const port = values.port === undefined ? undefined : Number(values.port);
    if (port !== undefined && !(/^\d{1,5}$/.test(values.port ?? '') && port <= 65_535)) {
      problems.push('--port must be a whole number from 0 to 65535');
    }
    return {
      arguments: { roles: chosen?.roles, port, acceptLoss: values['accept-loss'] ?? false },
      problems,
    };
  } catch (error) {
    return { arguments: nothing, problems: [messageOf(error)] };
  }
};
