import type { WebSocket } from 'ws';
import type { ClientMessage, Frame, PongMessage, SnapshotFrame } from '../frames.ts';

/** Over this many bytes waiting in its socket a client skips frames, and gets a snapshot once it has caught up. */
const SLOW_BYTES = 1_048_576;
const PING_EVERY_MS = 30_000;
/** How long a snapshot's text serves further clients, and how soon a slow client is looked at again. */
const SNAPSHOT_AGE_MS = 250;
const GOODBYE = 'the server is stopping';

export type FrameResult = 'sent' | 'skipped' | 'snapshot';

export interface ClientHubOptions {
  readonly snapshot: () => SnapshotFrame;
  readonly onFrames: (result: FrameResult, count: number) => void;
  readonly pingEveryMs?: number;
}

export interface ClientHub {
  add(socket: WebSocket): void;
  broadcast(frame: Frame): void;
  count(): number;
  /** Closes all with 1001, and cuts off who has not answered within `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/**
 * The browsers that listen. States of a client: *following* (every frame is sent) → *behind* (its buffer is full, or
 * it asked: frames are skipped) → a snapshot is sent as soon as its buffer allows → *following*.
 */
export function createClientHub(options: ClientHubOptions): ClientHub {
  const clients = new Map<WebSocket, { behind: boolean; answered: boolean; servedAt: number }>();
  let cached: { readonly bytes: Buffer; readonly at: number } | undefined;
  let catchUpTimer: NodeJS.Timeout | undefined;
  let pingTimer: NodeJS.Timeout | undefined;
  let closing = false;

  function snapshotBytes(): Buffer {
    const now = Date.now();
    if (cached === undefined || now - cached.at > SNAPSHOT_AGE_MS) {
      cached = { bytes: Buffer.from(JSON.stringify(options.snapshot())), at: now };
    }
    return cached.bytes;
  }

  const send = (socket: WebSocket, bytes: Buffer): void => socket.send(bytes, { binary: false });

  /** Sends the snapshot when the buffer allows and the last one is not just out; else looks again soon. */
  function catchUp(socket: WebSocket): void {
    const client = clients.get(socket);
    if (client === undefined || socket.readyState !== socket.OPEN) return;
    const now = Date.now();
    if (socket.bufferedAmount > SLOW_BYTES || now - client.servedAt < SNAPSHOT_AGE_MS) {
      client.behind = true;
      catchUpTimer ??= setTimeout(catchUpAll, SNAPSHOT_AGE_MS);
      return;
    }
    client.behind = false;
    client.servedAt = now;
    send(socket, snapshotBytes());
    options.onFrames('snapshot', 1);
  }

  function catchUpAll(): void {
    catchUpTimer = undefined;
    for (const [socket, client] of clients) if (client.behind) catchUp(socket);
  }

  function broadcast(frame: Frame): void {
    cached = undefined;
    if (clients.size === 0) return;
    const bytes = Buffer.from(JSON.stringify(frame));
    let sent = 0;
    let skipped = 0;
    for (const [socket, client] of clients) {
      if (socket.readyState !== socket.OPEN) continue;
      if (client.behind || socket.bufferedAmount > SLOW_BYTES) {
        skipped++;
        catchUp(socket);
      } else {
        send(socket, bytes);
        sent++;
      }
    }
    if (sent > 0) options.onFrames('sent', sent);
    if (skipped > 0) options.onFrames('skipped', skipped);
  }

  function onMessage(socket: WebSocket, text: string): void {
    const message = parseMessage(text);
    if (message === undefined) {
      socket.close(1008, 'unknown message');
    } else if (message.kind === 'snapshot') {
      catchUp(socket);
    } else if (socket.bufferedAmount <= SLOW_BYTES) {
      const pong: PongMessage = { kind: 'pong', now: Date.now() };
      socket.send(JSON.stringify(pong));
    }
  }

  function pingAll(): void {
    for (const [socket, client] of clients) {
      if (!client.answered) {
        socket.terminate();
        continue;
      }
      client.answered = false;
      socket.ping();
    }
  }

  function forget(socket: WebSocket): void {
    clients.delete(socket);
    if (clients.size === 0) {
      clearInterval(pingTimer);
      pingTimer = undefined;
    }
  }

  function add(socket: WebSocket): void {
    if (closing) {
      socket.close(1001, GOODBYE);
      return;
    }
    clients.set(socket, { behind: false, answered: true, servedAt: 0 });
    pingTimer ??= setInterval(pingAll, options.pingEveryMs ?? PING_EVERY_MS);
    socket.on('pong', () => {
      const client = clients.get(socket);
      if (client !== undefined) client.answered = true;
    });
    socket.on('message', (data, isBinary) => onMessage(socket, isBinary ? '' : data.toString()));
    socket.on('close', () => forget(socket));
    catchUp(socket);
  }

  async function close(graceMs: number): Promise<void> {
    closing = true;
    clearTimeout(catchUpTimer);
    const gone = [...clients.keys()].map(
      (socket) =>
        new Promise<void>((resolve) => {
          const cut = setTimeout(() => socket.terminate(), graceMs);
          socket.once('close', () => {
            clearTimeout(cut);
            resolve();
          });
          socket.close(1001, GOODBYE);
        }),
    );
    await Promise.all(gone);
  }

  return { add, broadcast, close, count: () => clients.size };
}

function parseMessage(text: string): ClientMessage | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('kind' in value)) return undefined;
    return value.kind === 'snapshot' || value.kind === 'ping' ? { kind: value.kind } : undefined;
  } catch {
    return undefined;
  }
}
