import 'uplot/dist/uPlot.min.css';
import './page.css';
import type { ServerMessage } from '../frames.ts';
import { createChoices } from './choices.ts';
import { connect } from './connection.ts';
import { byId, setTextOf } from './dom.ts';
import { showEmpty, startCopyButtons } from './empty-view.ts';
import { clock, zone } from './format.ts';
import { shortDuration, showFunnel } from './funnel-view.ts';
import { showNewest, showOperations, showRates } from './operations-view.ts';
import { applyFrame, type LiveState } from './state.ts';
import { isOld, showStatus } from './status-view.ts';
import { startTheme } from './theme.ts';
import { createTrend } from './trend-view.ts';

let state: LiveState | undefined;
/** the server's clock when it was last heard; the viewer's may be wrong */
let serverHeard = 0;
let due = false;

function onMessage(message: ServerMessage): void {
  serverHeard = message.now;
  if (message.kind === 'pong') return;
  const applied = applyFrame(state, message);
  if (applied.kind === 'gap') connection.askSnapshot();
  else state = applied.state;
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
  paintClocks();
  if (state === undefined) return;
  choices.showFunnels(state.funnels);
  showEmpty(state);
  const funnel = state.funnels.find((one) => one.name === choices.funnel());
  if (funnel !== undefined) {
    setTextOf('time-to-convert', `${shortDuration(funnel.windowSeconds)} to convert`);
    showFunnel(state, funnel, choices.window());
    trend.show(funnel, choices.window(), state.now);
  }
  const { bots, seeds } = state.botsAndSeedsIncluded;
  setTextOf('included', includedText(bots, seeds));
  showOperations(state, choices.window());
  setTextOf('zone', zone(state.now));
  setTextOf(
    'since',
    `Duplicates, late, dead letters and bots are counted since ${clock(state.countersSince)}.`,
  );
}

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
  showStatus(state, link);
  if (state === undefined) return;
  showNewest(state, serverNow());
  // rates that nobody confirms any more stay as they were
  showRates(state, choices.window(), isOld(link) ? serverHeard : serverNow());
}

const choices = createChoices(paintSoon);
const trend = createTrend();
const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
const connection = connect(`${scheme}//${location.host}/ws`, onMessage);
startCopyButtons();
startTheme(trend.redraw);
byId('try-now').addEventListener('click', connection.tryNow);
setInterval(() => {
  if (!document.hidden) paintClocks();
}, 1_000);
paintSoon();
