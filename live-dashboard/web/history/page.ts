import type { Answer, Runs } from './api.ts';
import type { Charts } from './charts.ts';
import type { Day } from './days.ts';
import type { Figure } from './figures.ts';
import type { DayRange } from './range.ts';

/** What a page is drawn for. */
export interface Asked {
  readonly range: DayRange;
  /** the days of the range, oldest first */
  readonly days: readonly Day[];
  /** the day that Gold is made up to: it is still running */
  readonly today: Day;
  /** the running day, where the range takes it in */
  readonly open: Day | undefined;
  readonly runs: Runs;
  /** the address's own choices */
  readonly query: URLSearchParams;
  readonly signal: AbortSignal;
}

export interface Choice {
  /** its name in the address */
  readonly name: string;
  readonly legend: string;
  readonly items: readonly (readonly [value: string, label: string])[];
  readonly chosen: string;
}

/** A page as it is drawn from what it read. */
export interface Drawing {
  readonly figures: readonly Figure[];
  readonly cards: readonly HTMLElement[];
  /** in the control line: currencies, where there is more than one */
  readonly choices?: readonly Choice[];
  /** beside the range: a search, where the page has one */
  readonly extra?: HTMLElement;
  /** Draws what needs its place's width, once the cards are on the page. */
  readonly charts?: (charts: Charts) => void;
}

/** Reads what a page needs; the drawing is made anew for each choice without reading again. */
export type LoadPage = (asked: Asked) => Promise<Answer<(query: URLSearchParams) => Drawing>>;
