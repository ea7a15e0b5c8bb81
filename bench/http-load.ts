import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

export interface HttpLoad {
  /** whole URL of the route */
  readonly url: string;
  readonly connections: number;
  /** ms */
  readonly forMs: number;
  /** events a request, as a list; default: one, as it is */
  readonly batch?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** ids of the events to send, one after the other; default: ever new ones */
  readonly nextId?: () => string;
}

export interface HttpResult {
  /** events of 202 answers per second */
  readonly rate: number;
  /** status → answers that were no 202 */
  readonly others: ReadonlyMap<string, number>;
}

/**
 * A closed loop of keep-alive connections, each sending its next request when the last is answered. Raw sockets
 * and one prepared buffer a connection: on two cores a general HTTP client would cost more than either server
 * and hide the difference between them.
 */
export async function httpLoad(load: HttpLoad): Promise<HttpResult> {
  const nextId = load.nextId ?? newIds();
  const others = new Map<string, number>();
  let accepted = 0;
  let running = true;
  const began = performance.now();
  const ends = Array.from({ length: load.connections }, () =>
    runConnection(
      load,
      nextId,
      (status) => {
        if (status === '202') accepted += 1;
        else others.set(status, (others.get(status) ?? 0) + 1);
      },
      () => running,
    ),
  );
  await new Promise((resolve) => setTimeout(resolve, load.forMs));
  const seconds = (performance.now() - began) / 1_000;
  const rate = (accepted * (load.batch ?? 1)) / seconds;
  running = false;
  await Promise.all(ends);
  return { rate, others };
}

function runConnection(
  load: HttpLoad,
  nextId: () => string,
  onAnswer: (status: string) => void,
  running: () => boolean,
): Promise<void> {
  const { hostname, port } = new URL(load.url);
  const request = prepare(load);
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ host: hostname, port: Number(port), noDelay: true });
    let pending = '';
    socket.once('error', reject);
    socket.once('close', () => resolve());
    socket.once('connect', () => socket.write(request(nextId)));
    socket.on('data', (chunk) => {
      pending = pending === '' ? chunk.toString('latin1') : pending + chunk.toString('latin1');
      if (!isWhole(pending)) return;
      onAnswer(pending.slice(9, 12));
      pending = '';
      if (running()) socket.write(request(nextId));
      else socket.end();
    });
  });
}

/** Is this an answer with all of its body? */
export function isWhole(text: string): boolean {
  const head = text.indexOf('\r\n\r\n');
  if (head < 0) return false;
  const length = /content-length: (\d+)/i.exec(text)?.[1];
  return length !== undefined && text.length >= head + 4 + Number(length);
}

const benchStart = new Date().toISOString();

/** A page view as the shop's tracker sends it: its own id and time, made at capture. */
export function pageViewBody(eventId: string): string {
  return `{"event_type":"page_view","event_id":"${eventId}","event_timestamp":"${benchStart}","session_id":"s-${eventId.slice(0, 4)}","user_id":"1b4e28ba-2fa1-41d2-883f-0016d3cca427","page_url":"http://localhost:3000/products/c0ffee00-0000-4000-8000-0000000000c1?ref=home","referrer_url":"http://localhost:3000/","properties":{"theme":"light"}}`;
}

/** One buffer, in which each request writes its own ids. */
function prepare(load: HttpLoad): (nextId: () => string) => Buffer {
  const { host, pathname } = new URL(load.url);
  const placeholder = '00000000-0000-4000-8000-000000000000';
  const one = pageViewBody(placeholder);
  const body = load.batch === undefined ? one : `[${Array(load.batch).fill(one).join(',')}]`;
  const headers = Object.entries(load.headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`);
  const text = `POST ${pathname} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n${headers.join('')}\r\n${body}`;
  const buffer = Buffer.from(text, 'latin1');
  const places: { readonly id: number; readonly session: number }[] = [];
  for (let id = text.indexOf(placeholder); id >= 0; id = text.indexOf(placeholder, id + 1)) {
    places.push({ id, session: text.indexOf('"s-0000"', id) + 3 });
  }
  return (nextId) => {
    for (const { id, session } of places) {
      const eventId = nextId();
      buffer.write(eventId, id, 36, 'latin1');
      buffer.write(eventId, session, 4, 'latin1');
    }
    return buffer;
  };
}

/** Version 4 ids from a counter: unique, cheap, and spread over a fixed set of 65,536 sessions. */
function newIds(): () => string {
  const run = randomBytes(6).toString('hex');
  let count = 0;
  return () => {
    count += 1;
    const low = (count & 0xffff).toString(16).padStart(4, '0');
    const high = Math.floor(count / 0x10000)
      .toString(16)
      .padStart(4, '0');
    return `${low}${high}-${run.slice(0, 4)}-4${run.slice(4, 7)}-8${run.slice(7, 10)}-${run}`;
  };
}
