import { element } from '../dom.ts';

const SVG = 'http://www.w3.org/2000/svg';

export function svg(
  tag: string,
  attributes: Readonly<Record<string, string>>,
  ...children: readonly Node[]
): SVGElement {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** A dotted label whose definition opens on hover, focus or tap. */
export const defined = (label: string, text: string, attributes: Readonly<Record<string, string>> = {}) =>
  element('button', { type: 'button', class: 'def', 'data-text': text, ...attributes }, label);

/** The link to the rows that a number came from. */
export const rowsLink = (address: string, of: string): HTMLElement =>
  element('a', { class: 'rows', href: address, 'aria-label': `Rows of ${of}` }, 'rows');

/** Between words and a link, or two links: gone where links are. */
export const separator = (): HTMLElement => element('span', { class: 'sep' }, ' · ');

/** The words "so far" with the hatched mark of what is still running. */
export const soFar = (): HTMLElement =>
  element('span', { class: 'tag mute' }, element('i', { class: 'sw t', 'aria-hidden': 'true' }), ' so far');

export interface CardParts {
  readonly id: string;
  readonly title: string;
  /** at the right of the heading */
  readonly aside?: readonly (Node | string)[];
  readonly body: readonly Node[];
}

export function card({ id, title, aside = [], body }: CardParts): HTMLElement {
  const heading = element('h2', { class: 'h2', id: `${id}-heading` }, title);
  return element(
    'section',
    { class: 'card pad', id, 'aria-labelledby': heading.id },
    element('div', { class: 'row ttl' }, heading, element('span', { class: 'sub sp' }, ...aside)),
    ...body,
  );
}

/** A paragraph in the place of a chart or table that has nothing to show. */
export const nothing = (text = 'nothing in these days'): HTMLElement => element('p', { class: 'none' }, text);

const part = (share: number): string => `${(Math.max(0, Math.min(1, share)) * 100).toFixed(3)}%`;

export interface StepBar {
  /** shares of the first step, that add up to those who reached the step before */
  readonly wentOn: number;
  readonly inTime: number;
  readonly dropped: number;
  readonly worst: boolean;
  /** what a reader hears */
  readonly text: string;
}

/** Went on solid, still in time hatched, dropped hollow. */
export function stepBar({ wentOn, inTime, dropped, worst, text }: StepBar): HTMLElement {
  const rect = (kind: string, from: number, share: number): SVGElement =>
    svg('rect', { class: kind, x: part(from), width: part(share), height: '100%' });
  return element(
    'div',
    { class: worst ? 'bar biggest' : 'bar', role: 'img', 'aria-label': text },
    svg(
      'svg',
      { 'aria-hidden': 'true', 'shape-rendering': 'crispEdges' },
      rect('c', 0, wentOn),
      rect('t', wentOn, inTime),
      rect(worst ? 'd worst' : 'd', wentOn + inTime, dropped),
    ),
  );
}

/** The bar of a number in a table, by its share of the largest. */
export const cellBar = (share: number): SVGElement =>
  svg('svg', { class: 'mini', 'aria-hidden': 'true' }, svg('rect', { width: part(share), height: '100%' }));

/** A small line of one row, on its own scale from 0; its last part is dashed where that day is still running. */
export function cellLine(values: readonly number[], openLast: boolean): SVGElement {
  const [width, height] = [120, 24];
  const top = Math.max(1, ...values);
  const x = (index: number): number =>
    (values.length < 2 ? 0 : (index / (values.length - 1)) * (width - 2)) + 1;
  const points = values.map(
    (value, index) => `${x(index).toFixed(1)},${(height - 2 - (value / top) * (height - 4)).toFixed(1)}`,
  );
  const solid = openLast ? points.slice(0, -1) : points;
  return svg(
    'svg',
    { class: 'spark', viewBox: `0 0 ${width} ${height}`, 'aria-hidden': 'true' },
    svg('polyline', { points: solid.join(' ') }),
    ...(openLast ? [svg('polyline', { class: 'open', points: points.slice(-2).join(' ') })] : []),
  );
}
