import { z } from 'zod';

/**
 * Required text of at most `limit` UTF-16 units, as nvarchar counts them. Not zod's `max`, which counts code
 * points: 64 emoji would pass it and fail their INSERT.
 */
export const requiredUpTo = (limit: number) =>
  z
    .string()
    .min(1)
    .check(({ value, issues }) => {
      if (value.length <= limit) return;
      const message = `Too big: expected at most ${limit} characters`;
      issues.push({
        code: 'too_big',
        origin: 'string',
        maximum: limit,
        inclusive: true,
        input: value,
        message,
      });
    });
