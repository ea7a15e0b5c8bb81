import { startPipeline } from '../test/support/pipeline-process.ts';
import { startServer } from './child.ts';
import { httpLoad } from './http-load.ts';
import { type Bench, sideBySide } from './table.ts';

const connections = 256;

export const trackSingle: Bench = {
  name: 'track single',
  async run(options) {
    const bare = await startServer('bare-fastify.ts');
    const own = await startPipeline({});
    const rate = async (url: string, seconds: number): Promise<number> => {
      const result = await httpLoad({ url: `${url}/track`, connections, forMs: seconds * 1_000 });
      if (result.others.size > 0) throw new Error(`not all were 202: ${JSON.stringify([...result.others])}`);
      return result.rate;
    };
    try {
      await rate(bare.url, 3);
      await rate(own.trackingUrl, 6);
      const measured = await sideBySide(
        options,
        () => rate(own.trackingUrl, 3),
        () => rate(bare.url, 3),
      );
      return {
        name: this.name,
        what: `POST /track, one event a request, ${connections} connections, stored before the 202`,
        unit: 'requests/s',
        limitIs: 'bare Fastify JSON route answering 202',
        ...measured,
      };
    } finally {
      await bare.stop();
      await own.stop();
    }
  },
};
