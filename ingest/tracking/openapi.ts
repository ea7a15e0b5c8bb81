import { webContracts } from '../contracts/web.ts';
import {
  errorResponses,
  healthOperation,
  jsonContent,
  once,
  openapiDocument,
  postBody,
  ref,
  sentWithEveryWebEvent,
} from '../http/openapi.ts';

const EVENT_NAMES = ['page_view', 'click', 'add_to_cart', 'begin_checkout'] as const;

const accepted = {
  oneOf: [
    {
      type: 'object',
      required: ['ok', 'event_id', 'routing_key', 'status'],
      properties: {
        ok: { const: true },
        event_id: { type: 'string', format: 'uuid' },
        routing_key: { type: 'string' },
        status: { enum: ['stored', 'duplicate', 'published'] },
      },
    },
    {
      type: 'object',
      required: ['ok', 'accepted', 'duplicates', 'dead_lettered', 'rejected', 'results'],
      properties: {
        ok: { const: true },
        accepted: { type: 'integer' },
        duplicates: { type: 'integer' },
        dead_lettered: { type: 'integer' },
        rejected: { type: 'integer' },
        results: { type: 'array', items: ref('BatchResult') },
      },
    },
  ],
} as const;

const responses = {
  202: { description: 'Every event has a durable outcome.', content: jsonContent(accepted) },
  ...errorResponses(
    [
      'origin',
      'too_large',
      'media_type',
      'rate_limited',
      'overloaded',
      'warehouse_away',
      'disk_low',
      'outcome_unknown',
      'stopping',
    ],
    {
      400: '`invalid_json`: not JSON in UTF-8; kept as a dead letter.',
      409: '`event_id_conflict`: the id came before with other content; kept as a dead letter.',
      422: 'The reason and the issues of a single invalid event; kept as a dead letter within bounds.',
    },
  ),
};

function post(summary: string, event: Readonly<Record<string, unknown>>): object {
  const schema = postBody(event);
  return {
    post: {
      summary,
      requestBody: { required: true, content: { 'application/json': { schema }, 'text/plain': { schema } } },
      responses,
    },
  };
}

/** The OpenAPI document of the tracking API, as JSON text. */
export const trackingOpenapi = once(() =>
  openapiDocument({
    title: 'Kada Mandiya tracking API',
    description:
      'Events from browsers. 202 is a promise: the event is stored, or kept as a counted duplicate or a dead letter.',
    contracts: Object.fromEntries(EVENT_NAMES.map((name) => [name, webContracts.track[name]])),
    sentToo: sentWithEveryWebEvent,
    defaulted: ['quantity'],
    paths: {
      '/track': post('One event, an array, or {"events": […]}', { anyOf: EVENT_NAMES.map(ref) }),
      ...Object.fromEntries(
        EVENT_NAMES.map((name) => [`/track/${name}`, post(`The same; event_type is ${name}`, ref(name))]),
      ),
      '/health': healthOperation,
    },
  }),
);
