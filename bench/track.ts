import { type Broker, startBroker } from '../test/support/broker.ts';
import { collectorKey, type PipelineProcess, startPipeline } from '../test/support/pipeline-process.ts';
import { startServer } from './child.ts';
import { httpLoad } from './http-load.ts';
import { type Bench, sideBySide } from './table.ts';

interface Road {
  readonly name: string;
  readonly what: string;
  readonly connections: number;
  readonly batch?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly urlOf: (own: PipelineProcess) => string;
  /** through a broker of its own */
  readonly byBroker?: boolean;
}

const overTrack = (own: PipelineProcess): string => `${own.trackingUrl}/track`;

const roads: readonly Road[] = [
  {
    name: 'track single',
    what: 'POST /track, one event a request, 256 connections, stored before the 202',
    connections: 256,
    urlOf: overTrack,
  },
  {
    name: 'track through the broker',
    what: 'the same, published and confirmed before the 202, and consumed by the same process meanwhile',
    connections: 256,
    urlOf: overTrack,
    byBroker: true,
  },
  {
    name: 'track batch of 50',
    what: 'POST /track, 50 events a request, 32 connections, stored before the 202',
    connections: 32,
    batch: 50,
    urlOf: overTrack,
  },
  {
    name: 'collector batch of 50',
    what: 'POST /events with a key, 50 events a request, 32 connections, stored before the 202',
    connections: 32,
    batch: 50,
    headers: { 'X-Analytics-Key': collectorKey },
    urlOf: (own) => `${own.collectorUrl}/events`,
  },
];

export const trackBenches: readonly Bench[] = roads.map(
  (road): Bench => ({
    name: road.name,
    async run(options) {
      const bare = await startServer('bare-fastify.ts');
      const broker: Broker | undefined = road.byBroker === true ? await startBroker() : undefined;
      const own = await startPipeline(
        broker === undefined ? {} : { env: { RABBITMQ_URL: broker.url, RABBITMQ_PREFETCH: '1000' } },
      );
      const { connections, batch, headers } = road;
      const rate = async (url: string, seconds: number): Promise<number> => {
        const result = await httpLoad({
          url,
          connections,
          forMs: seconds * 1_000,
          ...(batch === undefined ? {} : { batch }),
          ...(headers === undefined ? {} : { headers }),
        });
        if (result.others.size > 0) {
          throw new Error(`not all were 202: ${JSON.stringify([...result.others])}`);
        }
        return result.rate;
      };
      try {
        await rate(`${bare.url}/track`, 3);
        await rate(road.urlOf(own), 6);
        const measured = await sideBySide(
          options,
          () => rate(road.urlOf(own), 3),
          () => rate(`${bare.url}/track`, 3),
        );
        return {
          name: road.name,
          what: road.what,
          unit: batch === undefined ? 'requests/s' : 'events/s',
          limitIs: 'bare Fastify JSON route answering 202',
          ...measured,
        };
      } finally {
        await bare.stop();
        await own.stop();
        await broker?.dispose();
      }
    },
  }),
);
