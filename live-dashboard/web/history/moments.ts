import { element } from '../dom.ts';
import { clock } from '../format.ts';
import { shortDay } from './days.ts';

const two = (value: number): string => String(value).padStart(2, '0');

/** 24 Nov 21:44:40, in the viewer's zone */
export function momentText(iso: string): string {
  const at = new Date(iso);
  return `${shortDay(`${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`)} ${clock(at.getTime())}`;
}

/** A state by shape and word. */
export const pill = (state: string, word = state): HTMLElement =>
  element('span', { class: `pill ${state}` }, word);
