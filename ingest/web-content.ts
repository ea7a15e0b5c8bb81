import type { WebFields } from './contracts/web.ts';
import type { CanonicalType } from './event.ts';
import type { WebType } from './event-types.ts';

const json = (value: string | number | null): string => {
  if (value === null) return 'null';
  return typeof value === 'number' ? String(value) : JSON.stringify(value);
};

/**
 * RFC 8785 text of what a web event says; its SHA-256 is the content hash. It says its type, ids, fields and
 * client properties; no clock, and nothing that the API or the connection adds. The keys are written in RFC
 * 8785's order, so that nothing is sorted in the hot path (a property test holds each text to the library).
 * @param properties RFC 8785 text, or null
 */
export const webContentOf = (
  type: WebType,
  canonical: CanonicalType,
  fields: WebFields,
  properties: string | null,
): string => {
  const f = fields;
  const canonicalType = `"canonical_type":"${canonical}"`;
  const element = `"element_id":${json(f.element_id)}`;
  const page = `"page_url":${json(f.page_url)}`;
  const product = `"product_id":${json(f.product_id)}`;
  const own = `"properties":${properties ?? 'null'}`;
  const session = `"session_id":${json(f.session_id)}`;
  const user = `"user_id":${json(f.user_id)}`;
  switch (type) {
    case 'page_view':
      return `{${canonicalType},"load_time_ms":${json(f.load_time_ms)},${page},${product},${own},"referrer_url":${json(f.referrer_url)},${session},"time_on_prev_page_seconds":${json(f.time_on_prev_page_seconds)},${user},"utm_campaign":${json(f.utm_campaign)},"utm_medium":${json(f.utm_medium)},"utm_source":${json(f.utm_source)}}`;
    case 'click':
      return `{${canonicalType},${element},"ip_address":${json(f.ip_address)},${page},${product},${own},${session},"type":"click","user_agent":${json(f.user_agent)},${user},"viewport_h":${json(f.viewport_h)},"viewport_w":${json(f.viewport_w)},"x":${json(f.x)},"y":${json(f.y)}}`;
    case 'add_to_cart':
      return `{${canonicalType},${element},${page},${product},${own},"quantity":${json(f.quantity)},${session},${user}}`;
    case 'begin_checkout':
      return `{${canonicalType},${element},"order_id":${json(f.order_id)},${page},${own},${session},${user}}`;
    case 'scroll':
      return `{${canonicalType},${page},${own},"scroll_depth_pct":${json(f.scroll_depth_pct)},${session},${user}}`;
    case 'form_interaction':
      return `{"action":${json(f.action)},${canonicalType},"error_message":${json(f.error_message)},"field_id":${json(f.field_id)},"form_id":${json(f.form_id)},${page},${own},${session},"time_spent_ms":${json(f.time_spent_ms)},${user}}`;
    case 'search':
      return `{${canonicalType},"filters":${json(f.filters)},${page},${own},"query":${json(f.query)},"results_count":${json(f.results_count)},${session},${user}}`;
  }
};
