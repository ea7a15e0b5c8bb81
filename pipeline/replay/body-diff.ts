/** Lines of either side that are compared; what is longer is told by its length. */
const mostLines = 1_000;

const pretty = (text: string): string => {
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2);
  } catch {
    // What was no JSON is shown as it is.
    return text;
  }
};

/** Lengths of the longest common subsequences of the lines' tails. */
function commonTails(a: readonly string[], b: readonly string[]): Uint16Array[] {
  const table = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i -= 1) {
    const row = table[i];
    const below = table[i + 1];
    if (row === undefined || below === undefined) continue;
    for (let j = b.length - 1; j >= 0; j -= 1)
      row[j] = a[i] === b[j] ? (below[j + 1] ?? 0) + 1 : Math.max(below[j] ?? 0, row[j + 1] ?? 0);
  }
  return table;
}

/** What a transform changes, line by line of both bodies as indented JSON: `- ` goes, `+ ` comes, `  ` stays. */
export function bodyDiff(before: string, after: string): readonly string[] {
  const a = pretty(before).split('\n');
  const b = pretty(after).split('\n');
  if (a.length > mostLines || b.length > mostLines)
    return [`(${a.length} lines become ${b.length}: too many to compare)`];
  const tails = commonTails(a, b);
  const lines: string[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push(`  ${a[i]}`);
      i += 1;
      j += 1;
    } else if (i < a.length && (j >= b.length || (tails[i + 1]?.[j] ?? 0) >= (tails[i]?.[j + 1] ?? 0))) {
      lines.push(`- ${a[i]}`);
      i += 1;
    } else {
      lines.push(`+ ${b[j]}`);
      j += 1;
    }
  }
  return lines;
}
