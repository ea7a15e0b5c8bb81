import type { Logger } from 'pino';
import { letterOf, payloadOfText } from '../ingest/dead-letter.ts';
import { messageOf } from '../ingest/errors.ts';
import { createNormaliser, type StoreIp } from '../ingest/normalise.ts';
import type { Validation } from './steps/validate.ts';

/** The contracts of ingest/, with a net below: a fault of ours dead-letters one message and never ends the stream. */
export function createValidation(options: {
  readonly storeIp: StoreIp;
  readonly mayKeep: Validation['mayKeep'];
  readonly log: Logger;
}): Validation {
  const normalise = createNormaliser({ storeIp: options.storeIp });
  return {
    mayKeep: options.mayKeep,
    judge(decoded, { origin, receivedAt, via, replayed }, ordinal) {
      try {
        return normalise(decoded, origin, receivedAt, via, replayed?.ordinal ?? ordinal, replayed?.madeId);
      } catch (error) {
        options.log.error(
          { code: 'KADA_NORMALISE_THREW', err: error },
          'kept as a dead letter: this is a bug',
        );
        const payload =
          decoded.kind === 'decoded'
            ? payloadOfText(decoded.text)
            : { text: decoded.payload, encoding: decoded.payloadEncoding, sha256: decoded.payloadSha256 };
        const letter = letterOf({
          stage: 'validate',
          reason: 'invalid_event_shape',
          issues: [{ path: '', code: 'internal', message: messageOf(error) }],
          origin,
          via,
          receivedAt,
          payload,
          ip: null,
          facts: {},
          alwaysNew: false,
          concerns: undefined,
        });
        return { kind: 'dead-letter', letter };
      }
    },
  };
}
