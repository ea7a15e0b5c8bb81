/** A histogram with one label, for one observation an event: a scan over a few numbers, no hashing. */
export interface LabelledHistogram<Label extends string> {
  observe(label: Label, value: number): void;
  /** Prometheus' text format */
  text(): string;
}

export function createLabelledHistogram<Label extends string>(options: {
  readonly name: string;
  readonly help: string;
  readonly labelName: string;
  readonly labels: readonly Label[];
  /** upper bounds, ascending */
  readonly bounds: readonly number[];
}): LabelledHistogram<Label> {
  const { name, help, labelName, bounds } = options;
  const lines = new Map(
    options.labels.map((label) => [label, { buckets: new Float64Array(bounds.length + 1), sum: 0 }]),
  );

  function textOf(label: string, line: { buckets: Float64Array; sum: number }): string {
    let below = 0;
    const rows = [...bounds.map(String), '+Inf'].map((bound, index) => {
      below += line.buckets[index] ?? 0;
      return `${name}_bucket{le="${bound}",${labelName}="${label}"} ${below}`;
    });
    rows.push(`${name}_sum{${labelName}="${label}"} ${line.sum}`);
    rows.push(`${name}_count{${labelName}="${label}"} ${below}`);
    return rows.join('\n');
  }

  return {
    observe(label, value) {
      const line = lines.get(label);
      if (line === undefined) return;
      let bucket = 0;
      while (bucket < bounds.length && value > (bounds[bucket] ?? 0)) bucket++;
      line.buckets[bucket] = (line.buckets[bucket] ?? 0) + 1;
      line.sum += value;
    },
    text: () =>
      [
        `# HELP ${name} ${help}`,
        `# TYPE ${name} histogram`,
        ...[...lines].map(([label, line]) => textOf(label, line)),
      ].join('\n'),
  };
}
