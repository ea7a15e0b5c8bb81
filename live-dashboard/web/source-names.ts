const sourceNames: Readonly<Record<string, string>> = {
  tracking: 'Tracking',
  collector: 'Collector',
  rabbitmq: 'RabbitMQ',
  replay: 'Replay',
};
export const sourceName = (source: string): string => sourceNames[source] ?? source;

/** The stack from the top down, and the rows of the table: the same for ever, whoever sends. */
export const stackOrder = ['rabbitmq', 'collector', 'tracking', 'replay'] as const;
export type StackedSource = (typeof stackOrder)[number];
