import { element, setText } from './dom.ts';
import { type ChartLook, createEntryChart, type Drawing } from './entry-chart.ts';
import type { EntryPointer } from './entry-pointer.ts';
import { utcClock } from './format.ts';

export interface LaneDrawing extends Drawing {
  /** words while nothing is pointed at */
  readonly rest: string;
}

/** The small chart of one row of the matrix, and the words above it. */
export interface Lane {
  show(drawing: LaneDrawing): void;
  redraw(): void;
  destroy(): void;
}

export function createLane(place: HTMLElement, look: ChartLook, pointer: EntryPointer): Lane {
  const says = element('span', { class: 'tx' });
  const revised = element('span', { class: 'tx rv' });
  const utc = element('span', { class: 'utc' });
  const box = element('div', { class: 'entry-chart', role: 'img' });
  place.replaceChildren(box, says, revised, utc);
  let rest = '';
  const chart = createEntryChart(box, look, pointer, (point) => {
    setText(says, point?.says ?? rest);
    setText(revised, point?.revised ?? '');
    setText(utc, point === undefined ? '' : utcClock(point.from));
  });

  return {
    show(drawing) {
      rest = drawing.content.nothing ? 'nothing in this window' : drawing.rest;
      const { content, times, top } = drawing;
      chart.show({ content, times, top });
    },
    redraw: chart.redraw,
    destroy: chart.destroy,
  };
}
