import type { Logger } from 'pino';
import { type MonoTypeOperatorFunction, tap } from 'rxjs';

/**
 * Looks at what passes without a say in it: an observer that throws is told in the log, and the stream goes on.
 * What was committed and answered stays so.
 */
export function observe<T>(name: string, log: Logger, look: (value: T) => void): MonoTypeOperatorFunction<T> {
  return tap((value) => {
    try {
      look(value);
    } catch (error) {
      log.error(
        { code: 'KADA_OBSERVER_THREW', observer: name, err: error },
        'this is a bug: the numbers of this process may be off until it restarts',
      );
    }
  });
}
