import { map, type OperatorFunction } from 'rxjs';
import { type Decoded, decodeMessage } from '../../ingest/decode.ts';
import type { Delivery } from '../../ingest/delivery.ts';

export interface DecodedDelivery {
  readonly delivery: Delivery;
  readonly decoded: readonly Decoded[];
}

/** Bytes to JSON objects within the shape limits; what cannot be read stays as a problem. */
export function decode(): OperatorFunction<Delivery, DecodedDelivery> {
  return map(function decodeDelivery(delivery) {
    return { delivery, decoded: delivery.messages.map(decodeMessage) };
  });
}
