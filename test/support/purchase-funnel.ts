import type { FunnelDefinition } from '../../pipeline/funnel/definitions.ts';

/** The default `purchase` funnel: view, cart, checkout, purchase within 1 h. */
export const purchaseFunnel: FunnelDefinition = {
  name: 'purchase',
  title: 'Purchase',
  windowSeconds: 3600,
  steps: [
    { label: 'View', type: 'page_view', pagePath: null },
    { label: 'Cart', type: 'add_to_cart', pagePath: null },
    { label: 'Checkout', type: 'begin_checkout', pagePath: null },
    { label: 'Purchase', type: 'purchase', pagePath: null },
  ],
};

export const browseFunnel: FunnelDefinition = {
  name: 'browse',
  title: 'Browse',
  windowSeconds: 3600,
  steps: [
    { label: 'Home', type: 'page_view', pagePath: '/' },
    { label: 'Catalogue', type: 'page_view', pagePath: '/products' },
    { label: 'Product', type: 'page_view', pagePath: '/products/*' },
    { label: 'Cart', type: 'add_to_cart', pagePath: null },
    { label: 'Checkout', type: 'begin_checkout', pagePath: null },
    { label: 'Purchase', type: 'purchase', pagePath: null },
  ],
};
