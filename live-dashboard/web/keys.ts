/** What a key asks for, anywhere on the page. Enter on a step is the button's own. */
export type Command =
  | { readonly kind: 'next-funnel' }
  /** from 0: 15 min, 1 h, 24 h */
  | { readonly kind: 'window'; readonly index: number }
  | { readonly kind: 'step'; readonly by: 1 | -1 }
  /** to the cohort before or after, in the charts by entry time */
  | { readonly kind: 'point'; readonly by: 1 | -1 }
  | { readonly kind: 'theme' }
  | { readonly kind: 'keys' }
  | { readonly kind: 'close' };

export interface KeyPress {
  readonly key: string;
  readonly ctrl: boolean;
  readonly alt: boolean;
  readonly meta: boolean;
  readonly shift: boolean;
  /** the focus is where text is written, or a dialog is open */
  readonly typing: boolean;
  /** the focus is on a step: only there arrows are ours, elsewhere they scroll and choose */
  readonly onStep: boolean;
}

/** The keys as the overlay lists them. */
export const keyList: readonly { readonly keys: readonly string[]; readonly does: string }[] = [
  { keys: ['F'], does: 'next funnel' },
  { keys: ['1', '2', '3'], does: 'sessions of the last 15 min, 1 h, 24 h' },
  { keys: ['J', 'K'], does: 'next step, step before; on a step also ↓ and ↑' },
  { keys: ['←', '→'], does: 'on a step: its cohorts by entry time, one by one' },
  { keys: ['Enter'], does: 'on a step: show it in the trend' },
  { keys: ['T'], does: 'theme: as the system, light, dark' },
  { keys: ['?'], does: 'these keys' },
  { keys: ['Esc'], does: 'close what is open' },
];

const letters: Readonly<Record<string, Command>> = {
  f: { kind: 'next-funnel' },
  j: { kind: 'step', by: 1 },
  k: { kind: 'step', by: -1 },
  t: { kind: 'theme' },
  '1': { kind: 'window', index: 0 },
  '2': { kind: 'window', index: 1 },
  '3': { kind: 'window', index: 2 },
};
const arrows: Readonly<Record<string, Command>> = {
  ArrowDown: { kind: 'step', by: 1 },
  ArrowUp: { kind: 'step', by: -1 },
  ArrowRight: { kind: 'point', by: 1 },
  ArrowLeft: { kind: 'point', by: -1 },
};

/** Nothing while typing or with a modifier. Pure. */
export function commandOf(press: KeyPress): Command | undefined {
  if (press.ctrl || press.alt || press.meta || press.typing) return undefined;
  // on many keyboards the question mark is itself a shifted key
  if (press.key === '?') return { kind: 'keys' };
  if (press.shift) return undefined;
  if (press.key === 'Escape') return { kind: 'close' };
  if (press.onStep && Object.hasOwn(arrows, press.key)) return arrows[press.key];
  const key = press.key.toLowerCase();
  return Object.hasOwn(letters, key) ? letters[key] : undefined;
}
