import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import { drainBody, messagesFrom, messagesTo } from '../replay/drain-wire.ts';
import type { LetterOffice } from '../replay/office.ts';
import {
  backupAnswer,
  discardAnswer,
  discardBody,
  drainAnswer,
  pruneAnswer,
  pruneBody,
  replayAnswer,
  replayBody,
} from '../replay/results.ts';

/** bytes: mended bodies travel with their letters' ids */
export const replayBodyLimit = 16 * 1_048_576;

/** `POST /replay`, `/drain`, `/discard`, `/prune` and `/backup`. */
export function installLetterCalls(app: FastifyInstance, office: () => LetterOffice | undefined): void {
  function on<Body extends z.ZodType>(
    path: string,
    schema: Body,
    bodyLimit: number,
    answer: (letters: LetterOffice, body: z.output<Body>) => Promise<unknown>,
  ): void {
    app.post(path, { bodyLimit }, async (request, reply) => {
      const body = schema.safeParse(request.body ?? {});
      if (!body.success) return fail(reply, 400, 'bad_request', z.prettifyError(body.error));
      const letters = office();
      if (letters === undefined) return fail(reply, 503, 'KADA_STARTING', 'the pipeline is still starting');
      return await answer(letters, body.data);
    });
  }
  const small = 64 * 1_024;
  on('/replay', replayBody, replayBodyLimit, async (letters, request) => ({
    results: await letters.replay(request),
  }));
  on('/drain', drainBody, replayBodyLimit, async (letters, { messages, dryRun }) => ({
    results: await letters.drain(messagesFrom(messages), dryRun),
  }));
  on('/discard', discardBody, small, async (letters, { ids, why }) => ({
    discarded: await letters.discard(ids, why),
  }));
  on('/prune', pruneBody, small, async (letters, { lettersBefore, claimsBefore, dryRun }) =>
    letters.prune({ lettersBefore, claimsBefore }, dryRun),
  );
  on('/backup', z.strictObject({}), small, async (letters) => letters.backup());
}

/** The same calls from the other side. */
export const lettersThrough = (post: (path: string, body: unknown) => Promise<unknown>): LetterOffice => ({
  replay: async (request) => replayAnswer.parse(await post('/replay', request)).results,
  drain: async (messages, dryRun) =>
    drainAnswer.parse(await post('/drain', { messages: messagesTo(messages), dryRun })).results,
  discard: async (ids, why) => discardAnswer.parse(await post('/discard', { ids, why })).discarded,
  prune: async (limits, dryRun) => pruneAnswer.parse(await post('/prune', { ...limits, dryRun })),
  backup: async () => backupAnswer.parse(await post('/backup', {})),
});

const fail = (reply: FastifyReply, status: number, code: string, message: string): FastifyReply =>
  reply.code(status).send({ error: { code, message } });
