import { botName } from '../../ingest/bots.ts';
import { isObject } from '../../ingest/shape.ts';

/** What a robot calls itself, by the `meta` of its row; undefined: it has no name, or another program wrote the row. */
export function botOfMeta(text: string): string | undefined {
  const meta = parsed(text);
  return isObject(meta) && typeof meta.user_agent === 'string' ? botName(meta.user_agent) : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
