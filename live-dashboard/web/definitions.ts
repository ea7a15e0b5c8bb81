/** What the words of the page mean; `name` as the list of definitions heads it. */
export interface Definition {
  readonly name: string;
  readonly text: string;
}

export const definitions = {
  convert: {
    name: 'Time to convert',
    text: 'A session that entered can still convert for this long after its first step. After that it counts as dropped.',
  },
  included: {
    name: 'Bots and seed data',
    text: 'Automated visitors by user agent, and seeded test data, are counted apart.',
  },
  entered: {
    name: 'Sessions that entered',
    text: 'A session is counted once, in the minute of its first step. Its later steps count in that minute too, so no rate passes 100%.',
  },
  'in-time': {
    name: 'Still in time',
    text: 'Sessions that have not taken the next step yet, and whose time to convert is not over. Nobody still in time is called a loss.',
  },
  dropped: {
    name: 'Dropped',
    text: 'Sessions whose time to convert is over and that did not take the next step.',
  },
  loss: { name: 'Biggest loss', text: 'The step with the most dropped sessions, by count.' },
  outside: {
    name: 'Outside the funnel',
    text: 'Purchases of users who had no session in time. In orders and revenue, not in the funnel.',
  },
  median: {
    name: 'Median time',
    text: 'From the step before to this one: half of those who went on needed no longer than this.',
  },
  settled: {
    name: 'Settled average',
    text: 'The rate of all cohorts in which nobody can convert any more.',
  },
  'dead-letters': {
    name: 'Dead letters',
    text: 'Events that could not be stored, kept as they came with the reason. They count nowhere else.',
  },
  newest: { name: 'Newest event', text: 'Age of the newest committed event, by its event time.' },
  'commit-p95': {
    name: 'Commit p95',
    text: '95 of 100 batches were durable within this time, last minute.',
  },
  queue: { name: 'Queue depth', text: 'Messages waiting in RabbitMQ; – when unknown.' },
  duplicates: {
    name: 'Duplicates',
    text: 'Natural: the same event again, not stored. Synthetic: the same id with other content, kept as a dead letter.',
  },
  late: {
    name: 'Late',
    text: 'Events older than the live horizon when they came. Mostly they correct the history pages; what they change here is marked revised.',
  },
  unattributed: {
    name: 'Unattributed',
    text: 'Purchases of users who had no session in time. In orders and revenue, not in the funnel.',
  },
  bots: { name: 'Bots left out', text: 'Events of automated visitors by user agent, counted apart.' },
  behind: {
    name: 'Behind',
    text: 'Event time up to which this source is complete, as an age; idle when it is silent.',
  },
} as const satisfies Readonly<Record<string, Definition>>;

/** The text of a definition by the name that a button carries. */
export const definitionText = (key: string): string | undefined =>
  key in definitions ? definitions[key as keyof typeof definitions].text : undefined;
