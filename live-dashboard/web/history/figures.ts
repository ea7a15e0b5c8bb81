import { type DerivedName, derivedFigures } from '../../derived-figures.ts';
import { element } from '../dom.ts';
import { defined, rowsLink, separator, soFar } from './parts.ts';

export interface Figure {
  readonly name: DerivedName;
  /** the number as it is shown; "–" where there is none */
  readonly value: string;
  readonly unit?: string;
  /** other words than the definition's name */
  readonly label?: string;
  /** its number takes in a day that is still running */
  readonly open?: boolean;
  /** "+5.2%", shown strong before `note` */
  readonly change?: string | undefined;
  readonly note: string;
  /** address of the rows that it came from */
  readonly rows: string;
  /** a further line where something must be told: other currencies, what was left out */
  readonly also?: string | undefined;
}

/** The figures below the control line; the first is the page's lead. */
export const figureStrip = (figures: readonly Figure[]): HTMLElement =>
  element('dl', { class: 'head figs h5' }, ...figures.map(figure));

function figure(one: Figure, index: number): HTMLElement {
  const { name, text } = derivedFigures[one.name];
  const value = element('dd', { class: 'n num', 'data-figure': one.name }, one.value);
  if (one.unit !== undefined) value.append(element('small', {}, ` ${one.unit}`));
  const change = one.change === undefined ? [] : [element('b', {}, one.change), ' '];
  return element(
    'div',
    { class: index === 0 ? 'fig lead' : 'fig' },
    value,
    element('dt', { class: 'l' }, defined(one.label ?? name, text), ...(one.open === true ? [soFar()] : [])),
    element(
      'dd',
      { class: 'l2', 'data-change': one.name },
      ...change,
      one.note,
      separator(),
      rowsLink(one.rows, name),
    ),
    ...(one.also === undefined ? [] : [element('dd', { class: 'l2', 'data-also': one.name }, one.also)]),
  );
}
