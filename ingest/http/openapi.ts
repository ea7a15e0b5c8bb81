import { z } from 'zod';
import { type RefusalCode, refusals } from './refusal.ts';
import { MAX_BATCH_EVENTS } from './split.ts';

type Json = Readonly<Record<string, unknown>>;

export interface OpenapiParts {
  readonly title: string;
  readonly description: string;
  readonly paths: Json;
  /** the zod contracts that requests are judged by, by the name they get under `#/components/schemas` */
  readonly contracts: Readonly<Record<string, z.ZodType>>;
  /** properties that every event may have beside its contract's own */
  readonly sentToo?: Json;
  /** properties that the contract requires, but normalisation fills in where the sender left them out */
  readonly defaulted?: readonly string[];
  readonly securitySchemes?: Json;
}

/** The document of `/openapi.json`, made from the contracts themselves so that it cannot drift from them. */
export function openapiDocument(parts: OpenapiParts): string {
  const contracts = Object.entries(parts.contracts).map(
    ([name, contract]) => [name, sentSchema(contract, parts.sentToo ?? {}, parts.defaulted ?? [])] as const,
  );
  return JSON.stringify({
    openapi: '3.1.0',
    info: { title: parts.title, version: '1', description: parts.description },
    paths: parts.paths,
    components: {
      schemas: {
        Error: errorSchema,
        BatchResult: batchResultSchema,
        ...Object.fromEntries(contracts),
      },
      ...(parts.securitySchemes === undefined ? {} : { securitySchemes: parts.securitySchemes }),
    },
  });
}

/**
 * What a sender may send, from a contract that judges fields after cleaning: there a field that was left out is
 * null, so whatever may be null need not be sent.
 */
function sentSchema(contract: z.ZodType, sentToo: Json, defaulted: readonly string[]): Json {
  const {
    $schema: _,
    additionalProperties: __,
    ...schema
  } = z.toJSONSchema(contract, {
    io: 'input',
    unrepresentable: 'any',
  });
  const properties = schema.properties ?? {};
  const required = (schema.required ?? []).filter((name) => {
    const property = properties[name];
    const nullable =
      typeof property === 'object' && property.anyOf?.some((option) => isNullType(option)) === true;
    return !nullable && !defaulted.includes(name);
  });
  return { ...schema, properties: { ...sentToo, ...properties }, required };
}

function isNullType(schema: unknown): boolean {
  return typeof schema === 'object' && schema !== null && 'type' in schema && schema.type === 'null';
}

/** Made at the first call, then kept. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return function value(): T {
    made ??= { value: make() };
    return made.value;
  };
}

export const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });

export const jsonContent = (schema: Json): Json => ({ 'application/json': { schema } });

/** One response for each status that the codes have, all with the error shape. */
export function errorResponses(
  codes: readonly RefusalCode[],
  others: Readonly<Record<number, string>>,
): Json {
  const texts = new Map<number, string[]>();
  for (const code of codes) {
    const { status } = refusals[code];
    texts.set(status, [...(texts.get(status) ?? []), `\`${code}\`: ${refusals[code].message}`]);
  }
  for (const [status, text] of Object.entries(others)) {
    texts.set(Number(status), [...(texts.get(Number(status)) ?? []), text]);
  }
  return Object.fromEntries(
    [...texts].map(([status, lines]) => [
      String(status),
      { description: lines.join('\n'), content: jsonContent(ref('Error')) },
    ]),
  );
}

/** One event, an array of them, or `{"events": […]}`. */
export const postBody = (event: Json): Json => ({
  oneOf: [
    event,
    { type: 'array', maxItems: MAX_BATCH_EVENTS, items: event },
    {
      type: 'object',
      required: ['events'],
      properties: { events: { type: 'array', maxItems: MAX_BATCH_EVENTS, items: event } },
    },
  ],
});

export const healthOperation: Json = {
  get: {
    summary: 'How well the service is',
    responses: {
      200: {
        description: 'It answers; `status` says how well.',
        content: jsonContent({
          type: 'object',
          required: ['status', 'warehouse', 'rabbitmq'],
          properties: {
            status: { enum: ['ok', 'degraded'] },
            warehouse: { type: 'string' },
            rabbitmq: { type: 'string' },
          },
        }),
      },
    },
  },
};

/** events.md 2: what every web event may carry beside the fields of its type. */
export const sentWithEveryWebEvent: Json = {
  event_type: { type: 'string' },
  event_id: { type: 'string', format: 'uuid', description: 'Made at capture, the same in every retry.' },
  event_timestamp: { type: ['string', 'number'], description: 'ISO, UTC without a zone; or Unix s or ms.' },
  sent_at: { type: ['string', 'number'], description: 'The clock at this very try.' },
  user_id: { type: 'string', maxLength: 64 },
  correlation_id: { type: 'string', maxLength: 64 },
  properties: { type: 'object' },
};

const errorSchema = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message'],
      properties: { code: { type: 'string' }, message: { type: 'string' }, details: { type: 'object' } },
    },
  },
} as const;

const batchResultSchema = {
  type: 'object',
  required: ['event_id', 'status'],
  properties: {
    event_id: { type: ['string', 'null'] },
    status: { enum: ['stored', 'duplicate', 'dead_lettered', 'rejected', 'published'] },
    error: { type: 'object' },
  },
} as const;
