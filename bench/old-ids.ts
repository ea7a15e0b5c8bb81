import { randomUUID } from 'node:crypto';
import { startPipeline } from '../test/support/pipeline-process.ts';
import { httpLoad, pageViewBody } from './http-load.ts';
import { type Bench, sideBySide } from './table.ts';

const oldEvents = 300_000;
const perRequest = 500;
const seconds = 6;

/** New events beside a storm of old ids that no cache holds any more. */
export const oldIdsResent: Bench = {
  name: 'old ids resent',
  async run(options) {
    const own = await startPipeline({ env: { FINGERPRINT_CACHE_SIZE: '1000' } });
    const url = `${own.trackingUrl}/track`;
    const newOnes = async (): Promise<number> => {
      const result = await httpLoad({ url, connections: 192, forMs: seconds * 1_000 });
      if (result.others.size > 0) throw new Error(`not all were 202: ${JSON.stringify([...result.others])}`);
      return result.rate;
    };
    try {
      const ids = Array.from({ length: oldEvents }, () => randomUUID());
      for (let from = 0; from < oldEvents; from += perRequest) {
        const body = `[${ids
          .slice(from, from + perRequest)
          .map((id) => pageViewBody(id))
          .join(',')}]`;
        const answer = await fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body,
        });
        if (answer.status !== 202) throw new Error(`the old events were answered ${answer.status}`);
        await answer.arrayBuffer();
      }
      await newOnes();
      let next = 0;
      const oldId = () => {
        next += 1;
        return ids[next % oldEvents] ?? '';
      };
      let resent = 0;
      const measured = await sideBySide(
        options,
        async () => {
          const [fresh, old] = await Promise.all([
            newOnes(),
            httpLoad({ url, connections: 64, forMs: seconds * 1_000, nextId: oldId }),
          ]);
          resent = old.rate;
          return fresh;
        },
        newOnes,
      );
      return {
        name: this.name,
        what: `new events of 192 connections while 64 others resend ${oldEvents.toLocaleString('en')} evicted ids`,
        unit: 'new events/s',
        limitIs: 'the 192 alone',
        ...measured,
        details: { oldIdsAnsweredPerSecond: Math.round(resent) },
      };
    } finally {
      await own.stop();
    }
  },
};
