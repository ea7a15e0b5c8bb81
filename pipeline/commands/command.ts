import { type ParseArgsConfig, parseArgs } from 'node:util';
import { KadaError, messageOf } from '../../ingest/errors.ts';
import { type Config, loadConfig } from '../config.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

/** Wrong use of a command: told with a hint at --help, exit code 2. */
export class WrongUse extends Error {}

export interface CommandInput<O extends Options> {
  readonly values: ReturnType<typeof parseArgs<{ options: O; allowPositionals: true }>>['values'];
  readonly positionals: readonly string[];
  readonly config: Config;
}

export interface Command<O extends Options> {
  /** as `npm run <name>` */
  readonly name: string;
  readonly help: string;
  readonly options: O;
  /** Returns the exit code. Throws WrongUse, or a KadaError, which ends in exit code 1. */
  readonly run: (input: CommandInput<O>) => Promise<number>;
}

export const print = (line: string): boolean => process.stdout.write(`${line}\n`);
/** For what is not the answer itself: stdout may be piped into a program. */
export const tell = (line: string): boolean => process.stderr.write(`${line}\n`);

/**
 * Runs a command on this process's arguments and sets its exit code: 0 done, 1 failed, 2 wrong use or
 * configuration.
 */
export async function runCommand<const O extends Options>(command: Command<O>): Promise<void> {
  // `npm run sql … | head` closes the pipe early: that is no failure
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  process.exitCode = await exitCodeOf(command, process.argv.slice(2));
}

async function exitCodeOf<const O extends Options>(
  command: Command<O>,
  argv: readonly string[],
): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(command.help);
    return 0;
  }
  try {
    const { values, positionals } = parse(command, argv);
    const loaded = loadConfig(process.env);
    if (!loaded.ok) {
      tell('the configuration has problems:');
      for (const problem of loaded.problems) tell(`  ${problem}`);
      return 2;
    }
    return await command.run({ values, positionals, config: loaded.config });
  } catch (error) {
    if (error instanceof WrongUse) {
      tell(`KADA_USAGE: ${error.message}\nnpm run ${command.name} -- --help explains.`);
      return 2;
    }
    tell(error instanceof KadaError ? `${error.code}: ${error.message}` : messageOf(error));
    return 1;
  }
}

function parse<const O extends Options>(command: Command<O>, argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: command.options, allowPositionals: true });
  } catch (error) {
    throw new WrongUse(messageOf(error));
  }
}
