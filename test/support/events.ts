import { hash, randomUUID } from 'node:crypto';
import type { AnalyticsEvent, DeadLetter, WebRow } from '../../ingest/event.ts';

/** A page view as normalisation makes it, for tests that begin behind it. */
export function pageView(
  overrides: Partial<WebRow> & { readonly content?: string; readonly alwaysNew?: boolean } = {},
): AnalyticsEvent {
  const { content, alwaysNew, ...columns } = overrides;
  const event_id = columns.event_id ?? randomUUID();
  const now = columns.received_at ?? Date.now();
  const row: WebRow = {
    event_id,
    event_timestamp: now,
    client_timestamp: null,
    received_at: now,
    session_id: 's-1',
    user_id: null,
    source: 'tracking',
    canonical_type: 'page_view',
    is_bot: 0,
    is_seed: 0,
    payload: JSON.stringify({ event_id, content: content ?? '' }),
    meta: '{}',
    page_url: 'http://localhost:3000/products',
    page_path: '/products',
    product_id: null,
    properties: null,
    referrer_url: null,
    utm_source: null,
    utm_medium: null,
    utm_campaign: null,
    time_on_prev_page_seconds: null,
    load_time_ms: null,
    element_id: null,
    x: null,
    y: null,
    viewport_w: null,
    viewport_h: null,
    user_agent: null,
    ip_address: null,
    quantity: null,
    order_id: null,
    scroll_depth_pct: null,
    form_id: null,
    field_id: null,
    action: null,
    error_message: null,
    time_spent_ms: null,
    query: null,
    results_count: null,
    filters: null,
    ...columns,
  };
  return {
    table: 'page_view_events',
    row,
    scope: 'ui',
    alwaysNew: alwaysNew ?? false,
    fingerprint: hash('sha256', `ui|${event_id}`, 'hex'),
    contentHash: hash('sha256', content ?? `content of ${event_id}`, 'hex'),
  };
}

/** A dead letter as the decode stage makes it; the same payload is the same letter. */
export function brokenLetter(payload: string, overrides: Partial<DeadLetter> = {}): DeadLetter {
  return {
    id: randomUUID(),
    source: 'tracking',
    stage: 'decode',
    reason: 'invalid_json',
    detail: '[]',
    context: '{}',
    payload,
    receivedAt: Date.now(),
    fingerprint: hash('sha256', `dead|tracking|invalid_json|${hash('sha256', payload, 'hex')}`, 'hex'),
    issues: [],
    eventId: undefined,
    concerns: undefined,
    ...overrides,
  };
}
