import type { LoadPage } from './page.ts';

export const loadProduct: LoadPage = async () => ({ kind: 'ok', value: () => ({ figures: [], cards: [] }) });
