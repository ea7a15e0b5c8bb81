export interface Promised {
  readonly eventId: string;
  readonly outcome: 'stored' | 'duplicate' | 'published';
}

export interface AnswerToLoad {
  /** `202`, `503 overloaded` … */
  readonly what: string;
  /** the events that this answer acknowledges */
  readonly promised: readonly Promised[];
}

/** What an answer of /track promises, by its own words. */
export function promisesOf(status: number, text: string): AnswerToLoad {
  const body = recordOf(parse(text));
  if (status !== 202) {
    const code = recordOf(body?.error)?.code;
    return { what: typeof code === 'string' ? `${status} ${code}` : String(status), promised: [] };
  }
  const results: readonly unknown[] = Array.isArray(body?.results) ? body.results : [body];
  return { what: '202', promised: results.flatMap(promisedBy) };
}

function promisedBy(result: unknown): readonly Promised[] {
  const { event_id: eventId, status } = recordOf(result) ?? {};
  const outcome = outcomes.find((one) => one === status);
  return typeof eventId === 'string' && outcome !== undefined ? [{ eventId, outcome }] : [];
}

const outcomes = ['stored', 'duplicate', 'published'] as const;

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const recordOf = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
