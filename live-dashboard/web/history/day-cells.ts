import { element } from '../dom.ts';
import { integer } from '../format.ts';
import { type Day, longDay } from './days.ts';
import { soFar } from './parts.ts';

/** A day as the first cell of a row: its name, and what must be known of it. */
export function dayCell(
  day: Day,
  today: Day,
  open: boolean,
  letters: ReadonlyMap<Day, number>,
): readonly (Node | string)[] {
  const count = letters.get(day);
  const tag =
    count === undefined
      ? []
      : [
          element(
            'a',
            { class: 'tag loss', href: `/operations?from=${day}&to=${day}` },
            `${integer(count)} dead letters`,
          ),
        ];
  return [longDay(day, today), ...(open ? [' ', soFar()] : []), ...(tag.length > 0 ? [' ', ...tag] : [])];
}
