import { parseArgs } from 'node:util';
import { benches, largeBenches } from './benches.ts';
import { asTable, type BenchRow, machine } from './table.ts';

const help = `Ours beside the bare parts, in turn, on this machine.

  npm run bench -- [--only NAME] [--rounds N] [--json]

  --only NAME   one row (may be given several times): ${benches.map(({ name }) => name).join(' | ')}
  --large       also commits beside 20 million fingerprints and cycles beside 20 million rows
  --rounds N    rounds of each (default 5)
  --json        one JSON object a line
`;

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    rounds: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
    large: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  process.stdout.write(help);
} else {
  process.exitCode = await main();
}

async function main(): Promise<number> {
  const rounds = Number(values.rounds);
  const there = values.large ? [...benches, ...largeBenches] : benches;
  const chosen = values.only === undefined ? there : there.filter(({ name }) => values.only?.includes(name));
  if (chosen.length === 0 || !Number.isInteger(rounds) || rounds < 1) {
    process.stderr.write(help);
    return 2;
  }
  const say = (line: string) => process.stderr.write(`${line}\n`);
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
