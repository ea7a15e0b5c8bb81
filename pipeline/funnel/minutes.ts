export const minuteMs = 60_000;

/** Whole minutes since 1970. */
export const minuteNumber = (time: number): number => Math.floor(time / minuteMs);

export const minuteOf = (time: number): number => minuteNumber(time) * minuteMs;
