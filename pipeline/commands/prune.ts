import { print, runCommand, WrongUse } from './command.ts';
import { createLetterDesk } from './letter-desk.ts';

/** days; an event is taken in until it is 365 days old: a claim that goes before could let it in twice */
const leastClaimDays = 366;

const help = `Removes old rows of ops, never by itself. Also while the pipeline runs (then it does the work).

  npm run prune -- [--dead-letters-older-than 90d] [--fingerprints-older-than 400d] [--dry-run]

  --dead-letters-older-than Nd   dead letters that came last more than N days ago, of every status, with their claims
  --fingerprints-older-than Nd   claims of events first seen more than N days ago; at least ${leastClaimDays}d, since an event
                                 may still come again until then
  --dry-run                      only counts
  --help                         this text

Gold counts dead letters by their rows: the days whose letters go count fewer after the next cycle.
Exit codes: 0 done, 1 failed, 2 wrong use or configuration.
`;

const dayMs = 86_400_000;

await runCommand({
  name: 'prune',
  help,
  options: {
    'dead-letters-older-than': { type: 'string' },
    'fingerprints-older-than': { type: 'string' },
    'dry-run': { type: 'boolean' },
  },
  async run({ values, positionals, config }) {
    if (positionals.length > 0) throw new WrongUse(`${positionals[0]} is no flag`);
    const letters = daysOf('--dead-letters-older-than', values['dead-letters-older-than'], 0);
    const claims = daysOf('--fingerprints-older-than', values['fingerprints-older-than'], leastClaimDays);
    if (letters === undefined && claims === undefined)
      throw new WrongUse('say what is to go: --dead-letters-older-than or --fingerprints-older-than');
    const dryRun = values['dry-run'] === true;
    const now = Date.now();
    const before = (days: number | undefined): number | undefined =>
      days === undefined ? undefined : now - days * dayMs;
    const limits = { lettersBefore: before(letters), claimsBefore: before(claims) };
    const desk = createLetterDesk(config);
    try {
      const pruned = await desk.ask((open) => open.letters.prune(limits, dryRun));
      print(
        `${dryRun ? 'would remove' : 'removed'} ${pruned.letters} dead letters with ${pruned.letterClaims} claims, ` +
          `and ${pruned.claims} claims of events`,
      );
      return 0;
    } finally {
      await desk.close();
    }
  },
});

function daysOf(flag: string, given: string | undefined, least: number): number | undefined {
  if (given === undefined) return undefined;
  const days = Number(/^(\d{1,5})d$/.exec(given)?.[1] ?? Number.NaN);
  if (Number.isNaN(days)) throw new WrongUse(`${flag} is given in days: 90d`);
  if (days < least)
    throw new WrongUse(`${flag} must be at least ${least}d: younger events may still come again`);
  return days;
}
