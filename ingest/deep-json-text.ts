type Step = { readonly text: string } | { readonly value: unknown };

/** JSON.stringify by a loop: slow, and without a limit of depth. */
const byLoop = (value: unknown): string => {
  const out: string[] = [];
  const steps: Step[] = [{ value }];
  for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
    if ('text' in step) {
      out.push(step.text);
      continue;
    }
    const node = step.value;
    if (typeof node !== 'object' || node === null) {
      out.push(JSON.stringify(node) ?? 'null');
      continue;
    }
    const list = Array.isArray(node);
    const parts: Step[] = [{ text: list ? '[' : '{' }];
    for (const [key, inner] of Object.entries(node)) {
      if (parts.length > 1) parts.push({ text: ',' });
      if (!list) parts.push({ text: `${JSON.stringify(key)}:` });
      parts.push({ value: inner });
    }
    parts.push({ text: list ? ']' : '}' });
    for (let index = parts.length - 1; index >= 0; index -= 1) steps.push(parts[index] ?? { text: '' });
  }
  return out.join('');
};

/** JSON text of any parsed value; one too deep for JSON.stringify (a RangeError) is written all the same. */
export const deepJsonText = (value: unknown): string => {
  try {
    return JSON.stringify(value) ?? 'null';
  } catch {
    return byLoop(value);
  }
};
