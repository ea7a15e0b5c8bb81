import 'uplot/dist/uPlot.min.css';
import '../page.css';
import './history.css';
import { derivedFigures } from '../../derived-figures.ts';
import { type HistoryPage, historyPages } from '../../history-pages.ts';
import { startDefinitions, startDialogs } from '../definitions-view.ts';
import { byId, element, setAttribute, setHidden, setText, setTextOf } from '../dom.ts';
import { startTheme } from '../theme.ts';
import { getJson, type Runs } from './api.ts';
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

/** How often the runs are asked for, ms; sooner when a cycle is due. */
const LOOK_EVERY = 15_000;

let runs: Runs | undefined;
/** the server's clock less the viewer's, ms */
let clockOffset = 0;
let failure: string | undefined;
let draw: ((query: URLSearchParams) => Drawing) | undefined;
let charts: Charts = createCharts();
let reading = new AbortController();
let nextLook: ReturnType<typeof setTimeout> | undefined;

const query = (): URLSearchParams => new URLSearchParams(location.search);
/** The last day of ranges: that of Gold; dead letters and runs are there up to now. */
const today = (): Day | undefined => (path === '/operations' ? runs?.day : runs?.gold_day) ?? undefined;
const serverNow = (): number => Date.now() + clockOffset;

/** Asks for the runs; when Gold was made anew, or never read, reads the page's rows. */
async function look(): Promise<void> {
  clearTimeout(nextLook);
  const answer = await getJson<Runs>('/api/runs');
  if (answer.kind === 'failed') fail(answer.message);
  else {
    const before = runs;
    runs = answer.value;
    clockOffset = Date.parse(runs.now) - Date.now();
    const newer = before?.gold_as_of !== runs.gold_as_of || before?.runs[0]?.status !== runs.runs[0]?.status;
    if (newer || draw === undefined || failure !== undefined) await read();
  }
  showClock();
  const due =
    runs?.next_at === null || runs === undefined ? Infinity : Date.parse(runs.next_at) - serverNow();
  nextLook = setTimeout(look, Math.max(1_000, Math.min(LOOK_EVERY, due + 500)));
}

async function read(): Promise<void> {
  const day = today();
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
  if (draw === undefined || runs === undefined || now === undefined) return;
  const range = rangeOf(query(), now);
  const start = performance.now();
  const restore = keepFocus();
  const drawing = draw(query());
  charts.destroy();
  charts = createCharts();
  byId('control').replaceChildren(
    controlLine({
      range,
      today: now,
      runs,
      choices: drawing.choices ?? [],
      extra: drawing.extra,
      onDays: chooseDays,
      onRange: chooseRange,
      onChoice: choose,
    }),
  );
  byId('figures').replaceChildren(figureStrip(drawing.figures));
  byId('cards').replaceChildren(...drawing.cards);
  drawing.charts?.(charts);
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
  const shown = goldClock(runs, failure, serverNow());
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
byId('try-now').addEventListener('click', () => void look());
byId('control').addEventListener('input', (event) => {
  if (event.target instanceof HTMLInputElement && event.target.type === 'search')
    choose('q', event.target.value);
});
addEventListener('popstate', () => void read());
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void look();
});
setInterval(() => {
  if (!document.hidden) showClock();
}, 1_000);
void look();
