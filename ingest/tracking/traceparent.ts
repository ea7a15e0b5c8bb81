const w3c = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The request's W3C trace context, for the broker's other listeners; what is none goes no further. */
export const traceparentOf = (header: string | readonly string[] | undefined): string | undefined =>
  typeof header === 'string' && w3c.test(header) ? header : undefined;
