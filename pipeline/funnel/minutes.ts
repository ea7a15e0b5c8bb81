export const minuteMs = 60_000;

export const minuteOf = (time: number): number => Math.floor(time / minuteMs) * minuteMs;
