import { element } from '../dom.ts';
import type { Runs } from './api.ts';
import { type Day, isDay, longDay } from './days.ts';
import type { Choice } from './page.ts';
import { defined } from './parts.ts';
import { type DayRange, presetOf, presets } from './range.ts';

export interface ControlLine {
  readonly range: DayRange;
  readonly today: Day;
  readonly runs: Runs;
  readonly choices: readonly Choice[];
  readonly onDays: (days: number) => void;
  readonly onRange: (range: DayRange) => void;
  readonly onChoice: (name: string, value: string) => void;
  readonly extra?: HTMLElement | undefined;
}

/** The range, the page's own choices, and by what days and events are counted. */
export function controlLine(line: ControlLine): HTMLElement {
  const { range, today, runs } = line;
  const preset = presetOf(range, today);
  const days = seg(
    {
      name: 'days',
      legend: 'Range',
      items: presets.map((one) => [String(one), `${one} days`]),
      chosen: String(preset ?? ''),
    },
    (value) => line.onDays(Number(value)),
  );
  const from = dateField('From', 'range-from', range.from, today);
  const to = dateField('To', 'range-to', range.to, today);
  const wrong = element('span', { class: 'wrong', role: 'alert' });
  for (const field of [from, to]) {
    field.addEventListener('change', () => {
      if (!isDay(from.value) || !isDay(to.value)) return;
      const turned = from.value > to.value;
      wrong.textContent = turned ? 'The first day is after the last.' : '';
      from.setAttribute('aria-invalid', String(turned));
      if (!turned) line.onRange({ from: from.value, to: to.value });
    });
  }
  const { time_zone: zone, seeds } = runs.report;
  return element(
    'div',
    { class: 'ctl row' },
    days,
    element('span', { class: 'dates row' }, from, element('span', { class: 'say' }, 'to'), to),
    wrong,
    element('b', { class: 'on-paper' }, rangeText(line)),
    ...line.choices.map((choice) => seg(choice, (value) => line.onChoice(choice.name, value))),
    ...(line.extra === undefined ? [] : [line.extra]),
    element(
      'span',
      { class: 'sub sp', id: 'counted-by' },
      defined(
        `${zone} days`,
        `Days are days of REPORT_TIMEZONE, ${zone}. The times of runs and dead letters are in your own zone.`,
      ),
      ' · ',
      defined(
        seeds ? 'with seed data, without bots' : 'without seed data and bots',
        'Automated visitors by user agent are counted apart, and seeded test data too unless SHOW_SEED_DATA is yes.',
      ),
    ),
  );
}

/** On paper there is no switch: "Wed 11 Nov to Tue 24 Nov, LKR" */
const rangeText = ({ range, today, choices }: ControlLine): string =>
  [
    range.from === range.to
      ? longDay(range.from, today)
      : `${longDay(range.from, today)} to ${longDay(range.to, today)}`,
    ...choices.map(({ items, chosen }) => items.find(([value]) => value === chosen)?.[1] ?? chosen),
  ].join(', ');

/** A radio group with one tab stop, as on the live page. */
function seg(choice: Choice, onValue: (value: string) => void): HTMLElement {
  const group = element('fieldset', { class: 'seg' }, element('legend', { class: 'vh' }, choice.legend));
  for (const [value, label] of choice.items) {
    const input = element('input', {
      type: 'radio',
      name: choice.name,
      value,
      id: `choice-${choice.name}-${value}`,
    });
    input.checked = value === choice.chosen;
    input.addEventListener('change', () => onValue(value));
    group.append(
      element('label', { 'data-choice': value }, input, element('span', { 'data-t': label }, label)),
    );
  }
  return group;
}

function dateField(label: string, id: string, value: Day, today: Day): HTMLInputElement {
  return element('input', { type: 'date', id, 'aria-label': label, value, max: today, required: '' });
}
