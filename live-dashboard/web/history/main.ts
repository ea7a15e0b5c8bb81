import 'uplot/dist/uPlot.min.css';
import '../page.css';
import './history.css';
import './print.css';
import { derivedFigures } from '../../derived-figures.ts';
import { type HistoryPage, historyPages } from '../../history-pages.ts';
import { startDefinitions, startDialogs } from '../definitions-view.ts';
import { byId, element, setAttribute, setHidden, setText, setTextOf } from '../dom.ts';
import { startTheme } from '../theme.ts';
import { watchRuns } from '../watch-runs.ts';
import type { Answer, Runs } from './api.ts';
import { loadBehavior } from './behavior.ts';
import { type Charts, createCharts } from './charts.ts';
import { controlLine } from './control-line.ts';
import { addDays, countDays, type Day, daysOf, earlier } from './days.ts';
import { loadExecutive } from './executive.ts';
import { figureStrip } from './figures.ts';
import { goldClock } from './gold-clock.ts';
import { historyKeyList, startHistoryKeys } from './history-keys.ts';
import { keepFocus } from './keep-focus.ts';
import { loadOperations } from './operations.ts';
import type { Drawing, LoadPage } from './page.ts';
import { startPrinting } from './printing.ts';
import { loadProduct } from './product.ts';
import { type DayRange, lastDays, presets, rangeOf, writeRange } from './range.ts';

const pages: Readonly<Record<HistoryPage, { readonly title: string; readonly load: LoadPage }>> = {
  '/executive': { title: 'Executive', load: loadExecutive },
  '/behavior': { title: 'Behavior', load: loadBehavior },
  '/product': { title: 'Product', load: loadProduct },
  '/operations': { title: 'Operations', load: loadOperations },
};
const path = historyPages.find((one) => one === location.pathname) ?? '/executive';
const { title, load } = pages[path];

/** why what is shown is old, or why nothing is */
let failure: string | undefined;
let draw: ((query: URLSearchParams) => Drawing) | undefined;
let charts: Charts = createCharts();
let reading = new AbortController();
/** what the control line was made for */
let controlFor = '';

const query = (): URLSearchParams => new URLSearchParams(location.search);
/** The last day of ranges: that of Gold; dead letters and runs are there up to now. */
const today = (): Day | undefined =>
  (path === '/operations' ? watch.runs()?.day : watch.runs()?.gold_day) ?? undefined;

/** When Gold was made anew, or never read, reads the page's rows; Operations shows the runs themselves too. */
async function onRuns(answer: Answer<Runs>, before: Runs | undefined): Promise<void> {
  if (answer.kind === 'failed') fail(answer.message);
  else {
    const { gold_as_of: asOf, runs: list } = answer.value;
    const newer =
      before?.gold_as_of !== asOf ||
      (path === '/operations' && JSON.stringify(before?.runs) !== JSON.stringify(list));
    if (newer || draw === undefined || failure !== undefined) await read();
  }
  showClock();
}

async function read(): Promise<void> {
  const day = today();
  const runs = watch.runs();
  if (runs === undefined) return;
  if (day === undefined) {
    showEmpty();
    return;
  }
  reading.abort();
  reading = new AbortController();
  const { signal } = reading;
  const range = rangeOf(query(), day);
  const days = daysOf(range);
  const open = days.includes(day) ? day : undefined;
  const answer = await load({ range, days, today: day, open, runs, query: query(), signal });
  if (signal.aborted) return;
  if (answer.kind === 'failed') return fail(answer.message);
  failure = undefined;
  draw = answer.value;
  paint();
}

function paint(): void {
  const now = today();
  const runs = watch.runs();
  if (draw === undefined || runs === undefined || now === undefined) return;
  const range = rangeOf(query(), now);
  const start = performance.now();
  const restore = keepFocus();
  const drawing = draw(query());
  charts.destroy();
  charts = createCharts();
  const { choices = [], extra } = drawing;
  const controlNow = JSON.stringify([range, now, runs.report, choices]);
  // half a date that somebody types is not taken away by a cycle that ended
  if (controlNow !== controlFor) {
    controlFor = controlNow;
    const places = { range, today: now, runs, choices, extra };
    byId('control').replaceChildren(
      controlLine({ ...places, onDays: chooseDays, onRange: chooseRange, onChoice: choose }),
    );
  }
  byId('figures').replaceChildren(figureStrip(drawing.figures));
  byId('cards').replaceChildren(...drawing.cards);
  drawing.charts?.(charts);
  charts.show();
  restore();
  // what a profile and the benchmark read
  performance.measure('draw', { start });
  setHidden('waiting', true);
  setHidden('notice', true);
  document.body.classList.remove('stale');
  document.body.dataset.drawn = `${range.from} ${range.to} ${runs.gold_as_of ?? ''}`;
}

/** What is there stays, as old; what never was there says why. */
function fail(message: string): void {
  failure = message;
  const old = draw !== undefined;
  document.body.classList.toggle('stale', old);
  setHidden('notice', false);
  setTextOf('notice-word', old ? 'Old numbers' : 'Not read');
  setTextOf('notice-text', old ? `${message} Everything below is as it was read before.` : message);
  if (!old) setHidden('waiting', true);
  showClock();
}

function showEmpty(): void {
  failure = undefined;
  setHidden('notice', true);
  setHidden('waiting', false);
  setTextOf('waiting-heading', 'No complete cycle yet.');
  byId('waiting-text').replaceChildren(
    'Gold is made from the stored events, by a running pipeline every few minutes, or now: run ',
    element('code', {}, 'npm run etl -- --once'),
    '.',
  );
}

function showClock(): void {
  const shown = goldClock(watch.runs(), failure, watch.serverNow());
  setTextOf('state-word', shown.word);
  setTextOf('state-detail', shown.detail);
  setAttribute(byId('state-dot'), 'data-tone', shown.tone);
  const told = byId('announcer');
  if (told.dataset.word !== shown.word) {
    told.dataset.word = shown.word;
    setText(told, shown.word === 'Gold' ? '' : `${shown.word}. ${shown.detail}`);
  }
}

function remember(change: (query: URLSearchParams) => void): void {
  const address = new URL(location.href);
  change(address.searchParams);
  history.replaceState(null, '', address);
  showTabs();
}

function chooseRange(range: DayRange): void {
  const now = today() ?? range.to;
  remember((query) => writeRange(query, range, now));
  void read();
}

const chooseDays = (days: number): void => {
  const now = today();
  if (now !== undefined) chooseRange(lastDays(days, now));
};

function choose(name: string, value: string): void {
  remember((query) => query.set(name, value));
  paint();
}

/** The range before, or after as far as there are days. */
function move(by: 1 | -1): void {
  const now = today();
  if (now === undefined) return;
  const { from, to } = rangeOf(query(), now);
  const days = countDays(from, to) * by;
  const end = earlier(addDays(to, days), now);
  chooseRange({ from: addDays(end, 1 - Math.abs(days)), to: end });
}

/** The other pages are opened for the same days. */
function showTabs(): void {
  const now = query();
  const kept = new URLSearchParams();
  for (const name of ['days', 'from', 'to', 'currency']) {
    const value = now.get(name);
    if (value !== null) kept.set(name, value);
  }
  for (const link of document.querySelectorAll<HTMLAnchorElement>('.tabs a')) {
    const { pathname } = new URL(link.href);
    if (pathname === path) link.setAttribute('aria-current', 'page');
    if (pathname !== '/') link.href = kept.size === 0 ? pathname : `${pathname}?${kept}`;
  }
}

const watch = watchRuns({ limit: 50, onAnswer: onRuns });
document.title = `${title} · Kada Mandiya`;
setTextOf('page-heading', title);
showTabs();
const theme = startTheme(() => charts.redraw());
const definitionBubble = startDefinitions();
const dialogs = startDialogs(Object.values(derivedFigures), historyKeyList);
startHistoryKeys((command) => {
  switch (command.kind) {
    case 'days':
      return chooseDays(presets[command.index] ?? 14);
    case 'move':
      return move(command.by);
    case 'search':
      return document.querySelector<HTMLInputElement>('input[type="search"]')?.focus();
    case 'theme':
      return theme.next();
    case 'keys':
      return dialogs.openKeys();
    case 'close':
      return definitionBubble.close();
  }
});
byId('try-now').addEventListener('click', () => void watch.look());
byId('control').addEventListener('input', (event) => {
  if (event.target instanceof HTMLInputElement && event.target.type === 'search')
    choose('q', event.target.value);
});
addEventListener('popstate', () => void read());
startPrinting(paint);
setInterval(() => {
  if (!document.hidden) showClock();
}, 1_000);
void watch.look();
