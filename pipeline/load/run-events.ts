import { randomBytes } from 'node:crypto';

/** The page views of one run: each id says which run made it and as which number, so that one byte an event is enough. */
export interface RunEvents {
  /** begins the session ids of this run and of no other */
  readonly sessionPrefix: string;
  /** how many were made so far */
  readonly made: () => number;
  /** The body of the next one, as the shop's tracker sends it. */
  next(now: number): { readonly number: number; readonly body: object };
  /** Undefined: not an id of this run. */
  numberOf(eventId: string): number | undefined;
  idOf(number: number): string;
}

/** page views of one shopper, one after the other */
const eventsASession = 5;
const products = 40;

export function createRunEvents(): RunEvents {
  const run = randomBytes(10).toString('hex');
  const tail = `${run.slice(0, 4)}-4${run.slice(4, 7)}-8${run.slice(7, 10)}-${run.slice(8)}`;
  const sessionPrefix = `load-${run.slice(0, 12)}-`;
  const idOf = (number: number): string => `${number.toString(16).padStart(8, '0')}-${tail}`;
  let made = 0;

  return {
    sessionPrefix,
    made: () => made,
    idOf,
    next(now) {
      const number = made;
      made += 1;
      const body = {
        event_type: 'page_view',
        event_id: idOf(number),
        event_timestamp: new Date(now).toISOString(),
        session_id: `${sessionPrefix}${Math.floor(number / eventsASession)}`,
        page_url: `http://localhost:3000/products/load-${number % products}`,
      };
      return { number, body };
    },
    numberOf(eventId) {
      if (eventId.slice(9).toLowerCase() !== tail) return undefined;
      const number = Number.parseInt(eventId.slice(0, 8), 16);
      return number < made ? number : undefined;
    },
  };
}
