import { isTyping } from '../keyboard.ts';

export type HistoryCommand =
  /** from 0: 7, 14, 30, 90 days */
  | { readonly kind: 'days'; readonly index: number }
  | { readonly kind: 'move'; readonly by: 1 | -1 }
  | { readonly kind: 'search' }
  | { readonly kind: 'theme' }
  | { readonly kind: 'keys' }
  | { readonly kind: 'close' };

export const historyKeyList: readonly { readonly keys: readonly string[]; readonly does: string }[] = [
  { keys: ['1', '2', '3', '4'], does: 'the last 7, 14, 30, 90 days' },
  { keys: ['P', 'N'], does: 'as many days before, after' },
  { keys: ['/'], does: 'to the search, where there is one' },
  { keys: ['T'], does: 'theme: as the system, light, dark' },
  { keys: ['?'], does: 'these keys' },
  { keys: ['Esc'], does: 'close what is open' },
];

const letters: Readonly<Record<string, HistoryCommand>> = {
  '1': { kind: 'days', index: 0 },
  '2': { kind: 'days', index: 1 },
  '3': { kind: 'days', index: 2 },
  '4': { kind: 'days', index: 3 },
  p: { kind: 'move', by: -1 },
  n: { kind: 'move', by: 1 },
  t: { kind: 'theme' },
  '/': { kind: 'search' },
  '?': { kind: 'keys' },
  escape: { kind: 'close' },
};

/** Nothing while typing or with a modifier; on many keyboards / and ? are themselves shifted keys. */
export function startHistoryKeys(run: (command: HistoryCommand) => void): void {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return;
    if (document.querySelector('dialog[open]') !== null) return;
    const key = event.key.toLowerCase();
    if (!Object.hasOwn(letters, key) || (event.shiftKey && key !== '?' && key !== '/')) return;
    const command = letters[key];
    if (command === undefined) return;
    if (command.kind === 'search') event.preventDefault();
    run(command);
  });
}
