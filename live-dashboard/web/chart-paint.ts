import type uPlot from 'uplot';
import { colour, faint } from './colours.ts';

/*
 * Marks that uPlot does not draw itself, in pixels of the canvas. The context comes with the dash of the line drawn
 * before: each of them sets its own.
 */

/** From `from` (ms since 1970) on: a tint, thin strokes and a line at the left edge. What is in it will rise. */
export function paintOpenZone(plot: uPlot, from: number | undefined): void {
  if (from === undefined) return;
  const { ctx, bbox } = plot;
  const right = bbox.left + bbox.width;
  const left = Math.min(right, Math.max(bbox.left, Math.round(plot.valToPos(from / 1000, 'x', true))));
  const bottom = bbox.top + bbox.height;
  const dpr = devicePixelRatio;
  ctx.save();
  ctx.setLineDash([]);
  ctx.beginPath();
  ctx.rect(left, bbox.top, right - left, bbox.height);
  ctx.clip();
  ctx.fillStyle = faint('--text-3', 0.05);
  ctx.fillRect(left, bbox.top, right - left, bbox.height);
  ctx.strokeStyle = faint('--text-3', 0.2);
  ctx.lineWidth = dpr;
  ctx.beginPath();
  for (let x = left - bbox.height; x < right; x += 6 * dpr) {
    ctx.moveTo(x, bottom);
    ctx.lineTo(x + bbox.height, bbox.top);
  }
  ctx.stroke();
  ctx.fillStyle = faint('--text-3', 0.55);
  ctx.fillRect(left, bbox.top, dpr, bbox.height);
  ctx.restore();
}

/** The settled average, dotted, across the plot. */
export function paintAverage(plot: uPlot, rate: number | null): void {
  if (rate === null) return;
  const { ctx, bbox } = plot;
  const dpr = devicePixelRatio;
  const y = Math.round(plot.valToPos(rate, 'y', true)) + 0.5;
  ctx.save();
  ctx.strokeStyle = faint('--text-3', 0.7);
  ctx.setLineDash([dpr, 3 * dpr]);
  ctx.lineWidth = dpr;
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}

export function paintBaseline({ ctx, bbox }: uPlot): void {
  ctx.save();
  ctx.fillStyle = colour('--line-2');
  ctx.fillRect(bbox.left, bbox.top + bbox.height - devicePixelRatio, bbox.width, devicePixelRatio);
  ctx.restore();
}

/** A bar from `from` until before `to`, ms since 1970; one that has only begun is still to be seen. */
export function paintBar(plot: uPlot, bar: { from: number; to: number; value: number }, fill: string): void {
  const { ctx, bbox } = plot;
  if (bar.value <= 0) return;
  const right = bbox.left + bbox.width;
  const end = Math.min(right, plot.valToPos(bar.to / 1000, 'x', true));
  const start = Math.max(bbox.left, plot.valToPos(bar.from / 1000, 'x', true));
  const width = Math.max(1.5 * devicePixelRatio, (end - start) * 0.74);
  const left = Math.min(start, right - width);
  const bottom = bbox.top + bbox.height;
  // a single one among thousands is still to be seen
  const top = Math.min(plot.valToPos(bar.value, 'y', true), bottom - 2 * devicePixelRatio);
  ctx.save();
  ctx.fillStyle = fill;
  ctx.fillRect(left, top, width, bottom - top);
  ctx.restore();
}

/** A point without neighbours, which no line would show. */
export function paintLonePoint(plot: uPlot, x: number, value: number, radius: number, fill: string): void {
  const { ctx } = plot;
  ctx.save();
  ctx.fillStyle = fill;
  ctx.beginPath();
  ctx.arc(plot.valToPos(x, 'x', true), plot.valToPos(value, 'y', true), radius * devicePixelRatio, 0, 7);
  ctx.fill();
  ctx.restore();
}

/** The mark of a point that a late or replayed event changed; whole, also at the edges of the plot. */
export function paintRevised(plot: uPlot, at: number, value: number, half: number): void {
  const { ctx, bbox } = plot;
  const size = half * devicePixelRatio;
  const inside = (low: number, to: number, length: number): number =>
    Math.max(low + size, Math.min(low + length - size, to));
  const x = inside(bbox.left, plot.valToPos(at, 'x', true), bbox.width);
  const y = inside(bbox.top, plot.valToPos(value, 'y', true), bbox.height);
  ctx.save();
  ctx.setLineDash([]);
  ctx.beginPath();
  ctx.moveTo(x, y - size);
  ctx.lineTo(x + size, y);
  ctx.lineTo(x, y + size);
  ctx.lineTo(x - size, y);
  ctx.closePath();
  ctx.fillStyle = colour('--surface');
  ctx.fill();
  ctx.strokeStyle = colour('--rev');
  ctx.lineWidth = 1.8 * devicePixelRatio;
  ctx.stroke();
  ctx.restore();
}
