import { z } from 'zod';
import { KadaError, messageOf } from '../../ingest/errors.ts';

/** What `verify live` reads of /api/live; the rest is not looked at. */
const counts = z.array(z.object({ sessions: z.number(), stillInTime: z.number(), dropped: z.number() }));

const snapshot = z.object({
  kind: z.literal('snapshot'),
  now: z.number(),
  horizonStart: z.number(),
  state: z.object({ kind: z.string() }),
  evictedSessions: z.number(),
  funnels: z.array(
    z.object({
      name: z.string(),
      windows: z.object({ '15m': counts, '1h': counts, '24h': counts }),
      cohorts: z.array(
        z.object({
          at: z.number(),
          reached: z.array(z.number()),
          stillInTime: z.array(z.number()),
        }),
      ),
    }),
  ),
  orders: z.object({
    '24h': z.object({
      orders: z.number(),
      unattributed: z.number(),
      revenue: z.array(z.object({ currency: z.string(), amount: z.number() })),
    }),
  }),
});
export type LiveFrame = Readonly<z.output<typeof snapshot>>;
export type LiveFunnel = LiveFrame['funnels'][number];
export type LiveOrders = LiveFrame['orders']['24h'];

const timeoutMs = 10_000;

/** @param token of DASHBOARD_TOKEN, where it is set. Throws KADA_DASHBOARD_AWAY. */
export async function readLive(dashboardUrl: string, token: string | undefined): Promise<LiveFrame> {
  try {
    const response = await fetch(new URL('/api/live', dashboardUrl), {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (!response.ok) throw new Error(`it answered ${response.status}`);
    return snapshot.parse(await response.json());
  } catch (error) {
    throw new KadaError(
      'KADA_DASHBOARD_AWAY',
      `the live view at ${dashboardUrl} cannot be read: ${messageOf(error)}. A process with the role dashboard must run.`,
      { cause: error },
    );
  }
}
