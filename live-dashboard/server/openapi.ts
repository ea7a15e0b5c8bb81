import { historyPages } from '../history-pages.ts';

const json = (description: string) => ({ description, content: { 'application/json': {} } });
const error = (description: string) => ({
  description,
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
});

const read = (summary: string) => ({
  get: {
    summary,
    responses: {
      200: json('Rows'),
      400: error('A parameter is not what it should be'),
      503: error('The warehouse does not answer'),
    },
  },
});

const page = {
  '/': { get: { summary: 'The live page', responses: { 200: { description: 'HTML' } } } },
  '/api/live': {
    get: {
      summary: 'The live view: the snapshot that /ws sends first',
      responses: { 200: json('A snapshot frame'), 401: error('Not signed in'), 421: error('Unknown host') },
    },
  },
  ...Object.fromEntries(
    historyPages.map((path) => [
      path,
      { get: { summary: 'A page of history', responses: { 200: { description: 'HTML' } } } },
    ]),
  ),
  '/api/gold/{table}': read(
    'A table of Gold by day, newest first, or what sql/ranges adds up over the days (product_range, shop_range, product_purchases, page_range, review_range): from, to, limit, offset',
  ),
  '/api/runs': read('The newest runs of Silver and Gold, how far Gold is and when the next is due: limit'),
  '/api/dead-letters': read(
    'Dead letters, newest first: from, to, reason, source, status, text, limit, offset; one whole by its id',
  ),
  '/api/dead-letters/summary': read('Dead letters by day, reason, source and status: from, to'),
  '/ws': {
    get: {
      summary:
        'WebSocket: a snapshot, then deltas; {"kind":"snapshot"} asks for a snapshot, {"kind":"ping"} for a pong',
      responses: {
        101: { description: 'Switching protocols' },
        403: error('Another origin'),
        503: error('WS_MAX_CLIENTS reached, or stopping'),
      },
    },
  },
  '/login': {
    get: { summary: 'The sign-in page', responses: { 200: { description: 'HTML' } } },
    post: {
      summary: 'Changes DASHBOARD_TOKEN for a cookie',
      requestBody: {
        content: {
          'application/x-www-form-urlencoded': { schema: { $ref: '#/components/schemas/Login' } },
          'application/json': { schema: { $ref: '#/components/schemas/Login' } },
        },
      },
      responses: {
        303: { description: 'Signed in; the cookie is set' },
        401: { description: 'Not the token' },
        429: error('Too many tries from this address in this minute'),
      },
    },
  },
};

const probes = {
  '/livez': { get: { summary: 'The process runs', responses: { 200: json('{"status":"ok"}') } } },
  '/readyz': {
    get: {
      summary: 'May it be sent traffic?',
      responses: {
        200: json('{"ready":true,"degraded":…,"missing":[…]}'),
        503: json('{"ready":false,"degraded":…,"missing":[…]}'),
      },
    },
  },
  '/metrics': { get: { summary: 'Prometheus', responses: { 200: { description: 'text/plain' } } } },
};

/** The OpenAPI document of what this listener serves. */
export const openApi = (roles: 'full' | 'probes-only') => ({
  openapi: '3.1.0',
  info: { title: 'Kada Mandiya Analytics: dashboard', version: '1' },
  paths: roles === 'full' ? { ...page, ...probes } : probes,
  security: [{ bearer: [] }, { session: [] }, {}],
  components: {
    securitySchemes: {
      bearer: { type: 'http', scheme: 'bearer' },
      session: { type: 'apiKey', in: 'cookie', name: 'kada_session' },
    },
    schemas: {
      Login: { type: 'object', required: ['token'], properties: { token: { type: 'string' } } },
      Error: {
        type: 'object',
        required: ['error'],
        properties: {
          error: {
            type: 'object',
            required: ['code', 'message'],
            properties: { code: { type: 'string' }, message: { type: 'string' }, details: {} },
          },
        },
      },
    },
  },
});
