import { randomBytes } from 'node:crypto';

/** Ids that are unique over processes and cost a counter: `<6 random hex>-<base 36>`. */
export function createRequestIds(): () => string {
  const prefix = `${randomBytes(3).toString('hex')}-`;
  let next = 0;
  return function nextRequestId(): string {
    next = (next + 1) % Number.MAX_SAFE_INTEGER;
    return prefix + next.toString(36);
  };
}
