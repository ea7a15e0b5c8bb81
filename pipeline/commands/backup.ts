import { cp, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { print, runCommand, WrongUse } from './command.ts';
import { createLetterDesk } from './letter-desk.ts';

const help = `A consistent copy of the embedded warehouse, also while the pipeline runs.

  npm run backup -- DIR

  DIR       an empty or a new folder; in it come warehouse.duckdb.bak and warehouse.mark.bak
  --help    this text

To restore: stop the pipeline, put both into an empty DATA_DIR as warehouse.duckdb and warehouse.mark, start it.
A SQL Server database has backups of its own.
Exit codes: 0 done, 1 failed, 2 wrong use or configuration.
`;

await runCommand({
  name: 'backup',
  help,
  options: {},
  async run({ positionals, config }) {
    const [given, ...others] = positionals;
    if (given === undefined || others.length > 0) throw new WrongUse('one folder is needed');
    // npm runs a script in the project's folder; the folder is named from where the command was typed.
    const target = resolve(process.env.INIT_CWD ?? process.cwd(), given);
    await mkdir(target, { recursive: true });
    if ((await readdir(target)).length > 0) throw new WrongUse(`${target} is not empty`);
    const desk = createLetterDesk(config);
    try {
      const made = await desk.ask((open) => open.letters.backup());
      for (const name of ['warehouse.duckdb', 'warehouse.mark'])
        await move(join(made.folder, name), join(target, `${name}.bak`));
      await rm(made.folder, { recursive: true, force: true });
      print(`${target} holds the warehouse up to number ${made.seq}`);
      return 0;
    } finally {
      await desk.close();
    }
  },
});

/** A rename cannot leave a disk. */
async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EXDEV')) throw error;
    await cp(from, to);
    await rm(from);
  }
}
