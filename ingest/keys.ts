/**
 * events.md 4: under which keys each field is looked for. Objects are searched one after the other, in each
 * the keys in this order; the first value that is not blank wins.
 */
export const typeKeys = ['event_type', 'eventType', 'type'] as const;
export const lastTypeKeys = ['name', 'action'] as const;
export const idKeys = ['event_id', 'eventId'] as const;
export const serviceKeys = ['service', 'service_name', 'serviceName', 'producer', 'source'] as const;
/** the collector's `source` is web, mobile, gateway or service: no service name */
export const collectorServiceKeys = ['service', 'service_name', 'serviceName', 'producer'] as const;
export const userKeys = ['user_id', 'userId', 'uid', 'customer_id', 'customerId'] as const;
export const givenEntityKeys = ['entity_id', 'entityId'] as const;
export const orderKeys = ['order_id', 'orderId'] as const;
export const productKeys = ['product_id', 'productId', 'sku'] as const;
export const reviewKeys = ['review_id', 'reviewId'] as const;
export const sessionKeys = ['session_id', 'sessionId'] as const;
export const entityKeys = [
  ...givenEntityKeys,
  ...orderKeys,
  'payment_id',
  'paymentId',
  ...reviewKeys,
  'product_id',
  'productId',
  'cart_id',
  'cartId',
] as const;
export const amountKeys = ['total_amount', 'totalAmount', 'total', 'amount', 'subtotal', 'revenue'] as const;
export const currencyKeys = ['currency', 'currency_code', 'currencyCode'] as const;
export const statusKeys = ['newStatus', 'new_status', 'status', 'paymentStatus'] as const;
export const paymentMethodKeys = ['paymentMethod', 'payment_method', 'method'] as const;
export const ratingKeys = ['rating', 'stars', 'score'] as const;
export const providerKeys = ['provider', 'gateway', 'payment_provider', 'paymentProvider'] as const;
export const correlationKeys = [
  'correlation_id',
  'correlationId',
  'request_id',
  'requestId',
  'trace_id',
  'traceId',
] as const;
export const timeKeys = [
  'event_timestamp',
  'eventTimestamp',
  'timestamp',
  'ts',
  'occurred_at',
  'occurredAt',
  'created_at',
  'createdAt',
  'time',
] as const;

/** events.md 1: where an order's lines stand, and what they are called there. */
export const itemsKeys = [
  'items',
  'order_items',
  'orderItems',
  'products',
  'line_items',
  'lineItems',
] as const;
export const itemProductKeys = ['product_id', 'productId', 'sku', 'id'] as const;
export const itemQuantityKeys = ['quantity', 'qty', 'count'] as const;
export const itemPriceKeys = ['unit_price', 'unitPrice', 'price'] as const;
export const itemTotalKeys = ['line_total', 'lineTotal', 'total'] as const;
