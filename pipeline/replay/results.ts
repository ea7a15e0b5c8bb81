import { z } from 'zod';

/** Letters of one request, at the most (http.md). */
export const mostLetters = 500;

const letterId = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, 'is no letter’s id');

export const replayBody = z.strictObject({
  letters: z
    .array(z.strictObject({ id: letterId, body: z.string().max(1_048_576).optional() }))
    .min(1)
    .max(mostLetters),
  dryRun: z.boolean().default(false),
});
export type ReplayRequest = z.output<typeof replayBody>;

export const discardBody = z.strictObject({
  ids: z.array(letterId).min(1).max(mostLetters),
  why: z.string().trim().min(1).max(1_000),
});

const issue = z.object({ path: z.string(), code: z.string(), message: z.string() });

/**
 * What became of one letter, or what it would become in a dry run.
 * - `resolved`: it was not pending any more; `resolution` says what it had become
 * - `unknown`: there is no such letter
 * - `unavailable`: not now, `reason` says why; it may be sent again
 */
export const replayResult = z.discriminatedUnion('outcome', [
  z.object({ id: z.string(), outcome: z.literal('stored'), eventId: z.string() }),
  z.object({ id: z.string(), outcome: z.literal('duplicate'), eventId: z.string() }),
  z.object({
    id: z.string(),
    outcome: z.literal('dead_lettered'),
    stage: z.string(),
    reason: z.string(),
    issues: z.array(issue),
  }),
  z.object({
    id: z.string(),
    outcome: z.literal('resolved'),
    status: z.string(),
    resolution: z.string().nullable(),
  }),
  z.object({ id: z.string(), outcome: z.literal('unknown') }),
  z.object({ id: z.string(), outcome: z.literal('unavailable'), reason: z.string() }),
]);
export type ReplayResult = Readonly<z.output<typeof replayResult>>;

/**
 * What became of one message of the broker's dead-letter queue, or what it would become in a dry run.
 * - `stored`, `duplicate`: it is a valid event by now; `event` and `letter` tell twins of a dry run apart
 * - `dead_lettered`: it has its letter now, and had none
 * - `known`: it has had its letter already, whatever became of that
 */
export const drainResult = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('stored'), event: z.string() }),
  z.object({ outcome: z.literal('duplicate'), event: z.string() }),
  z.object({ outcome: z.literal('dead_lettered'), reason: z.string(), letter: z.string() }),
  z.object({ outcome: z.literal('known'), reason: z.string() }),
  z.object({ outcome: z.literal('unavailable'), reason: z.string() }),
]);
export type DrainResult = Readonly<z.output<typeof drainResult>>;

export const drainAnswer = z.object({ results: z.array(drainResult) });
export const replayAnswer = z.object({ results: z.array(replayResult) });
export const discardAnswer = z.object({ discarded: z.array(z.string()) });
export const pruneAnswer = z.object({ letters: z.number(), letterClaims: z.number(), claims: z.number() });
export const backupAnswer = z.object({ folder: z.string(), seq: z.number() });

const ms = z.number().int().optional();
export const pruneBody = z.strictObject({ lettersBefore: ms, claimsBefore: ms, dryRun: z.boolean() });
