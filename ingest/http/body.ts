import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Admission } from './admission.ts';
import { type RefusalCode, RefusalError } from './refusal.ts';

/** A declared length up to here is read and thrown away, so that its sender gets to see the 413. */
const DRAIN_BYTES = 8 * 1_048_576;

export interface BodyReaderOptions {
  readonly contentTypes: readonly string[];
  /** bytes */
  readonly limit: number;
  readonly admission: Pick<Admission, 'tryReceive' | 'received'>;
  /** the sender went away before its body was whole */
  readonly onAborted: () => void;
}

type Done = (error: Error | null, body?: Buffer) => void;

/**
 * Bodies arrive as bytes: the decoder must see what is not UTF-8, which Fastify's own parsers turn into U+FFFD.
 * What has arrived of bodies that are not whole yet is reserved, so that many slow senders stay bounded.
 */
export function installBodyReader(app: FastifyInstance, options: BodyReaderOptions): void {
  const { admission, limit } = options;

  function readBody(request: FastifyRequest, payload: IncomingMessage, done: Done): void {
    const declared = Number(request.headers['content-length'] ?? Number.NaN);
    if (declared > limit) done(new RefusalError('too_large', declared > DRAIN_BYTES));
    else readWhole(payload, declared, done);
  }

  function readWhole(payload: IncomingMessage, declared: number, done: Done): void {
    const chunks: Buffer[] = [];
    let length = 0;
    let reserved = 0;
    let refused = false;

    function refuse(code: RefusalCode): void {
      refused = true;
      chunks.length = 0;
      giveBack();
      done(new RefusalError(code, true));
    }

    function giveBack(): void {
      if (reserved > 0) admission.received(reserved);
      reserved = 0;
    }

    // stays attached after a refusal: what still comes is thrown away until the socket closes
    function onData(chunk: Buffer): void {
      if (refused) return;
      length += chunk.length;
      if (length > limit) {
        refuse('too_large');
        return;
      }
      chunks.push(chunk);
      // most bodies are whole with their first chunk, and need no reservation
      if (length === declared) return;
      if (admission.tryReceive(chunk.length)) reserved += chunk.length;
      else refuse('overloaded');
    }

    function onEnd(): void {
      giveBack();
      if (refused) return;
      const [first] = chunks;
      done(null, chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, length));
    }

    function onError(): void {
      giveBack();
      if (!refused) options.onAborted();
      refused = true;
    }

    payload.on('data', onData);
    payload.on('end', onEnd);
    payload.on('error', onError);
  }

  app.removeAllContentTypeParsers();
  app.addContentTypeParser([...options.contentTypes], readBody);
}
