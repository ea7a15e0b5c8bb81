import pino from 'pino';
import { createLifecycle } from '../../pipeline/lifecycle.ts';

/** A process for test/lifecycle.e2e.test.ts: says what happens on stdout, one line each. */
const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const mode = process.argv[2];

createLifecycle({
  log: pino({ level: 'info' }, pino.destination(2)),
  shutdownDeadlineMs: mode === 'hangs' ? 200 : 30_000,
  parentWatchMs: 20,
  stop: (why) => {
    say(`stop ${why}`);
    if (mode === 'fails') throw new Error('the stop broke');
    return mode === 'hangs' || mode === 'slow' ? new Promise(() => {}) : Promise.resolve();
  },
});
const parent = process.ppid;
let looks = 0;
setInterval(() => {
  // ten looks of the same length as the watch's own, after which it would have seen what we see
  if (process.ppid !== parent && ++looks === 10) say('orphaned for long');
}, 20);
if (mode === 'rejects') void Promise.reject(new Error('nobody caught me'));
if (mode === 'throws') {
  setImmediate(() => {
    throw new Error('nobody caught me');
  });
}
say(`ready ${process.pid}`);
