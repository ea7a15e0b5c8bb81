import { parseArgs } from 'node:util';
import { benches, largeBenches } from './benches.ts';
import { asTable, type BenchRow, machine } from './table.ts';

const help = `Ours beside the bare parts, in turn, on this machine.

  npm run bench -- [--only NAME] [--rounds N] [--json]

  --only NAME   one row (may be given several times): ${benches.map(({ name }) => name).join(' | ')}
  --large       also commits beside 20 million fingerprints and cycles beside 20 million rows
  --rounds N    rounds of each (default 5)
  --json        one JSON object a line
  --help        this text

Exit codes: 0 done, 2 wrong use.
`;

const say = (line: string): boolean => process.stderr.write(`${line}\n`);

const read = () =>
  parseArgs({
    options: {
      only: { type: 'string', multiple: true },
      rounds: { type: 'string', default: '5' },
      json: { type: 'boolean', default: false },
      large: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  }).values;

process.exitCode = await main();

async function main(): Promise<number> {
  let values: ReturnType<typeof read>;
  try {
    values = read();
  } catch (error) {
    return wrongUse(error instanceof Error ? error.message : String(error));
  }
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    return wrongUse(`--rounds ${values.rounds} is no number of rounds`);
  const there = values.large ? [...benches, ...largeBenches] : benches;
  const unknown = values.only?.find((only) => !there.some(({ name }) => name === only));
  if (unknown !== undefined) return wrongUse(`No row is named ${JSON.stringify(unknown)}`);
  const chosen = there.filter(({ name }) => values.only?.includes(name) ?? true);
  say(machine());
  const rows: BenchRow[] = [];
  for (const bench of chosen) {
    if (bench.missing !== undefined) {
      say(`${bench.name}: skipped, ${bench.missing}`);
      continue;
    }
    say(`${bench.name} …`);
    const row = await bench.run({ rounds, say });
    rows.push(row);
    if (values.json) process.stdout.write(`${JSON.stringify({ ...row, machine: machine() })}\n`);
  }
  if (!values.json) process.stdout.write(`${machine()}\n\n${asTable(rows)}\n`);
  return 0;
}

function wrongUse(problem: string): number {
  say(`${problem}\n\n${help}`);
  return 2;
}
