import { WebSocket } from 'ws';

/**
 * Pages that listen, in a process of their own. Writes `connected`, and when the server has closed all of them, a
 * line `<frame> <ms> <bytes>` for each frame that every one of them got: when the last one had it, by the machine's
 * clock, and its size.
 */
const [url = '', clients = '1'] = process.argv.slice(2);
const count = Number(clients);
/** so many handshakes at once */
const together = 50;
const got = new Map<number, { clients: number; at: number; readonly bytes: number }>();

const clock = (): number => Number(process.hrtime.bigint()) / 1e6;

/** The number stands at the beginning: to parse each frame a thousand times would be most of what is measured. */
function onFrame(data: Buffer): void {
  const seq = /^\{"kind":"delta","seq":(\d+),/.exec(data.toString('latin1', 0, 64))?.[1];
  if (seq === undefined) return;
  const frame = got.get(Number(seq)) ?? { clients: 0, at: 0, bytes: data.length };
  frame.clients += 1;
  frame.at = clock();
  got.set(Number(seq), frame);
}

const ended: Promise<void>[] = [];
function open(): Promise<void> {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  ended.push(new Promise((resolve) => socket.once('close', () => resolve())));
  socket.on('message', (data) => {
    if (data instanceof Buffer) onFrame(data);
  });
  return new Promise((resolve, reject) => {
    // the snapshot: from here on it is served frames
    socket.once('message', () => resolve());
    socket.once('error', reject);
  });
}

for (let left = count; left > 0; left -= together) {
  await Promise.all(Array.from({ length: Math.min(left, together) }, open));
}
process.stdout.write('connected\n');
await Promise.all(ended);
for (const [seq, frame] of got) {
  if (frame.clients === count) process.stdout.write(`${seq} ${frame.at} ${frame.bytes}\n`);
}
