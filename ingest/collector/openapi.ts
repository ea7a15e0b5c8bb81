import type { z } from 'zod';
import { eventTypeContract, metricContracts, serviceContract } from '../contracts/business.ts';
import { apiRequestContract, dbQueryContract } from '../contracts/logs.ts';
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

/** By the event_type that names them; the log and metric types as events.md 3 has them. */
const contracts: Readonly<Record<string, z.ZodType>> = {
  ...webContracts.collector,
  ...metricContracts,
  api_request_log: apiRequestContract,
  db_query_perf: dbQueryContract,
};
const names = Object.keys(contracts);

/** Any other type with a service, or a domain event: its ids are found under many names (events.md 4). */
const domainEvent = serviceContract.partial().extend(eventTypeContract.shape);

const summary = {
  type: 'object',
  required: ['accepted', 'duplicates', 'dead_lettered', 'rejected', 'results'],
  properties: {
    accepted: { type: 'integer' },
    duplicates: { type: 'integer' },
    dead_lettered: { type: 'integer' },
    rejected: { type: 'integer' },
    results: { type: 'array', items: ref('BatchResult') },
  },
} as const;

const responses = {
  202: { description: 'Every event has a durable outcome.', content: jsonContent(summary) },
  ...errorResponses(
    [
      'bad_key',
      'no_key_configured',
      'too_large',
      'media_type',
      'overloaded',
      'warehouse_away',
      'disk_low',
      'outcome_unknown',
      'stopping',
    ],
    {
      400: '`invalid_json`: not JSON in UTF-8; kept as a dead letter.',
      409: '`event_id_conflict`: the id came before with other content; kept as a dead letter.',
      422: 'The reason and the issues of a single invalid event; kept as a dead letter.',
    },
  ),
};

/** The OpenAPI document of the collector, as JSON text. */
export const collectorOpenapi = once(() =>
  openapiDocument({
    title: 'Kada Mandiya analytics collector',
    description:
      'Events from server-side callers. 202 is a promise: the event is stored, or kept with a reason.',
    contracts: { ...contracts, domain_event: domainEvent },
    sentToo: { ...sentWithEveryWebEvent, session_id: { type: 'string', maxLength: 64 } },
    defaulted: ['quantity'],
    securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'X-ANALYTICS-KEY' } },
    paths: {
      '/events': {
        post: {
          summary: 'One event, an array, or {"events": […]}',
          security: [{ key: [] }],
          requestBody: {
            required: true,
            content: jsonContent(postBody({ anyOf: [...names, 'domain_event'].map(ref) })),
          },
          responses,
        },
      },
      '/health': healthOperation,
    },
  }),
);
