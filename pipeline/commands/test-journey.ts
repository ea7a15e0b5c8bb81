import { randomUUID } from 'node:crypto';

export interface Journey {
  readonly sessionId: string;
  readonly pageUrl: string;
  readonly productId: string;
  readonly quantity: number;
  readonly userId: string | undefined;
}

/** A UI event as it goes over AMQP: its body holds all, its id is the message id too. */
export interface UiMessage {
  readonly routingKey: `ui.${string}`;
  readonly eventId: string;
  /** ms */
  readonly at: number;
  readonly correlationId: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * One shopper's way from view to checkout: page_view, click, add_to_cart, begin_checkout, one second apart, the
 * last at `now` (ms). Every call makes new event ids: the same shopper again is new events.
 */
export function testJourney(journey: Journey, now: number): readonly UiMessage[] {
  const steps: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
    ['page_view', { referrer_url: 'https://www.google.com/' }],
    ['click', { element_id: 'btn_product_image' }],
    [
      'add_to_cart',
      { product_id: journey.productId, quantity: journey.quantity, element_id: 'btn_add_to_cart' },
    ],
    ['begin_checkout', { element_id: 'btn_checkout' }],
  ];
  return steps.map(([type, fields], i) => {
    const at = now - (steps.length - 1 - i) * 1_000;
    const eventId = randomUUID();
    return {
      routingKey: `ui.${type}`,
      eventId,
      at,
      correlationId: journey.sessionId,
      body: {
        event_id: eventId,
        event_timestamp: new Date(at).toISOString(),
        event_type: type,
        service: 'web',
        correlation_id: journey.sessionId,
        session_id: journey.sessionId,
        ...(journey.userId === undefined ? {} : { user_id: journey.userId }),
        page_url: journey.pageUrl,
        ...fields,
      },
    };
  });
}
