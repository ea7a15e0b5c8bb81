import { maxQueryRows } from '../control/query.ts';
import { runCommand, tell, WrongUse } from './command.ts';
import { asCsv, asJson, asTable } from './result-text.ts';
import { withReader } from './with-reader.ts';

const defaultMaxRows = 10_000;

const help = `One read-only query on the warehouse, also while the pipeline runs.

  npm run sql -- "select source, count(*) as events from bronze.page_view_events group by source"

  --json         an array of objects; numbers stay numbers
  --csv          RFC 4180, with a header line
  --max-rows N   rows that are shown, 1 to ${maxQueryRows} (default ${defaultMaxRows}); more are told on stderr
  --help         this text

Without --json and --csv it prints a table, in which long values are cut.
Exit codes: 0 done, 1 the query failed, 2 wrong use or configuration.
`;

await runCommand({
  name: 'sql',
  help,
  options: { json: { type: 'boolean' }, csv: { type: 'boolean' }, 'max-rows': { type: 'string' } },
  async run({ values, positionals, config }) {
    const [sql, ...others] = positionals;
    if (sql === undefined || sql.trim() === '') throw new WrongUse('a query is needed');
    if (others.length > 0) throw new WrongUse('one query is needed: put it in quotes');
    if (values.json === true && values.csv === true) throw new WrongUse('choose one of --json and --csv');
    const maxRows = Number(values['max-rows'] ?? defaultMaxRows);
    if (!Number.isInteger(maxRows) || maxRows < 1 || maxRows > maxQueryRows) {
      throw new WrongUse(`--max-rows must be a whole number from 1 to ${maxQueryRows}`);
    }
    const result = await withReader(config, (reader) => reader.query(sql, { maxRows }));
    const format = values.json === true ? asJson : values.csv === true ? asCsv : asTable;
    process.stdout.write(format(result));
    if (result.truncated) tell(`there are more rows: --max-rows ${maxRows} shows the first ${maxRows}`);
    return 0;
  },
});
