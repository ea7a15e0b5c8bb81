import { type Command, commandOf } from './keys.ts';

/** Listens for keys on the whole page. */
export function startKeyboard(run: (command: Command) => void): void {
  document.addEventListener('keydown', (event) => {
    const { target } = event;
    const command = commandOf({
      key: event.key,
      ctrl: event.ctrlKey,
      alt: event.altKey,
      meta: event.metaKey,
      shift: event.shiftKey,
      typing: isTyping(target) || document.querySelector('dialog[open]') !== null,
      onStep: target instanceof Element && target.closest('#steps') !== null,
    });
    if (command === undefined) return;
    if (command.kind === 'step' || command.kind === 'point') event.preventDefault();
    run(command);
  });
}

export function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return !['radio', 'checkbox', 'button'].includes(target.type);
  return (
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement ||
    (target instanceof HTMLElement && target.isContentEditable)
  );
}
