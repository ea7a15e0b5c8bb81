/** What became of one letter, in words for its row. */
export interface LetterOutcome {
  readonly id: string;
  readonly text: string;
  /** it is pending no more: the list may be read anew */
  readonly resolved: boolean;
}

/** A text of an answer whose shape nobody has checked. */
export const textAt = (value: unknown, key: string): string | undefined => {
  if (typeof value !== 'object' || value === null || !(key in value)) return undefined;
  const found: unknown = Reflect.get(value, key);
  return typeof found === 'string' ? found : undefined;
};

/** @param dry the words of what would be */
export function outcomeOf(result: unknown, dry: boolean): LetterOutcome | undefined {
  const id = textAt(result, 'id');
  const outcome = textAt(result, 'outcome');
  if (id === undefined || outcome === undefined) return undefined;
  const would = dry ? 'would be ' : '';
  switch (outcome) {
    case 'stored':
    case 'duplicate':
      return { id, text: `${would}${outcome}`, resolved: !dry };
    case 'dead_lettered':
      return { id, text: `${would}still dead: ${textAt(result, 'reason') ?? 'unknown'}`, resolved: false };
    case 'resolved':
      return { id, text: `already ${textAt(result, 'status') ?? 'resolved'}`, resolved: true };
    case 'unavailable':
      return { id, text: `not now: ${textAt(result, 'reason') ?? 'try again'}`, resolved: false };
    default:
      return { id, text: 'gone', resolved: true };
  }
}
