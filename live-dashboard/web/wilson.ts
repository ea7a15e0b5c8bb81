/** 97.5% quantile of the normal distribution */
const Z = 1.96;

/** Wilson's interval at 95% of `part` in `whole`; null when there is nothing. */
export function wilson(part: number, whole: number): readonly [number, number] | null {
  if (whole <= 0) return null;
  const p = part / whole;
  const scale = 1 + (Z * Z) / whole;
  const middle = (p + (Z * Z) / (2 * whole)) / scale;
  const half = (Z * Math.sqrt((p * (1 - p)) / whole + (Z * Z) / (4 * whole * whole))) / scale;
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}
