/** What /metrics says, to be asked by name. */
export interface MetricValues {
  /** Sum over all series of that name whose labels include these; 0 when there is none. */
  value(name: string, labels?: Readonly<Record<string, string>>): number;
  readonly names: ReadonlySet<string>;
}

const series = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)/;
const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g;

/** Prometheus' text format, as far as the pipeline writes it. */
export function parseMetrics(text: string): MetricValues {
  const found: { name: string; labels: Map<string, string>; value: number }[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('#')) continue;
    const match = series.exec(line);
    if (match === null) continue;
    const [, name = '', labelText = '', value = ''] = match;
    const labels = new Map<string, string>();
    for (const [, key = '', text = ''] of labelText.matchAll(label)) labels.set(key, text);
    found.push({ name, labels, value: Number(value) });
  }
  return {
    names: new Set(found.map(({ name }) => name)),
    value(name, labels = {}) {
      let sum = 0;
      for (const one of found) {
        if (one.name !== name) continue;
        if (Object.entries(labels).every(([key, text]) => one.labels.get(key) === text)) sum += one.value;
      }
      return sum;
    },
  };
}
