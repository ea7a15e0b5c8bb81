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
  const { scrollX, scrollY } = window;
  const scrolled = new Map<string, readonly [left: number, top: number]>();
  for (const region of regions()) {
    const { scrollLeft, scrollTop } = region;
    if (scrollLeft !== 0 || scrollTop !== 0) scrolled.set(nameOf(region), [scrollLeft, scrollTop]);
  }

  return function restore() {
    // Where nothing was scrolled, nothing is touched: each of these lays out the page once more.
    if (scrolled.size > 0)
      for (const region of regions())
        [region.scrollLeft, region.scrollTop] = scrolled.get(nameOf(region)) ?? [0, 0];
    if (scrollX !== 0 || scrollY !== 0) window.scrollTo(scrollX, scrollY);
    if (active === null || active === document.body || active === document.activeElement) return;
    // it went to another place of the page, which took its focus
    if (active instanceof HTMLElement && active.isConnected) return active.focus({ preventScroll: true });
    const again = id === '' ? undefined : document.getElementById(id);
    const found = again ?? (label === undefined ? undefined : findByLabel(label));
    if (!(found instanceof HTMLElement)) return;
    found.focus({ preventScroll: true });
    if (typed !== null && found instanceof HTMLInputElement) found.setSelectionRange(typed, typed);
  };
}

const regions = (): Iterable<HTMLElement> => byId('cards').querySelectorAll<HTMLElement>('[role="region"]');
const nameOf = (region: Element): string =>
  region.getAttribute('aria-labelledby') ?? region.getAttribute('aria-label') ?? '';

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
