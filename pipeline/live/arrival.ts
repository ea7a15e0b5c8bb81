/** How far ahead of us another process's clock may be before it is no longer believed; ms */
export const mostAhead = 60 * 60_000;

/**
 * The time by which an arrival is counted: the received_at that its row keeps, so that a restart counts it in the
 * same minute. /track in a process of its own stamps it by its own clock: one that is ahead counts at once all the
 * same, in the minute that it names.
 */
export const arrivedAt = (receivedAt: number, now: number): number => Math.min(receivedAt, now + mostAhead);
