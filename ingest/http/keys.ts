import { createHash, timingSafeEqual } from 'node:crypto';

export interface Keys {
  readonly configured: boolean;
  /** Compares in a time that tells nothing of the keys, with all of them: rotation has two that are right. */
  accepts(given: string | readonly string[] | undefined): boolean;
}

/** @param keys as configured (http.md: at least 16 characters, checked at start) */
export function createKeys(keys: readonly string[]): Keys {
  const digests = keys.map(digest);

  function accepts(given: string | readonly string[] | undefined): boolean {
    if (typeof given !== 'string') return false;
    const candidate = digest(given);
    let found = false;
    for (const known of digests) found = timingSafeEqual(known, candidate) || found;
    return found;
  }

  return { configured: digests.length > 0, accepts };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest();
}
