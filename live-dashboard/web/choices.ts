import { type EntryWindow, entryWindows, type FunnelFrame } from '../frames.ts';
import { byId, element } from './dom.ts';

const windowLabels: Readonly<Record<EntryWindow, string>> = { '15m': '15 min', '1h': '1 h', '24h': '24 h' };
const windows = Object.keys(entryWindows) as EntryWindow[];

const isWindow = (text: string | null): text is EntryWindow => text !== null && text in entryWindows;

export interface Choices {
  readonly funnel: () => string;
  readonly window: () => EntryWindow;
  /** Makes the funnel switch once the funnels are known, and again when they are others. */
  showFunnels(funnels: readonly FunnelFrame[]): void;
}

/** Funnel and entry window: radio groups, kept in the address, so that a copied address opens the same view. */
export function createChoices(onChange: () => void): Choices {
  const query = new URLSearchParams(location.search);
  const asked = query.get('window');
  let window: EntryWindow = isWindow(asked) ? asked : '24h';
  let funnel = query.get('funnel') ?? 'purchase';
  let names: readonly string[] = [];

  function remember(): void {
    const address = new URL(location.href);
    address.searchParams.set('funnel', funnel);
    address.searchParams.set('window', window);
    history.replaceState(null, '', address);
    onChange();
  }

  function radios(group: HTMLElement, name: string, items: readonly (readonly [string, string])[]): void {
    for (const old of group.querySelectorAll('label')) old.remove();
    for (const [value, label] of items) {
      const input = element('input', { type: 'radio', name, value });
      group.append(
        element('label', { 'data-choice': value }, input, element('span', { 'data-t': label }, label)),
      );
    }
  }

  function check(group: HTMLElement, value: string): void {
    for (const input of group.querySelectorAll('input')) input.checked = input.value === value;
  }

  const funnelGroup = byId('funnel-choice');
  const windowGroup = byId('window-choice');
  radios(
    windowGroup,
    'window',
    windows.map((name) => [name, windowLabels[name]]),
  );
  check(windowGroup, window);

  function chooseWindow(next: EntryWindow): void {
    window = next;
    check(windowGroup, window);
    remember();
  }
  function chooseFunnel(next: string): void {
    funnel = next;
    check(funnelGroup, funnel);
    remember();
  }

  windowGroup.addEventListener('change', (event) => {
    if (event.target instanceof HTMLInputElement && isWindow(event.target.value)) {
      chooseWindow(event.target.value);
    }
  });
  funnelGroup.addEventListener('change', (event) => {
    if (event.target instanceof HTMLInputElement) chooseFunnel(event.target.value);
  });
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target instanceof HTMLSelectElement) return;
    const chosen = windows[Number(event.key) - 1];
    if (chosen !== undefined) chooseWindow(chosen);
    else if (event.key.toLowerCase() === 'f') {
      const next = names[(names.indexOf(funnel) + 1) % names.length];
      if (next !== undefined) chooseFunnel(next);
    }
  });

  return {
    funnel: () => funnel,
    window: () => window,
    showFunnels(funnels) {
      if (names.join('\n') === funnels.map((one) => one.name).join('\n')) return;
      names = funnels.map((one) => one.name);
      if (!names.includes(funnel)) funnel = names[0] ?? funnel;
      radios(
        funnelGroup,
        'funnel',
        funnels.map((one) => [one.name, one.title]),
      );
      check(funnelGroup, funnel);
    },
  };
}
