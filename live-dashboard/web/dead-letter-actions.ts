import { element, setText } from './dom.ts';
import { type LetterOutcome, outcomeOf, textAt } from './letter-outcome.ts';

/** A letter that is chosen on the page. */
export interface ChosenLetter {
  readonly id: string;
}

export interface DeadLetterActionsOptions {
  readonly container: HTMLElement;
  readonly selected: () => readonly ChosenLetter[];
  readonly onOutcome: (outcomes: readonly LetterOutcome[]) => void;
  /** asks a person; null: they thought better of it. Default: the browser's prompt. */
  readonly ask?: (question: string) => string | null;
  readonly send?: typeof fetch;
}

export interface DeadLetterActionsView {
  /** after the selection has changed */
  update(): void;
}

const mostLetters = 500;

/** Kept as long as the page is open, and nowhere else. */
let key: string | undefined;

/**
 * Dry run, Replay n and Discard… of the chosen letters. The admin key is asked for once a session; a wrong one is asked
 * for again.
 */
export function createDeadLetterActions(options: DeadLetterActionsOptions): DeadLetterActionsView {
  const { container, selected, onOutcome } = options;
  const ask = options.ask ?? ((question) => window.prompt(question));
  const send = options.send ?? ((input, init) => fetch(input, init));
  const dryRun = element('button', { type: 'button', 'data-action': 'dry-run' }, 'Dry run');
  const replay = element('button', { type: 'button', 'data-action': 'replay' }, 'Replay');
  const discard = element('button', { type: 'button', 'data-action': 'discard' }, 'Discard…');
  const told = element('p', { role: 'status', 'data-value': 'actions' });
  replay.classList.add('pri');
  container.append(discard, dryRun, replay, told);
  let busy = false;

  function update(): void {
    const count = Math.min(selected().length, mostLetters);
    setText(replay, count === 0 ? 'Replay' : `Replay ${count}`);
    for (const button of [discard, dryRun, replay]) button.disabled = busy || count === 0;
  }

  /** undefined: nothing was done, and the status says why */
  async function post(path: string, body: unknown): Promise<unknown> {
    key ??= ask('Admin key (ADMIN_API_KEY)') ?? undefined;
    if (key === undefined) {
      setText(told, 'Nothing was done: the admin key is needed.');
      return undefined;
    }
    const response = await send(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-admin-key': key },
      body: JSON.stringify(body),
    });
    const answer: unknown = await response.json();
    if (response.ok) return answer;
    if (response.status === 401) key = undefined;
    const error: unknown =
      typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'error') : undefined;
    setText(told, textAt(error, 'message') ?? `The server answered ${response.status}.`);
    return undefined;
  }

  async function run(act: (ids: readonly string[]) => Promise<readonly LetterOutcome[]>): Promise<void> {
    const ids = selected()
      .slice(0, mostLetters)
      .map(({ id }) => id);
    if (busy || ids.length === 0) return;
    busy = true;
    update();
    setText(told, 'Working…');
    try {
      const outcomes = await act(ids);
      if (outcomes.length > 0) {
        setText(told, `${outcomes.length} ${outcomes.length === 1 ? 'letter' : 'letters'}: see each row.`);
        onOutcome(outcomes);
      }
    } catch {
      setText(told, 'The answer did not come: some may be done already. To try again is safe.');
    } finally {
      busy = false;
      update();
    }
  }

  const listAt = (answer: unknown, name: string): readonly unknown[] => {
    const list: unknown =
      typeof answer === 'object' && answer !== null ? Reflect.get(answer, name) : undefined;
    return Array.isArray(list) ? list : [];
  };
  const replayed = (dry: boolean) => async (ids: readonly string[]) => {
    const answer = await post('/api/dead-letters/replay', { ids, dry_run: dry });
    return listAt(answer, 'results').flatMap((result) => outcomeOf(result, dry) ?? []);
  };

  async function discarded(ids: readonly string[]): Promise<readonly LetterOutcome[]> {
    const why = (ask('Why are they given up? The reason stays with each letter.') ?? '').trim();
    if (why === '') {
      setText(told, 'Nothing was discarded: a reason is needed.');
      return [];
    }
    const answer = await post('/api/dead-letters/discard', { ids, why });
    if (answer === undefined) return [];
    const now = new Set(listAt(answer, 'discarded'));
    return ids.map((id) => ({ id, text: now.has(id) ? 'discarded' : 'already resolved', resolved: true }));
  }

  dryRun.addEventListener('click', () => void run(replayed(true)));
  replay.addEventListener('click', () => void run(replayed(false)));
  discard.addEventListener('click', () => void run(discarded));
  update();
  return { update };
}
