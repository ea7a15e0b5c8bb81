import { type Definition, definitions, definitionText } from './definitions.ts';
import { byId, element, setText } from './dom.ts';
import { keyList } from './keys.ts';

const GAP = 6;
const EDGE = 8;

/** The button of a dotted label whose definition an event is about. */
function buttonOf(target: EventTarget | null): HTMLElement | null {
  return target instanceof Element ? target.closest<HTMLElement>('button.def') : null;
}

/** A row's own words go before the catalogue's. */
const textOf = (button: HTMLElement): string =>
  button.dataset.text ?? definitionText(button.dataset.def ?? '') ?? '';

/**
 * One bubble for all dotted labels: it opens on hover, focus or tap, Escape closes it. Labels that come later need
 * nothing but `button.def` with `data-def` or `data-text`.
 */
export function startDefinitions(): { readonly close: () => void } {
  const bubble = byId('definition');
  let open: HTMLElement | undefined;

  function show(button: HTMLElement): void {
    const text = textOf(button);
    if (text === '') return;
    if (open !== button) close();
    open = button;
    setText(bubble, text);
    button.setAttribute('aria-describedby', bubble.id);
    bubble.hidden = false;
    const at = button.getBoundingClientRect();
    const { offsetWidth, offsetHeight } = bubble;
    const furthest = document.documentElement.clientWidth - offsetWidth - EDGE;
    const below = at.bottom + GAP;
    const fits = below + offsetHeight <= innerHeight - EDGE;
    bubble.style.left = `${Math.max(EDGE, Math.min(at.left, furthest))}px`;
    bubble.style.top = `${fits ? below : Math.max(EDGE, at.top - GAP - offsetHeight)}px`;
  }

  function close(): void {
    open?.removeAttribute('aria-describedby');
    open = undefined;
    bubble.hidden = true;
  }

  document.addEventListener('pointerover', (event) => {
    if (event.pointerType !== 'mouse') return;
    const button = buttonOf(event.target);
    if (button !== null) show(button);
    // the pointer may rest on the words it opened
    else if (open !== undefined && open !== document.activeElement && event.target !== bubble) close();
  });
  document.addEventListener('focusin', (event) => {
    const button = buttonOf(event.target);
    if (button === null) close();
    else if (button.matches(':focus-visible')) show(button);
  });
  document.addEventListener('focusout', close);
  document.addEventListener('click', (event) => {
    const button = buttonOf(event.target);
    if (button === null) close();
    else show(button);
  });
  addEventListener('scroll', close, { passive: true, capture: true });
  addEventListener('resize', close);
  return { close };
}

/** Fills the two dialogs, with a page's own words where it has any, and gives their buttons life. Escape is the browser's own. */
export function startDialogs(
  meanings: readonly Definition[] = Object.values(definitions),
  keys: typeof keyList = keyList,
): { readonly openKeys: () => void } {
  byId('definition-list').append(
    ...meanings.map(({ name, text }) => element('div', {}, element('dt', {}, name), element('dd', {}, text))),
  );
  byId('key-list').append(
    ...keys.map(({ keys: names, does }) =>
      element(
        'div',
        {},
        element('dt', {}, ...names.map((key) => element('kbd', {}, key))),
        element('dd', {}, does),
      ),
    ),
  );
  const open = (id: string): void => {
    const dialog = byId<HTMLDialogElement>(id);
    if (!dialog.open) dialog.showModal();
  };
  for (const button of document.querySelectorAll<HTMLElement>('button[data-opens]')) {
    button.addEventListener('click', () => open(button.dataset.opens ?? ''));
  }
  for (const dialog of document.querySelectorAll('dialog')) {
    dialog.addEventListener('click', (event) => {
      // the backdrop is the dialog itself, what is in it is not
      if (event.target === dialog) dialog.close();
    });
  }
  return { openKeys: () => open('keys') };
}
