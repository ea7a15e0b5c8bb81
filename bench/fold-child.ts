import { foldShop, newFold } from './fold-run.ts';
import { createShop } from './shop-events.ts';

/** Folds the same shop's hours several times over; writes each time's web events per second, and per second of CPU. */
const [rounds = '5', sessions = '100000'] = process.argv.slice(2);
const to = Date.UTC(2026, 5, 15, 12);
const shop = createShop({ sessions: Number(sessions), from: to - 3 * 3_600_000, to });
// once to be warm: a pipeline runs for weeks
await foldShop(await newFold(), shop);
for (let round = 0; round < Number(rounds); round += 1) {
  const { ms, cpuMs } = await foldShop(await newFold(), shop);
  process.stdout.write(`${shop.webEvents / (ms / 1_000)} ${shop.webEvents / (cpuMs / 1_000)}\n`);
}
