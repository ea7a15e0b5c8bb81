import { type EntryWindow, entryWindows, type FunnelFrame } from '../frames.ts';
import { byId } from './dom.ts';
import { check, radios } from './radio-group.ts';
import { type TrendChoice, trendChoice } from './state.ts';

const windowLabels: Readonly<Record<EntryWindow, string>> = { '15m': '15 min', '1h': '1 h', '24h': '24 h' };
const windows = Object.keys(entryWindows) as EntryWindow[];

const isWindow = (text: string | null): text is EntryWindow => text !== null && text in entryWindows;

export interface Choices {
  readonly funnel: () => string;
  readonly window: () => EntryWindow;
  /** always one that the chosen funnel has */
  readonly trend: () => TrendChoice;
  /** Makes the funnel switch once the funnels are known, and again when they are others. */
  showFunnels(funnels: readonly FunnelFrame[]): void;
  nextFunnel(): void;
  /** @param index 0: 15 min, 1: 1 h, 2: 24 h */
  chooseWindow(index: number): void;
  chooseTrend(trend: TrendChoice): void;
}

/** Funnel, entry window and trend, kept in the address, so that a copied address opens the same view. */
export function createChoices(onChange: () => void): Choices {
  const query = new URLSearchParams(location.search);
  const asked = query.get('window');
  let window: EntryWindow = isWindow(asked) ? asked : '24h';
  let funnel = query.get('funnel') ?? 'purchase';
  let trend = query.get('trend');
  let steps: ReadonlyMap<string, number> = new Map();
  let shown = '';

  /** A choice is kept while the funnel has it: another funnel may have fewer steps. */
  const trendNow = (): TrendChoice => trendChoice(trend, steps.get(funnel) ?? 0) ?? 'all';

  function remember(): void {
    const address = new URL(location.href);
    address.searchParams.set('funnel', funnel);
    address.searchParams.set('window', window);
    address.searchParams.set('trend', String(trendNow()));
    history.replaceState(null, '', address);
    onChange();
  }

  const funnelGroup = byId('funnel-choice');
  const windowGroup = byId('window-choice');
  radios(
    windowGroup,
    'window',
    windows.map((name) => [name, windowLabels[name]]),
  );
  check(windowGroup, window);

  function setWindow(next: EntryWindow): void {
    window = next;
    check(windowGroup, window);
    remember();
  }
  function setFunnel(next: string): void {
    funnel = next;
    check(funnelGroup, funnel);
    remember();
  }

  windowGroup.addEventListener('change', (event) => {
    if (event.target instanceof HTMLInputElement && isWindow(event.target.value)) {
      setWindow(event.target.value);
    }
  });
  funnelGroup.addEventListener('change', (event) => {
    if (event.target instanceof HTMLInputElement) setFunnel(event.target.value);
  });

  return {
    funnel: () => funnel,
    window: () => window,
    trend: trendNow,
    showFunnels(funnels) {
      const key = funnels.map((one) => `${one.name} ${one.steps.length} ${one.title}`).join('\n');
      if (key === shown) return;
      shown = key;
      steps = new Map(funnels.map((one) => [one.name, one.steps.length]));
      if (!steps.has(funnel)) funnel = funnels[0]?.name ?? funnel;
      radios(
        funnelGroup,
        'funnel',
        funnels.map((one) => [one.name, one.title]),
      );
      check(funnelGroup, funnel);
    },
    nextFunnel() {
      const names = [...steps.keys()];
      const next = names[(names.indexOf(funnel) + 1) % names.length];
      if (next !== undefined) setFunnel(next);
    },
    chooseWindow(index) {
      const chosen = windows[index];
      if (chosen !== undefined) setWindow(chosen);
    },
    chooseTrend(next) {
      trend = String(next);
      remember();
    },
  };
}
