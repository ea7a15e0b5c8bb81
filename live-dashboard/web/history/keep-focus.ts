import { byId } from '../dom.ts';

/**
 * A drawing is made anew when Gold is: what had the focus, and what was scrolled, is found again by its id or place.
 * @returns to be called when the new one stands
 */
export function keepFocus(): () => void {
  const active = document.activeElement;
  const id = active instanceof HTMLElement ? active.id : '';
  const label = active instanceof HTMLElement ? labelOf(active) : undefined;
  const typed = active instanceof HTMLInputElement && active.type === 'search' ? active.selectionStart : null;
  const scrolled = new Map<string, number>();
  for (const region of byId('cards').querySelectorAll<HTMLElement>('[role="region"]'))
    scrolled.set(region.getAttribute('aria-labelledby') ?? '', region.scrollLeft);

  return function restore() {
    for (const region of byId('cards').querySelectorAll<HTMLElement>('[role="region"]'))
      region.scrollLeft = scrolled.get(region.getAttribute('aria-labelledby') ?? '') ?? 0;
    if (active === null || active === document.body || active === document.activeElement) return;
    // taken out and put in again it lost the focus, and nothing else
    if (active.isConnected && active instanceof HTMLElement) return active.focus({ preventScroll: true });
    const again = id === '' ? undefined : document.getElementById(id);
    const found = again ?? (label === undefined ? undefined : findByLabel(label));
    if (!(found instanceof HTMLElement)) return;
    found.focus({ preventScroll: true });
    if (typed !== null && found instanceof HTMLInputElement) found.setSelectionRange(typed, typed);
  };
}

interface Label {
  readonly tag: string;
  readonly text: string;
  readonly section: string;
}

const sectionOf = (element: Element): string => element.closest('section')?.id ?? '';
const words = (element: Element): string =>
  element.getAttribute('aria-label') ?? element.textContent?.replace(/[ ↓↑]+$/, '') ?? '';
const labelOf = (element: HTMLElement): Label => ({
  tag: element.tagName,
  text: words(element),
  section: sectionOf(element),
});

const findByLabel = ({ tag, text, section }: Label): Element | undefined =>
  [...document.querySelectorAll(tag)].find((one) => words(one) === text && sectionOf(one) === section);
