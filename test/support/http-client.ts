import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/** What came back. `refused`: the connection was, so nothing was sent; `unknown`: it broke on the way. */
export type HttpAnswer =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers: IncomingHttpHeaders;
      readonly text: string;
      /** undefined when it is no JSON */
      readonly json: unknown;
    }
  | { readonly kind: 'refused'; readonly code: string }
  | { readonly kind: 'unknown'; readonly code: string };

export interface HttpClient {
  /** Never rejects. */
  post(url: string, body: string | Buffer, headers?: Readonly<Record<string, string>>): Promise<HttpAnswer>;
  close(): void;
}

/** Kept connections, as many as are asked for at once; a request takes at most `timeoutMs`. */
export function createHttpClient(timeoutMs = 20_000): HttpClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 1_024 });
  return {
    close: () => agent.destroy(),
    post: (url, body, headers = {}) =>
      new Promise((done) => {
        const sent = request(
          url,
          {
            method: 'POST',
            agent,
            timeout: timeoutMs,
            headers: {
              'content-type': 'application/json',
              'content-length': String(Buffer.byteLength(body)),
              ...headers,
            },
          },
          (response) => {
            const chunks: Buffer[] = [];
            response.on('data', (chunk) => chunks.push(chunk));
            response.on('error', (error) => done({ kind: 'unknown', code: codeOf(error) }));
            response.on('end', () => {
              const text = Buffer.concat(chunks).toString('utf8');
              const status = response.statusCode ?? 0;
              done({ kind: 'answer', status, headers: response.headers, text, json: parse(text) });
            });
          },
        );
        sent.on('timeout', () => sent.destroy(new Error('timeout')));
        sent.on('error', (error) => {
          const code = codeOf(error);
          done({ kind: code === 'ECONNREFUSED' ? 'refused' : 'unknown', code });
        });
        sent.end(body);
      }),
  };
}

/** A moment between two requests of one sender, so that a test is not only a flood. */
export const pause = (ms: number): Promise<void> => delay(ms);

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const codeOf = (error: Error): string =>
  'code' in error && typeof error.code === 'string' ? error.code : error.message;
