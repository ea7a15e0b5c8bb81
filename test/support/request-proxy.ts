import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';

/** A way to a server that a test can break between a request and its answer. What goes over it is not read: it may be encrypted. */
export interface RequestProxy {
  readonly port: number;
  /** What clients send is swallowed; `swallowed` tells whether anything was. */
  swallowRequests(): void;
  readonly swallowed: () => boolean;
  /** What the server answers goes nowhere; `asked` tells whether anything was sent to it since. */
  holdAnswers(): void;
  readonly asked: () => boolean;
  /** The next thing that a client sends still goes to the server; its connection ends with that. */
  cutAfterRequest(): void;
  readonly cuts: () => number;
  /** Ends all connections; what comes next passes. */
  cut(): void;
  /** Ends all connections and takes no new ones until `allow`. */
  refuse(): void;
  allow(): void;
  close(): Promise<void>;
}

type Mode = 'passing' | 'swallowing' | 'holding' | 'cutting' | 'refusing';

export async function openRequestProxy(host: string, port: number): Promise<RequestProxy> {
  let mode: Mode = 'passing';
  let swallowed = false;
  let asked = false;
  let cuts = 0;
  const pairs = new Set<readonly [Socket, Socket]>();

  const server = createServer((client) => {
    if (mode === 'refusing') {
      client.on('error', () => undefined).destroy();
      return;
    }
    const upstream = createConnection({ host, port, noDelay: true });
    client.setNoDelay(true);
    const pair = [client, upstream] as const;
    pairs.add(pair);
    const end = (): void => {
      pairs.delete(pair);
      client.destroy();
      upstream.destroy();
    };
    for (const socket of pair) socket.on('error', end).on('close', end);
    client.on('data', (chunk) => {
      switch (mode) {
        case 'swallowing':
          swallowed = true;
          return;
        case 'cutting':
          mode = 'passing';
          cuts += 1;
          // Ended, not destroyed: it reaches the server whole.
          upstream.end(chunk, () => client.destroy());
          return;
        case 'holding':
          asked = true;
          upstream.write(chunk);
          return;
        default:
          upstream.write(chunk);
      }
    });
    upstream.on('data', (chunk) => {
      if (mode !== 'holding') client.write(chunk);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');

  const cutAll = (): void => {
    for (const [client, upstream] of pairs) {
      client.destroy();
      upstream.destroy();
    }
    pairs.clear();
  };
  return {
    port: address.port,
    swallowRequests() {
      swallowed = false;
      mode = 'swallowing';
    },
    swallowed: () => swallowed,
    holdAnswers() {
      asked = false;
      mode = 'holding';
    },
    asked: () => asked,
    cutAfterRequest() {
      mode = 'cutting';
    },
    cuts: () => cuts,
    cut() {
      mode = 'passing';
      cutAll();
    },
    refuse() {
      mode = 'refusing';
      cutAll();
    },
    allow() {
      mode = 'passing';
    },
    async close() {
      cutAll();
      server.close();
      await once(server, 'close');
    },
  };
}
