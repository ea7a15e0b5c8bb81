import type { Logger } from 'pino';
import type { MonoTypeOperatorFunction } from 'rxjs';
import type { CommittedPage, NewLetter, StoredEvent } from '../../sinks/warehouse.ts';
import type { FunnelFold } from '../funnel/fold.ts';
import type { SettledEvent } from '../live/committed.ts';
import type { LetterSlices } from '../live/letter-slices.ts';
import type { LiveView } from '../live/live-view.ts';
import { botOfMeta } from '../live/newest-bot.ts';
import type { OrderLookUps } from './fold.ts';
import { observe } from './observe.ts';

export interface Following {
  readonly funnels: Pick<FunnelFold, 'apply'>;
  readonly orders: OrderLookUps;
  readonly live: Pick<LiveView, 'observe' | 'addLetters'>;
  readonly letters: Pick<LetterSlices, 'differences' | 'forgetBefore'>;
  /** ms: letters from before it count nowhere */
  readonly lettersFrom: () => number;
  readonly now: () => number;
  readonly log: Logger;
}

/** What any process committed, as the warehouse tells it, into the live funnels and counters: each row once. */
export function follow(following: Following): MonoTypeOperatorFunction<CommittedPage> {
  const { funnels, orders, live, letters, now } = following;
  return observe('follow', following.log, function followPage(page) {
    const at = now();
    const { events, replayed, newLetters, botMeta } = page;
    if (events.length > 0) funnels.apply(events, { now: at, cause: 'live' });
    if (replayed.length > 0) funnels.apply(replayed, { now: at, cause: 'replay' });
    orders.fetch();
    const newestBot = botMeta === null ? undefined : botOfMeta(botMeta);
    live.observe({
      at,
      commitMs: undefined,
      settled: [
        ...events.map((event) => stored(event, event.source)),
        ...replayed.map((event) => stored(event, 'replay')),
        ...newLetters.map(shown).reverse(),
      ],
      ...(newestBot === undefined ? {} : { newestBot }),
    });
    letters.forgetBefore(following.lettersFrom());
    live.addLetters(letters.differences(page.letters), at);
  });
}

const stored = (event: StoredEvent, via: SettledEvent['via']): SettledEvent => ({
  via,
  outcome: 'stored',
  event,
});

const shown = ({ source, reason, concerns }: NewLetter): SettledEvent => ({
  via: source,
  outcome: 'dead-lettered',
  reason,
  isCounted: true,
  ...(concerns === null ? {} : { concerns }),
});
