import { element } from './dom.ts';

/** Makes the choices of a group anew: value and label of each. Its legend stays. */
export function radios(
  group: HTMLElement,
  name: string,
  items: readonly (readonly [value: string, label: string])[],
): void {
  for (const old of group.querySelectorAll('label')) old.remove();
  for (const [value, label] of items) {
    const input = element('input', { type: 'radio', name, value });
    group.append(
      element('label', { 'data-choice': value }, input, element('span', { 'data-t': label }, label)),
    );
  }
}

export function check(group: HTMLElement, value: string): void {
  for (const input of group.querySelectorAll('input')) input.checked = input.value === value;
}
