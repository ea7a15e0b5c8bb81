import { connect, type Socket } from 'node:net';
import { isWhole } from './http-load.ts';

export interface PacedPosts {
  /** ms since 1970 at which each was written, in that order */
  readonly sentAt: readonly number[];
  /** Sends no more, and resolves when the last is answered; rejects when one was not answered 202. */
  stop(): Promise<void>;
}

const tickMs = 2;

/** Posts so many a second, whatever the answers take, each on a keep-alive connection that is free. */
export async function startPacedPosts(options: {
  /** whole URL of the route */
  readonly url: string;
  readonly perSecond: number;
  readonly connections: number;
  readonly body: () => string;
}): Promise<PacedPosts> {
  const { hostname, port, pathname } = new URL(options.url);
  const head = `POST ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Type: application/json\r\n`;
  const free: Socket[] = [];
  const all: Socket[] = [];
  const sentAt: number[] = [];
  let refused: string | undefined;
  let answered = 0;
  let stopped: (() => void) | undefined;

  await Promise.all(Array.from({ length: options.connections }, open));
  const began = performance.now();
  const timer = setInterval(sendDue, tickMs);

  async function open(): Promise<void> {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    let pending = '';
    socket.on('data', (chunk) => {
      pending += chunk.toString('latin1');
      if (!isWhole(pending)) return;
      if (pending.slice(9, 12) !== '202') refused ??= pending;
      pending = '';
      answered += 1;
      free.push(socket);
      if (answered === sentAt.length) stopped?.();
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    all.push(socket);
    free.push(socket);
  }

  function sendDue(): void {
    const due = ((performance.now() - began) / 1_000) * options.perSecond;
    while (sentAt.length < due) {
      // the one that rests longest: the server ends a connection that rests for too long
      const socket = free.shift();
      if (socket === undefined) return;
      const body = options.body();
      socket.write(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
      sentAt.push(Date.now());
    }
  }

  return {
    sentAt,
    async stop() {
      clearInterval(timer);
      await new Promise<void>((resolve) => {
        stopped = resolve;
        if (answered === sentAt.length) resolve();
      });
      for (const socket of all) socket.end();
      if (refused !== undefined) throw new Error(`not all were answered 202: ${refused}`);
    },
  };
}
