import { byId } from './dom.ts';

const KEY = 'kada-theme';
const order = ['system', 'light', 'dark'] as const;
type Theme = (typeof order)[number];

/**
 * As the system, or forced by a class on the root; the choice is remembered. Where the system forces its own few
 * colours it is the system's alone: bars and charts must stand out from its ground. Calls back when colours change.
 */
export function startTheme(onChange: () => void): { readonly next: () => void } {
  const forced = matchMedia('(forced-colors: active)');
  let theme: Theme = order.find((one) => one === localStorage.getItem(KEY)) ?? 'system';

  function apply(): void {
    const root = document.documentElement;
    root.classList.toggle('light', theme === 'light' && !forced.matches);
    root.classList.toggle('dark', theme === 'dark' && !forced.matches);
    byId('theme').setAttribute('aria-label', `Theme: ${theme === 'system' ? 'as the system' : theme}`);
    onChange();
  }

  function next(): void {
    theme = order[(order.indexOf(theme) + 1) % order.length] ?? 'system';
    localStorage.setItem(KEY, theme);
    apply();
  }

  byId('theme').addEventListener('click', next);
  forced.addEventListener('change', apply);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', onChange);
  apply();
  return { next };
}
