import { expect, test } from 'vitest';
import { createBook } from '../pipeline/simulation/book.ts';
import { otherContentOf } from '../pipeline/simulation/broken-events.ts';
import type { SimulatedEvent } from '../pipeline/simulation/event.ts';

const view: SimulatedEvent = {
  key: 'e-1',
  id: 'e-1',
  lane: 'web',
  type: 'ui.page_view',
  at: 0,
  sendAt: 0,
  body: { page_url: 'http://localhost/' },
  meaning: { kind: 'page_view', session: 's-1', user: undefined, path: '/', order: undefined },
  userAgent: '',
  bot: false,
  after: 'other_content',
};

test.each([
  ['stored', false, 1],
  ['stored', true, 0],
  ['published', false, 0],
] as const)(
  'other content under an id is %s, while the first is the broker’s still: %s',
  (as, unlessFirst, surprises) => {
    const book = createBook({ keep: true });
    const other = otherContentOf(view, 0, unlessFirst);
    book.answered(view, { kind: 'promised', as: unlessFirst ? 'published' : 'stored' });
    book.answered(other, { kind: 'promised', as });
    expect(book.tally().surprisesInAll).toBe(surprises);
    // Whichever of the two is stored, one of them is counted, and the other is a letter.
    expect(book.promised().map(({ meaning }) => meaning.kind)).toEqual(['page_view', 'broken']);
  },
);
