/**
 * Durations counted in bins that grow by a factor, so that any quantile is off by less than 5 % (funnel.md 9).
 * Bin 0 holds durations under 1 ms.
 */
const share = 0.04;
const growth = Math.log((1 + share) / (1 - share));
/** a bin's middle, as a factor of its upper edge, that is off by `share` at both edges */
const middle = 1 - share;

export const binOf = (ms: number): number => (ms < 1 ? 0 : 1 + Math.ceil(Math.log(ms) / growth - 1e-9));

const middleOf = (bin: number): number => (bin === 0 ? 0 : Math.exp((bin - 1) * growth) * middle);

export const binsFor = (longestMs: number): number => binOf(longestMs) + 1;

/**
 * Quantile by linear interpolation at p·(n−1), in ms; null when nothing was counted.
 * Both neighbours are off by under 5 %, and so is what lies between them.
 */
export function quantile(bins: ArrayLike<number>, p: number): number | null {
  let total = 0;
  for (let bin = 0; bin < bins.length; bin += 1) total += bins[bin] as number;
  if (total === 0) return null;
  const position = p * (total - 1);
  const lower = Math.floor(position);
  const low = valueAt(bins, lower);
  return low + (position - lower) * (valueAt(bins, Math.min(lower + 1, total - 1)) - low);
}

function valueAt(bins: ArrayLike<number>, rank: number): number {
  let passed = 0;
  for (let bin = 0; bin < bins.length; bin += 1) {
    passed += bins[bin] as number;
    if (passed > rank) return middleOf(bin);
  }
  return 0;
}
