import type { Message, Origin } from '../delivery.ts';
import { knownType } from '../event-types.ts';
import { plainText } from '../fields.ts';
import { lastTypeKeys, typeKeys } from '../keys.ts';
import { find, sectionsOf } from '../sections.ts';
import { isObject } from '../shape.ts';

/** `ui.<type>` of an event with a good outcome: the path's type, else the one that normalisation read. */
export function routingKeyOf(message: Message, origin: Origin): string {
  if (origin.road === 'track' && origin.typedRoute !== undefined) return `ui.${origin.typedRoute}`;
  const raw = message.kind === 'parsed' ? rawTypeOf(message.value) : undefined;
  const known = raw === undefined ? undefined : knownType(raw);
  // only a web type can have come through /track
  return known?.kind === 'web' ? `ui.${known.type}` : 'ui';
}

function rawTypeOf(value: unknown): string | undefined {
  if (!isObject(value)) return undefined;
  if (typeof value.event_type === 'string' && knownType(value.event_type) !== undefined)
    return value.event_type;
  const sections = sectionsOf(value);
  const given = find(sections.envelope, typeKeys) ?? find([sections.body], lastTypeKeys);
  return plainText(given) ?? undefined;
}
