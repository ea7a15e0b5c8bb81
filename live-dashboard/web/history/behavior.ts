import type { LoadPage } from './page.ts';

export const loadBehavior: LoadPage = async () => ({ kind: 'ok', value: () => ({ figures: [], cards: [] }) });
