import { sqlContains, sqlText } from './sql-text.ts';

/** Which dead letters are asked for; what is left out does not narrow. Values are checked by the caller or quoted here. */
export interface LetterFilter {
  /** YYYY-MM-DD, days of the report's zone, both inclusive; of failed_at, as Gold counts them */
  readonly from: string;
  readonly to: string;
  readonly reason?: string | undefined;
  readonly source?: string | undefined;
  readonly status?: string | undefined;
  /** the letter's own id: then its payload and context come too */
  readonly id?: string | undefined;
  /** stands in the id, the detail, the context or the payload; case tells apart as the engine does */
  readonly text?: string | undefined;
}

/** Letters with the report's day of their failure; before the first cycle there are no offsets, and days are UTC. */
const lettersWithDay =
  'ops.dead_letter_events AS l LEFT JOIN ops.report_offsets AS o ' +
  'ON l.failed_at >= o.from_utc AND l.failed_at < o.to_utc';
const day = 'CAST(ops.add_seconds(l.failed_at, COALESCE(o.offset_seconds, 0)) AS DATE)';

/** Dead letters by day, reason, source and status, newest day first; both engines run it as it is. */
export function letterSummaryQuery({ from, to }: Pick<LetterFilter, 'from' | 'to'>): string {
  return (
    `SELECT ${day} AS failed_date, l.reason, l.source, l.status, COUNT(*) AS letters, ` +
    `SUM(CAST(l.seen AS BIGINT)) AS seen FROM ${lettersWithDay} WHERE ${within(from, to)} ` +
    `GROUP BY ${day}, l.reason, l.source, l.status ORDER BY ${day} DESC, l.reason, l.source, l.status`
  );
}

/** One page of letters, newest first; both engines run it as it is. */
export function lettersQuery(
  filter: LetterFilter,
  page: { readonly offset: number; readonly limit: number },
): string {
  const whole = filter.id === undefined ? '' : ', l.context, l.payload';
  return (
    'SELECT l.event_id, l.failed_at, l.received_at, l.source, l.stage, l.reason, l.detail, l.attempts, l.seen, ' +
    `l.last_seen_at, l.status, l.resolved_at, l.resolution${whole} FROM ${lettersWithDay} ` +
    `WHERE ${conditions(filter).join(' AND ')} ORDER BY l.failed_at DESC, CAST(l.event_id AS VARCHAR(36)) ` +
    `OFFSET ${page.offset} ROWS FETCH NEXT ${page.limit} ROWS ONLY`
  );
}

/** How many there are, whatever the page. */
export const lettersCountQuery = (filter: LetterFilter): string =>
  `SELECT COUNT(*) AS letters FROM ${lettersWithDay} WHERE ${conditions(filter).join(' AND ')}`;

/** where a text is looked for */
const searched = ['CAST(l.event_id AS VARCHAR(36))', 'l.detail', 'l.context', 'l.payload'];

const within = (from: string, to: string): string =>
  `${day} >= CAST('${from}' AS DATE) AND ${day} <= CAST('${to}' AS DATE)`;

function conditions({ from, to, reason, source, status, id, text }: LetterFilter): readonly string[] {
  return [
    within(from, to),
    ...(reason === undefined ? [] : [`l.reason = ${sqlText(reason)}`]),
    ...(source === undefined ? [] : [`l.source = ${sqlText(source)}`]),
    ...(status === undefined ? [] : [`l.status = ${sqlText(status)}`]),
    ...(id === undefined ? [] : [`LOWER(CAST(l.event_id AS VARCHAR(36))) = ${sqlText(id.toLowerCase())}`]),
    ...(text === undefined ? [] : [sqlContains(searched, text)]),
  ];
}
