/** The value at `index` (from 0) if the values were sorted; puts them in another order. Linear on average. */
export function nthSmallest(values: Float64Array, index: number): number {
  let from = 0;
  let to = values.length - 1;
  while (from < to) {
    // The middle one of three: values that are sorted already are then no bad case.
    const pivot = middleOf(values[from] as number, values[(from + to) >> 1] as number, values[to] as number);
    let low = from;
    let high = to;
    while (low <= high) {
      while ((values[low] as number) < pivot) low += 1;
      while ((values[high] as number) > pivot) high -= 1;
      if (low > high) break;
      const value = values[low] as number;
      values[low] = values[high] as number;
      values[high] = value;
      low += 1;
      high -= 1;
    }
    if (index <= high) to = high;
    else if (index >= low) from = low;
    else break;
  }
  return values[index] as number;
}

const middleOf = (a: number, b: number, c: number): number =>
  Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
