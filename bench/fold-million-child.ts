import { foldShop, newFold } from './fold-run.ts';
import { createShop } from './shop-events.ts';

/** Fills a fold to its cap of a million sessions, hour by hour; writes what one of them takes, as JSON. */
const hours = 20;
const [sessions = '1000000'] = process.argv.slice(2);
const perHour = Number(sessions) / hours;
const hour = 3_600_000;
const start = Date.UTC(2026, 5, 15);
const { gc } = globalThis;
if (gc === undefined) throw new Error('run with --expose-gc');

const fold = await newFold(Number(sessions));
let webEvents = 0;
gc();
const before = process.memoryUsage();
for (let n = 0; n < hours; n += 1) {
  const from = start + n * hour;
  const shop = createShop({ sessions: perHour, first: n * perHour, from, to: from + hour });
  await foldShop(fold, shop);
  webEvents += shop.webEvents;
}
gc();
const after = process.memoryUsage();
const held = fold.stats();
// More sessions at the cap: each new one lets one go that was silent for longest.
const more = createShop({
  sessions: 20_000,
  first: Number(sessions),
  from: start + hours * hour,
  to: start + hours * hour,
});
const { ms } = await foldShop(fold, more);

process.stdout.write(
  JSON.stringify({
    bytes: (after.heapUsed + after.external - before.heapUsed - before.external) / held.sessions,
    'estimated bytes': held.bytesEstimate / held.sessions,
    sessions: held.sessions,
    'events a session': webEvents / held.sessions,
    evicted: fold.stats().evicted,
    'µs an event while the cap bites': (ms * 1_000) / more.webEvents,
    'peak MB': process.resourceUsage().maxRSS / 1_024,
  }),
);
