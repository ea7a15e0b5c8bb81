/**
 * One connection to the broker, kept for ever:
 *
 *   connecting ── open ──> setting up ── ok ──> up
 *        ^                     │ fails           │ closed, or end() was called
 *        └──── back-off <──────┴─────────────────┘        close(): leaves the loop from anywhere
 *
 * A session is a connection and everything that was opened on it. Whatever goes wrong in one (channel closed,
 * consumer cancelled, declaration refused) ends the whole session and the next one starts from nothing: there is
 * one way to recover, and it is used every time. amqplib's own recovery brings back connections, not channels.
 */
import { Duplex } from 'node:stream';
import { type ChannelModel, connect } from 'amqplib';
import { KadaError, messageOf } from '../errors.ts';
import type { Log } from './log.ts';

export interface KeptConnectionOptions {
  readonly url: string;
  /** for the broker's own list of connections and for the log */
  readonly name: string;
  readonly log: Log;
  /** Opens channels and so on. A rejection ends the session, `end` ends it at any later time. */
  setUp(model: ChannelModel, end: (reason: string) => void): Promise<void>;
  /** Once for each session or attempt that has ended, unless `close` ended it. */
  onDown(reason: string): void;
}

export interface KeptConnection {
  /**
   * Ends the loop, lets `last` finish what the session has begun (at most `CLOSE_MS`), ends the session. The
   * socket is gone when it resolves, within 3 s even if the broker hangs.
   */
  close(last?: () => Promise<void>): Promise<void>;
}

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5_000;
/** a session that lived this long proves that the fault is a new one */
const STABLE_MS = 5_000;
const CONNECT_MS = 10_000;
const CLOSE_MS = 1_000;
/** seconds; a broker that hangs with its sockets open is noticed after two of them */
const HEARTBEAT_S = 10;
const REMIND_MS = 60_000;

/** The URL as it may be logged: never the password, and no query. */
export function redactUrl(url: string): string {
  try {
    const parsed = new URL(url);
    const user = parsed.username === '' ? '' : `${parsed.username}${parsed.password === '' ? '' : ':***'}@`;
    return `${parsed.protocol}//${user}${parsed.host}${parsed.pathname}`;
  } catch {
    return '(an unreadable URL)';
  }
}

function withHeartbeat(url: string): string {
  try {
    const parsed = new URL(url);
    if (!parsed.searchParams.has('heartbeat')) parsed.searchParams.set('heartbeat', String(HEARTBEAT_S));
    return parsed.href;
  } catch {
    return url;
  }
}

/** Resolves with the promise or after `ms`, whichever is first; a rejection counts as done. */
export function atMost(ms: number, promise: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    promise.then(done, done);
  });
}

/** ms before the try number `attempt` (1 is the first after a loss): jitter between half and all of an exponential delay. */
export function reconnectDelay(attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(Math.max(attempt - 1, 0), 16));
  return ceiling / 2 + (random() * ceiling) / 2;
}

/** amqplib ends its socket but never destroys it: towards a broker that hangs it would stay, with all it buffers. */
function destroySocket(model: ChannelModel): void {
  const connection: object = model.connection;
  if ('stream' in connection && connection.stream instanceof Duplex) connection.stream.destroy();
}

async function shutDown(model: ChannelModel): Promise<void> {
  await atMost(
    CLOSE_MS,
    // throws at once when the connection is closed already
    Promise.resolve().then(() => model.close()),
  );
  destroySocket(model);
}

export function keepConnected(options: KeptConnectionOptions): KeptConnection {
  const { log, name } = options;
  const target = withHeartbeat(options.url);
  const shown = redactUrl(options.url);
  let closing = false;
  /** ends whatever the loop waits for: a session or a back-off */
  let interrupt: () => void = () => {};
  let lastLogged = { text: '', at: 0 };

  function goDown(reason: string, cause?: unknown): void {
    if (closing) return;
    options.onDown(reason);
    // an outage of hours is told when it begins, when its reason changes, and once a minute
    if (reason === lastLogged.text && Date.now() - lastLogged.at < REMIND_MS) return;
    lastLogged = { text: reason, at: Date.now() };
    const fields = { broker: shown, connection: name, reason };
    if (cause instanceof KadaError) log.error({ ...fields, code: cause.code }, cause.message);
    else log.warn(fields, 'RabbitMQ is away; trying again');
  }

  /** ms that the session was up; 0 when it never was */
  async function runSession(): Promise<number> {
    let model: ChannelModel;
    try {
      model = await connect(target, {
        timeout: CONNECT_MS,
        noDelay: true,
        keepAlive: true,
        clientProperties: { connection_name: `kada ${name}` },
      });
    } catch (error) {
      goDown(messageOf(error));
      return 0;
    }
    let end: (reason: string) => void = () => {};
    const ended = new Promise<string>((resolve) => {
      end = resolve;
    });
    let lastError: string | undefined;
    let refusal: unknown;
    model.on('error', (error: Error) => {
      lastError = error.message;
    });
    model.on('handler-error', (error: Error, event: string) => {
      log.error({ err: error, event, connection: name }, 'a RabbitMQ handler threw');
    });
    model.on('close', (error?: Error) => end(lastError ?? error?.message ?? 'connection closed'));
    interrupt = () => end('closing');
    if (closing) end('closing');
    let upSince: number | undefined;
    options.setUp(model, end).then(
      () => {
        upSince = Date.now();
        if (!closing) log.info({ broker: shown, connection: name }, 'connected to RabbitMQ');
      },
      (error: unknown) => {
        refusal = error;
        end(messageOf(error));
      },
    );
    const reason = await ended;
    const lived = upSince === undefined ? 0 : Date.now() - upSince;
    if (lived > 0) lastLogged = { text: '', at: 0 };
    goDown(reason, refusal);
    await shutDown(model);
    return lived;
  }

  async function run(): Promise<void> {
    let attempt = 0;
    while (!closing) {
      const lived = await runSession();
      if (closing) return;
      attempt = lived >= STABLE_MS ? 0 : attempt + 1;
      const delay = reconnectDelay(attempt);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, delay);
        interrupt = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  const finished = run();

  return {
    async close(last) {
      closing = true;
      if (last !== undefined) await atMost(CLOSE_MS, last());
      interrupt();
      // a connect under way ends by itself; its result is shut down as soon as it is there
      await atMost(CLOSE_MS * 2, finished);
    },
  };
}
