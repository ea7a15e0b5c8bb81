import type { ServerMessage } from '../frames.ts';

/** After this long without a word the page asks; ms. */
const ASK_AFTER = 1_500;
/** After this long without a word an open socket is given up: the other side may be gone without a goodbye. */
const GIVE_UP_AFTER = 8_000;
const RETRIES = [250, 500, 1_000, 2_000, 3_000];

export interface Connection {
  askSnapshot(): void;
  /** Tries at once instead of when the wait is over. */
  tryNow(): void;
  /** ms since the page's epoch: when anything was last heard; undefined before the first word */
  lastHeard(): number | undefined;
  /** when the next try is due; undefined while connected or connecting */
  nextTry(): number | undefined;
}

/**
 * One WebSocket at a time, for ever: *connecting* → *open* (heard from, asked when silent) → *waiting* (a growing
 * pause) → *connecting*. A new connection always begins with a snapshot.
 */
export function connect(url: string, onMessage: (message: ServerMessage) => void): Connection {
  let socket: WebSocket | undefined;
  let heard: number | undefined;
  let opened = 0;
  let tries = 0;
  let dueAt: number | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function open(): void {
    clearTimeout(timer);
    dueAt = undefined;
    opened = Date.now();
    const next = new WebSocket(url);
    socket = next;
    next.addEventListener('message', (event) => {
      if (socket !== next || typeof event.data !== 'string') return;
      tries = 0;
      heard = Date.now();
      onMessage(JSON.parse(event.data) as ServerMessage);
    });
    next.addEventListener('close', () => {
      if (socket === next) wait();
    });
  }

  function wait(): void {
    socket = undefined;
    const pause = RETRIES[Math.min(tries++, RETRIES.length - 1)] ?? 3_000;
    // many pages lose a server at the same moment; they need not come back at the same one
    const jittered = pause * (0.75 + Math.random() / 2);
    dueAt = Date.now() + jittered;
    timer = setTimeout(open, jittered);
  }

  function send(kind: 'snapshot' | 'ping'): void {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ kind }));
  }

  function watch(): void {
    if (socket === undefined) return;
    const silence = Date.now() - Math.max(heard ?? 0, opened);
    if (silence > GIVE_UP_AFTER) {
      const lost = socket;
      wait();
      lost.close();
    } else if (silence > ASK_AFTER) send('ping');
  }

  function comeBack(): void {
    if (document.hidden) return;
    if (socket === undefined) open();
    else send('snapshot');
  }

  open();
  setInterval(watch, 500);
  // timers sleep in a hidden tab: catch up as soon as it is looked at
  document.addEventListener('visibilitychange', comeBack);
  addEventListener('online', comeBack);

  return {
    askSnapshot: () => send('snapshot'),
    tryNow() {
      if (socket === undefined) open();
    },
    lastHeard: () => heard,
    nextTry: () => dueAt,
  };
}
