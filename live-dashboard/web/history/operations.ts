import type { LoadPage } from './page.ts';

export const loadOperations: LoadPage = async () => ({
  kind: 'ok',
  value: () => ({ figures: [], cards: [] }),
});
