import { z } from 'zod';
import type { WebType } from '../event-types.ts';
import { mostInt } from '../fields.ts';
import { requiredUpTo } from './text.ts';

/**
 * What a web event's own fields are after cleaning, in one shape for all types (the hot path stays monomorphic).
 * Optional ids and texts already fit their columns; what is required, and ranges, are judged by the contract.
 */
export interface WebFields {
  session_id: string | null;
  user_id: string | null;
  page_url: string | null;
  product_id: string | null;
  referrer_url: string | null;
  utm_source: string | null;
  utm_medium: string | null;
  utm_campaign: string | null;
  time_on_prev_page_seconds: number | null;
  load_time_ms: number | null;
  element_id: string | null;
  x: number | null;
  y: number | null;
  viewport_w: number | null;
  viewport_h: number | null;
  /** of the body; the connection's own stands apart */
  user_agent: string | null;
  ip_address: string | null;
  quantity: number | null;
  order_id: string | null;
  scroll_depth_pct: number | null;
  form_id: string | null;
  field_id: string | null;
  action: string | null;
  error_message: string | null;
  time_spent_ms: number | null;
  query: string | null;
  results_count: number | null;
  filters: string | null;
}

/**
 * /track asks for a session and a click's element; `ui.*` messages for the element; the keyed collector for
 * neither (events.md 2 and 3).
 */
export type WebContract = 'track' | 'ui' | 'collector';

export const limits = {
  id: 64,
  elementId: 255,
  url: 2_000,
  utm: 100,
  action: 64,
  errorMessage: 500,
  query: 500,
  userAgent: 500,
} as const;

const count = z.number().int().min(0).max(mostInt).nullable();
const coordinate = z.number().int().min(-mostInt).max(mostInt).nullable();

const ownFields = {
  page_view: { time_on_prev_page_seconds: count, load_time_ms: count },
  click: { x: coordinate, y: coordinate, viewport_w: count, viewport_h: count },
  add_to_cart: { product_id: requiredUpTo(limits.id), quantity: z.number().int().min(1).max(1_000) },
  begin_checkout: {},
  scroll: { scroll_depth_pct: z.number().min(0).max(100).nullable() },
  form_interaction: { time_spent_ms: count },
  search: { results_count: count },
} as const satisfies Record<WebType, z.ZodRawShape>;

/** Plain z.object with the JIT: cleaning comes before, so that nothing is preprocessed here. */
const contractsOf = (contract: WebContract): Readonly<Record<WebType, z.ZodObject>> => {
  const common = {
    ...(contract === 'track' ? { session_id: requiredUpTo(limits.id) } : {}),
    page_url: requiredUpTo(limits.url),
  };
  const element = contract === 'collector' ? {} : { element_id: requiredUpTo(limits.elementId) };
  return {
    page_view: z.object({ ...common, ...ownFields.page_view }),
    click: z.object({ ...common, ...element, ...ownFields.click }),
    add_to_cart: z.object({ ...common, ...ownFields.add_to_cart }),
    begin_checkout: z.object({ ...common, ...ownFields.begin_checkout }),
    scroll: z.object({ ...common, ...ownFields.scroll }),
    form_interaction: z.object({ ...common, ...ownFields.form_interaction }),
    search: z.object({ ...common, ...ownFields.search }),
  };
};

export const webContracts: Readonly<Record<WebContract, Readonly<Record<WebType, z.ZodObject>>>> = {
  track: contractsOf('track'),
  ui: contractsOf('ui'),
  collector: contractsOf('collector'),
};
