import 'uplot/dist/uPlot.min.css';
import './page.css';
import { type EntryWindow, entryWindows, type ServerMessage } from '../frames.ts';
import { createChoices } from './choices.ts';
import { connect } from './connection.ts';
import { deadLetterTable } from './dead-letter-table.ts';
import { startDefinitions, startDialogs } from './definitions-view.ts';
import { byId, setAttribute, setHidden, setTextOf } from './dom.ts';
import { showEmpty, startCopyButtons } from './empty-view.ts';
import { createEntryPointer } from './entry-pointer.ts';
import { entryTimes } from './entry-times.ts';
import { clock } from './format.ts';
import { createFunnelTrends } from './funnel-trends.ts';
import { markFallen, shortDuration, showFunnel } from './funnel-view.ts';
import { goldLine } from './history/gold-clock.ts';
import { startKeyboard } from './keyboard.ts';
import { type DataNotice, dataNotice } from './notices.ts';
import { redrawRates, showNewest, showOperations, showRates } from './operations-view.ts';
import { applyFrame, type LiveState } from './state.ts';
import { isOld, isWaiting } from './status.ts';
import { announce, showDataNotice, showStatus } from './status-view.ts';
import { markPicked, moveStep, startPicking } from './step-focus.ts';
import { createChartTable } from './table-view.ts';
import { startTheme } from './theme.ts';
import { createTrendChoice } from './trend-choice.ts';
import { trendTable } from './trend-table.ts';
import { createTrend } from './trend-view.ts';
import { watchRuns } from './watch-runs.ts';

let state: LiveState | undefined;
/** the numbers on the page: those of before while a server that came back rebuilds its own */
let shown: LiveState | undefined;
let notice: DataNotice | undefined;
/** the server's clock when it was last heard; the viewer's may be wrong */
let serverHeard = 0;
let due = false;
let wasOld = false;
let asksRuns = false;

function onMessage(message: ServerMessage): void {
  serverHeard = message.now;
  // A quiet shop sends no frames, and its time goes on all the same.
  if (message.kind === 'pong') {
    paintSoon();
    return;
  }
  const applied = applyFrame(state, message);
  if (applied.kind === 'gap') connection.askSnapshot();
  else {
    state = applied.state;
    if (!isWaiting(state) || shown === undefined || isWaiting(shown)) shown = state;
    // the store answers from here on
    if (goldRuns.runs() === undefined && !asksRuns && !isWaiting(state)) {
      asksRuns = true;
      void goldRuns.look();
    }
  }
  paintSoon();
}

/** One paint an animation frame; none in a hidden tab. */
function paintSoon(): void {
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    paint();
  });
}

const serverNow = (): number => serverHeard + (Date.now() - (connection.lastHeard() ?? Date.now()));

function paint(): void {
  if (shown !== undefined) paintNumbers(shown);
  paintClocks();
}

function paintNumbers(numbers: LiveState): void {
  choices.showFunnels(numbers.funnels);
  showEmpty(numbers);
  const funnel = numbers.funnels.find((one) => one.name === choices.funnel());
  const window = choices.window();
  const now = numbers === state ? Math.max(numbers.now, serverHeard) : numbers.now;
  notice = undefined;
  if (funnel !== undefined) {
    const picked = choices.trend();
    setTextOf('time-to-convert', `${shortDuration(funnel.windowSeconds)} to convert`);
    showFunnel(numbers, funnel, window);
    const times = entryTimes(funnel, window, now);
    trends.show(funnel, window, times, numbers.deadLetterMinutes);
    showTrendChoice(funnel, picked);
    trend.show(funnel, window, picked, times);
    trendAsTable.show(() => trendTable(funnel, picked, times));
    notice = dataNotice(numbers, funnel, window, now);
    markFallen(notice?.fallen);
    markPicked(picked);
  }
  deadLettersAsTable.show(() => deadLetterTable(numbers.deadLetterMinutes, windowStart(now, window)));
  const { bots, seeds } = numbers.botsAndSeedsIncluded;
  setTextOf('included', includedText(bots, seeds));
  showOperations(numbers, window);
  setTextOf(
    'since',
    `Natural duplicates are counted since ${clock(numbers.countersSince)}: they leave no row.`,
  );
}

/** Windows begin at a whole minute. */
const windowStart = (now: number, window: EntryWindow): number =>
  Math.floor((now - entryWindows[window] * 60_000) / 60_000) * 60_000;

function includedText(bots: boolean, seeds: boolean): string {
  if (!bots && !seeds) return 'without bots and seed data';
  if (bots && seeds) return 'with bots and seed data';
  return bots ? 'with bots, without seed data' : 'without bots, with seed data';
}

/** What grows old without a frame. */
function paintClocks(): void {
  const link = {
    now: Date.now(),
    lastHeard: connection.lastHeard(),
    nextTry: connection.nextTry(),
    serverHeard,
  };
  wasOld = isOld(link);
  showStatus(state, shown, link);
  showDataNotice(notice);
  showGold();
  announce(notice);
  if (shown === undefined) return;
  showNewest(shown, serverNow());
  // rates that nobody confirms any more stay as they were
  showRates(shown, choices.window(), shown !== state ? shown.now : wasOld ? serverHeard : serverNow());
}

/** How old Gold is and how its last run went, from where the history pages have it. */
function showGold(): void {
  const line = goldLine(goldRuns.runs(), goldRuns.failure(), goldRuns.serverNow());
  setHidden('gold', line === undefined);
  if (line === undefined) return;
  setTextOf('gold', line.text);
  setAttribute(byId('gold'), 'data-tone', line.tone);
}

const hasNumbers = (): boolean => !document.hidden && !wasOld && state !== undefined && !isWaiting(state);
const goldRuns = watchRuns({ limit: 10, onAnswer: paintSoon, wanted: hasNumbers });
const choices = createChoices(paintSoon);
const pointer = createEntryPointer();
const trends = createFunnelTrends(pointer);
const showTrendChoice = createTrendChoice(choices.chooseTrend);
const trend = createTrend(pointer);
const trendAsTable = createChartTable('trend-table', 'Conversion by entry time');
const deadLettersAsTable = createChartTable('dead-letter-table', 'Dead letters', 'dead-letter-link');
const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
const connection = connect(`${scheme}//${location.host}/ws`, onMessage);
startCopyButtons();
const theme = startTheme(() => {
  trends.redraw();
  trend.redraw();
  redrawRates();
});
const definitionBubble = startDefinitions();
const dialogs = startDialogs();
startPicking(choices.chooseTrend);
startKeyboard((command) => {
  switch (command.kind) {
    case 'next-funnel':
      return choices.nextFunnel();
    case 'window':
      return choices.chooseWindow(command.index);
    case 'step':
      return moveStep(command.by);
    case 'point':
      return trends.step(command.by);
    case 'theme':
      return theme.next();
    case 'keys':
      return dialogs.openKeys();
    case 'close':
      pointer.point(null);
      return definitionBubble.close();
  }
});
byId('try-now').addEventListener('click', connection.tryNow);
setInterval(() => {
  if (!document.hidden) paintClocks();
}, 1_000);
// the page says that its numbers are old when they become so, not at the next tick of its clock
setInterval(() => {
  const link = { now: Date.now(), lastHeard: connection.lastHeard(), nextTry: undefined, serverHeard };
  if (!document.hidden && isOld(link) !== wasOld) paintClocks();
}, 100);
paintSoon();
