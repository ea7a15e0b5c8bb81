import uPlot from 'uplot';

/** What is drawn: seconds since 1970 and a top, read by the chart's scales. */
export interface RateScale {
  readonly from: number;
  readonly to: number;
  readonly top: number;
}

export interface RateChart {
  /** Draws only when something is other than it was; tells whether it did. */
  show(data: uPlot.AlignedData, scale: RateScale): boolean;
  /** For a change of theme: the same paths in other colours. */
  redraw(): void;
  destroy(): void;
}

/** A chart of the last 15 minutes as wide as its place. */
export function createRateChart(
  place: HTMLElement,
  height: number,
  options: Omit<uPlot.Options, 'width' | 'height' | 'scales' | 'legend'>,
): RateChart {
  let scale: RateScale = { from: 0, to: 1, top: 1 };
  let drawn = '';
  const empty = options.series.map((): number[] => []);
  const plot = new uPlot(
    {
      ...options,
      width: Math.max(1, place.clientWidth),
      height,
      legend: { show: false },
      scales: { x: { range: () => [scale.from, scale.to] }, y: { range: () => [0, scale.top] } },
    },
    [empty[0] ?? [], ...empty.slice(1)],
    place,
  );
  const watch = new ResizeObserver(() => {
    if (place.clientWidth > 0 && place.clientWidth !== plot.width)
      plot.setSize({ width: place.clientWidth, height });
  });
  watch.observe(place);

  return {
    show(data, next) {
      const key = JSON.stringify([next, data]);
      if (key === drawn) return false;
      drawn = key;
      scale = next;
      plot.setData(data);
      return true;
    },
    redraw: () => plot.redraw(false),
    destroy() {
      watch.disconnect();
      plot.destroy();
    },
  };
}
