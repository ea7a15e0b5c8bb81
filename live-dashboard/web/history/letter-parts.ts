import type { Letter } from './api.ts';

export interface LetterIssue {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

/** The issues that a letter's detail names; none where it is no JSON or names none. */
export function issuesOf({ detail }: Pick<Letter, 'detail'>): readonly LetterIssue[] {
  const parsed = parse(detail);
  if (typeof parsed !== 'object' || parsed === null || !('issues' in parsed)) return [];
  return Array.isArray(parsed.issues) ? parsed.issues.filter(isIssue) : [];
}

const isIssue = (value: unknown): value is LetterIssue =>
  typeof value === 'object' &&
  value !== null &&
  'path' in value &&
  'message' in value &&
  typeof value.path === 'string' &&
  typeof value.message === 'string';

/** One line about what is wrong. */
export function detailText(letter: Pick<Letter, 'detail'>): string {
  const [first, ...more] = issuesOf(letter);
  if (first === undefined) return letter.detail === '{}' ? '' : letter.detail;
  const text = first.path === '' ? first.message : `${first.path}: ${first.message}`;
  return more.length === 0 ? text : `${text}, and ${more.length} more`;
}

/** The context's facts that have a value, by their names. */
export function contextFacts({ context }: Pick<Letter, 'context'>): readonly (readonly [string, string])[] {
  const parsed = parse(context ?? '');
  if (typeof parsed !== 'object' || parsed === null) return [];
  return Object.entries(parsed).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
}

export interface PayloadLine {
  readonly text: string;
  /** an issue names this field, or one that is written almost so */
  readonly faulty: boolean;
}

/** The payload in lines: indented where it is JSON, as it came where it is not. */
export function payloadLines(payload: string, issues: readonly LetterIssue[]): readonly PayloadLine[] {
  const parsed = parse(payload);
  if (typeof parsed !== 'object' || parsed === null)
    return payload.split('\n').map((text) => ({ text, faulty: false }));
  const names = new Set(issues.map(({ path }) => plain(path.split('.').at(-1) ?? '')));
  return JSON.stringify(parsed, null, 2)
    .split('\n')
    .map((text) => {
      const name = /^\s*"((?:[^"\\]|\\.)*)":/.exec(text)?.[1];
      return { text, faulty: name !== undefined && names.has(plain(name)) };
    });
}

/** `sessionid` and `session_id` are meant alike. */
const plain = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
