export interface AdmissionBounds {
  /** events in flight over HTTP, both listeners together (commit-protocol.md 18) */
  readonly maxEvents: number;
  /** bytes of bodies in flight */
  readonly maxBytes: number;
  /** bytes of bodies that are still arriving; 4,096 slow senders of 512 KB would otherwise be 2 GB */
  readonly maxReceivingBytes?: number;
}

/**
 * The bounded places of the HTTP entrances, shared by both listeners. A place is taken before a delivery is
 * emitted and given back by `Delivery.release()`, never at socket close (commit-protocol.md 7).
 */
export interface Admission {
  /** false: full, nothing was taken */
  tryEnter(events: number, bytes: number): boolean;
  leave(events: number, bytes: number): void;
  inflightEvents(): number;
  inflightBytes(): number;
  /** reserves memory for a part of a body that has not arrived as a whole; false: full, nothing was taken */
  tryReceive(bytes: number): boolean;
  received(bytes: number): void;
  receivingBytes(): number;
}

const MEGABYTE = 1_048_576;

export function createAdmission(bounds: AdmissionBounds): Admission {
  const maxReceiving = bounds.maxReceivingBytes ?? 64 * MEGABYTE;
  let eventsInside = 0;
  let bytesInside = 0;
  let receiving = 0;

  function tryEnter(events: number, bytes: number): boolean {
    if (eventsInside + events > bounds.maxEvents || bytesInside + bytes > bounds.maxBytes) return false;
    eventsInside += events;
    bytesInside += bytes;
    return true;
  }

  function leave(events: number, bytes: number): void {
    eventsInside -= events;
    bytesInside -= bytes;
  }

  function tryReceive(bytes: number): boolean {
    if (receiving + bytes > maxReceiving) return false;
    receiving += bytes;
    return true;
  }

  function received(bytes: number): void {
    receiving -= bytes;
  }

  return {
    tryEnter,
    leave,
    inflightEvents: () => eventsInside,
    inflightBytes: () => bytesInside,
    tryReceive,
    received,
    receivingBytes: () => receiving,
  };
}
