import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** A network that can be broken: a port of its own, behind which another one answers. */
export interface TcpProxy {
  readonly port: number;
  /** Closes all connections in order and takes no new ones. */
  cut(): void;
  /** Ends all connections with a reset; new ones are taken. */
  reset(): void;
  /** Nothing comes through any more and nobody is told: these connections are dead for ever, and so are new ones. */
  silence(): void;
  /** Whatever comes through from now on takes so long, each way. */
  delayBy(ms: number): void;
  /** New connections come through at once; those that are delayed or silent stay so. */
  restore(): void;
  /** the open connections, oldest first */
  open(): readonly ProxiedConnection[];
  close(): Promise<void>;
}

export interface ProxiedConnection {
  /** Both sides see a reset. */
  cut(): void;
}

interface Pair extends ProxiedConnection {
  readonly near: Socket;
  readonly far: Socket;
  ms: number;
  silent: boolean;
}

export async function startTcpProxy(host: string, port: number): Promise<TcpProxy> {
  const pairs = new Set<Pair>();
  let isCut = false;
  let isSilent = false;
  let ms = 0;

  /** In order, each piece after its delay; the end comes through like a piece. */
  function pass(pair: Pair, from: Socket, to: Socket): void {
    let before: Promise<unknown> = Promise.resolve();
    const later = (deliver: () => void): void => {
      const due = performance.now() + pair.ms;
      before = before
        .then(() => (due > performance.now() ? delay(due - performance.now()) : undefined))
        .then(() => {
          if (!pair.silent && !to.destroyed) deliver();
        });
    };
    from.on('data', (chunk) => later(() => to.write(chunk)));
    from.on('end', () => later(() => to.end()));
    from.on('error', () => {});
    from.on('close', () => {
      // one side is gone: on a network that works the other is told
      if (!pair.silent) later(() => to.destroy());
      if (from.destroyed && to.destroyed) pairs.delete(pair);
    });
  }

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    if (isCut) {
      near.destroy();
      return;
    }
    const far = connect({ host, port, allowHalfOpen: true, noDelay: true });
    const pair: Pair = {
      near,
      far,
      ms,
      silent: isSilent,
      cut() {
        for (const socket of [near, far]) socket.resetAndDestroy();
        pairs.delete(pair);
      },
    };
    pairs.add(pair);
    pass(pair, near, far);
    pass(pair, far, near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');

  const endAll = (end: (socket: Socket) => void): void => {
    for (const { near, far } of pairs) for (const socket of [near, far]) end(socket);
    pairs.clear();
  };

  return {
    port: address.port,
    cut() {
      isCut = true;
      endAll((socket) => socket.destroy());
    },
    reset: () => endAll((socket) => socket.resetAndDestroy()),
    silence() {
      isSilent = true;
      for (const pair of pairs) pair.silent = true;
    },
    delayBy(given) {
      ms = given;
      for (const pair of pairs) pair.ms = given;
    },
    restore() {
      isCut = false;
      isSilent = false;
      ms = 0;
    },
    open: () => [...pairs],
    async close() {
      endAll((socket) => socket.destroy());
      server.close();
      await once(server, 'close');
    },
  };
}
