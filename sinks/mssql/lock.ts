import { KadaError } from '../../ingest/errors.ts';
import type { Exclusive } from '../warehouse.ts';
import type { Connections, Dedicated } from './connections.ts';
import { text, whole } from './parameters.ts';
import type { Session } from './session.ts';

/**
 * Locks by sp_getapplock, owned by the session of one dedicated connection: the server lets go of it when that
 * connection ends, whatever ended it.
 *
 *   asked ── refused ──▶ { ran: false }
 *     └── granted ──▶ working ── done ──▶ released
 *                        └── connection lost ──▶ lost: work is told by its signal; the call rejects KADA_LOCK_LOST
 */

/** @param waitMs 0: now or not at all */
async function getLock(session: Session, name: string, waitMs: number): Promise<boolean> {
  const { rows } = await session.rows(
    `DECLARE @granted int;
     EXEC @granted = sp_getapplock @Resource = @name, @LockMode = 'Exclusive', @LockOwner = 'Session',
       @LockTimeout = @wait;
     SELECT @granted;`,
    { name: text(name, 255), wait: whole(waitMs) },
  );
  // 0 at once, 1 after waiting; every refusal is negative.
  return Number(rows[0]?.[0] ?? -1) >= 0;
}

const releaseLock = (session: Session, name: string): Promise<number> =>
  session.execute(`EXEC sp_releaseapplock @Resource = @name, @LockOwner = 'Session';`, {
    name: text(name, 255),
  });

const lost = (name: string): KadaError =>
  new KadaError(
    'KADA_LOCK_LOST',
    `The connection that held the lock ${name} was lost: another process may hold it now, so this work stopped`,
  );

/** Waits up to `waitMs` for the lock, then runs `work` on its connection too. */
export async function withLock<T>(
  connections: Connections,
  name: string,
  waitMs: number,
  work: (signal: AbortSignal, connection: Dedicated) => Promise<T>,
): Promise<Exclusive<T>> {
  const connection = await connections.dedicated();
  try {
    if (!(await getLock(connection.session, name, waitMs))) return { ran: false };
    const controller = new AbortController();
    connection.onLost(() => controller.abort(lost(name)));
    try {
      const value = await work(controller.signal, connection);
      if (controller.signal.aborted) throw lost(name);
      return { ran: true, value };
    } catch (error) {
      // Whatever the work met, it met it because the lock was gone.
      throw controller.signal.aborted ? lost(name) : error;
    } finally {
      await releaseLock(connection.session, name).catch(() => undefined);
    }
  } finally {
    await connection.close();
  }
}
